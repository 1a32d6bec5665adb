"""Which topics were seen, and what on each? Bounded in topics and bytes, and it says what had no room."""

from collections.abc import Mapping
from typing import Any

import msgspec

from uns.policy.learn.profile import Profile
from uns.sparkplug.topic import is_sparkplug

_TOPIC_BYTES = 2500
"""A profile with the gaps that it keeps."""


class LearnLimits(msgspec.Struct, frozen=True):
    """payload_bytes: a larger payload is not looked at."""

    topics: int = 20_000
    total_bytes: int = 128 * 1024 * 1024
    payload_bytes: int = 16_384


class Learner:
    """Takes observations in the order of their time, topic by topic or mixed."""

    def __init__(self, limits: LearnLimits | None = None) -> None:
        self._limits = limits or LearnLimits()
        self._profiles: dict[str, Profile] = {}
        self._held_bytes = 0
        self.messages = 0
        self._no_room = self._too_large = self._truncated = 0

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """By topic."""
        return self._profiles

    @property
    def left_out(self) -> dict[str, int]:
        """What had no room, by kind; kinds that did not occur are not there."""
        counts = {
            "messages_on_topics_without_room": self._no_room,
            "payloads_too_large": self._too_large,
            "messages_without_room_for_words": self._truncated,
        }
        return {name: count for name, count in counts.items() if count}

    def observe(self, topic: str, payload: bytes, time_ms: int | None) -> None:
        """One message as it was published. An empty payload clears a topic and says nothing.

        time_ms: UTC; None when it is not known, or was seen before.
        """
        if not payload:
            return
        if len(payload) > self._limits.payload_bytes:
            self.messages += 1
            self._too_large += 1
            return
        profile = self._profile(topic)
        if profile is not None:
            before = profile.room.used_bytes
            profile.see(payload, time_ms)
            self._held_bytes += profile.room.used_bytes - before

    def observe_value(self, topic: str, value: Any, time_ms: int, *, bare: bool) -> None:
        """One recorded value, of a topic whose payloads are bare scalars or value-quality-timestamp objects."""
        profile = self._profile(topic)
        if profile is not None:
            before = profile.room.used_bytes
            profile.see_value(value, time_ms, bare=bare)
            self._held_bytes += profile.room.used_bytes - before

    def _profile(self, topic: str) -> Profile | None:
        if topic.startswith("$") or is_sparkplug(topic):
            return None
        self.messages += 1
        full = self._held_bytes >= self._limits.total_bytes
        profile = self._profiles.get(topic)
        if profile is None:
            if full or len(self._profiles) >= self._limits.topics:
                self._no_room += 1
                return None
            profile = self._profiles[topic] = Profile()
            self._held_bytes += _TOPIC_BYTES + len(topic)
        if full:
            self._truncated += 1
        profile.room.grows = not full
        return profile

"""What does a topic say right now? Its last payload as value, quality and time, and whether that is too old."""

from typing import Any

import msgspec

from uns.broker import Current
from uns.clock import Clock
from uns.policy.freshness import LATE_PROPERTY, is_own_word
from uns.samples import Quality, aged, decode_sample, format_timestamp, outdated, parse_timestamp

MAX_TEXT_BYTES = 65_536


class LiveValue(msgspec.Struct, frozen=True):
    """value, quality, timestamp_ms: of the sample; quality None when the payload is no sample.

    stale: its attribute's max_age has passed since the platform last heard the value (`uns.samples.outdated`).
    """

    value: Any
    quality: Quality | None
    timestamp_ms: int | None
    stale: bool = False

    @property
    def timestamp(self) -> str | None:
        return None if self.timestamp_ms is None else format_timestamp(self.timestamp_ms)


NEVER_SEEN = LiveValue(None, Quality.GOOD_NO_DATA, None)


def has_value(current: Current | None) -> bool:
    """Has the topic taken a message that was not cleared since? A topic that only ever refused has not."""
    return current is not None and bool(current.payload) and current.received_ms > 0


def heard_ms(current: Current, max_age_ms: int | None) -> int:
    """When the source of a value was last heard (UTC): the platform's own word that it is late does not count."""
    if not _is_told_late(current):
        return current.received_ms
    properties = (current.retained.properties if current.retained else None) or {}
    stated = dict(properties.get("user_property", ())).get(LATE_PROPERTY, "")
    try:
        return parse_timestamp(stated)
    except ValueError:  # of what is not retained nothing is stated, and a client's word may have outlived a restart
        return current.received_ms - (max_age_ms or 0)


def is_late(current: Current, max_age_ms: int | None, now_ms: int) -> bool:
    """Has a value not been heard for longer than its attribute lets it?"""
    if max_age_ms is None:
        return False
    return _is_told_late(current) or outdated(current.received_ms, max_age_ms, now_ms)


def _is_told_late(current: Current) -> bool:
    by = current.publisher
    return by is not None and is_own_word(by.client_id, by.role)


def live_value(current: Current | None, max_age_ms: int | None, clock: Clock) -> LiveValue:
    """The value of a topic now. Not heard for `max_age_ms` (None: never) Good turns Uncertain: never silently old."""
    if current is None or not has_value(current):
        return NEVER_SEEN
    sample = decode_sample(current.payload, current.received_ms)
    if sample is None:
        return LiveValue(None, None, current.received_ms)
    now_ms = clock.wall_ms()
    quality = aged(sample.quality, current.received_ms, max_age_ms, now_ms)
    return LiveValue(sample.value, quality, sample.timestamp_ms, is_late(current, max_age_ms, now_ms))


def payload_text(payload: bytes, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """A payload as text for people, cut at `max_bytes`; what is no UTF-8 shows as the replacement character."""
    return payload[:max_bytes].decode(errors="replace")


def payload_document(payload: bytes) -> Any:
    """A payload as the JSON value it holds, else as text."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return payload_text(payload)

"""A link, a clock, samples and a full disk for the tests of history."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from uns.link import Acknowledge, Message, Properties, Receive, Will
from uns.samples import Quality, Sample
from uns.topics import matches

START_MS = 1_763_900_000_000  # 2025-11-23T12:13:20Z


def sample(value: Any, at_ms: int, quality: Quality = Quality.GOOD) -> Sample:
    return Sample(value, quality, START_MS + at_ms)


class StillClock:
    """Time stands at START_MS until a test moves it."""

    grain_ms = 0

    def __init__(self) -> None:
        self.now_ms = START_MS

    def wall_ms(self) -> int:
        return self.now_ms

    def monotonic_ms(self) -> int:
        return self.now_ms - START_MS


class LocalLink:
    """The whole of a link within one test: it delivers to its own subscriptions, and keeps retained messages."""

    client_id = "historian"

    def __init__(self, clock: StillClock) -> None:
        self._clock = clock
        self._subscriptions: dict[str, Receive] = {}
        self._retained: dict[str, Message] = {}
        self.is_open = False

    def open(self, will: Will | None = None) -> None:
        self.is_open = True

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        message = Message(topic, payload, qos, retain, properties, "plc", self._clock.wall_ms())
        if retain:
            self._retained[topic] = message
        for topic_filter, receive in self._subscriptions.items():
            if matches(topic_filter, topic):
                receive(message)
        if acknowledge is not None:
            acknowledge(None)

    def subscribe(self, topic_filter: str, receive: Callable[[Message], None]) -> None:
        if not self.is_open:
            raise RuntimeError("the link is not open")
        self._subscriptions[topic_filter] = receive
        for topic, message in self._retained.items():
            if matches(topic_filter, topic):
                receive(message)

    def unsubscribe(self, topic_filter: str) -> None:
        self._subscriptions.pop(topic_filter, None)

    def close(self, *, send_will: bool = False) -> None:
        self.is_open = False
        self._subscriptions.clear()


@contextmanager
def full_disk(room_bytes: int) -> Iterator[None]:
    """No file of this process may grow beyond `room_bytes`: what a write meets on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

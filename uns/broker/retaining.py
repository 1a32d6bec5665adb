"""What is current and retained on each topic, and until when?"""

from collections.abc import Callable, Iterable, Iterator

from uns.broker.identity import Publisher
from uns.broker.kept import Retained
from uns.broker.ledger import Ledger
from uns.broker.passing import LARGE_BYTES, Passing
from uns.broker.quota import message_bytes
from uns.broker.route import Current
from uns.broker.stats import Stats
from uns.clock import Clock
from uns.link import Message, Properties
from uns.topics import TopicTrie

SEARCH_STEP = 256


class Retaining:
    """Part of the door, which alone may change anything here. topics: every topic that took a message."""

    def __init__(self, clock: Clock, stats: Stats, ledger: Ledger, passing: Passing) -> None:
        self.topics: TopicTrie[Current] = TopicTrie()
        self.on_expiring: Callable[[str, int | None], None] | None = None
        """Told of each retained message that will expire, at which monotonic time, and when it no longer will."""
        self._clock = clock
        self._stats = stats
        self._ledger = ledger
        self._passing = passing

    def expires_ms(self, properties: Properties | None) -> int | None:
        """The monotonic time at which a message that comes now expires, or None."""
        if properties is None or "message_expiry_interval" not in properties:
            return None
        interval_s: int = properties["message_expiry_interval"]
        return self._clock.monotonic_ms() + interval_s * 1000

    def retain(self, current: Current, message: Message, expires_ms: int | None) -> None:
        """Keep the last retained message; an empty payload clears it (MQTT-3.3.1-5, -6)."""
        if message.payload:
            self._keep(current, message, expires_ms)
            self._passing.discard(message.topic)
            self._ledger.retained(message.topic, current, acknowledged=message.qos > 0)
        else:
            self.clear(message.topic, current, acknowledged=message.qos > 0)

    def clear(self, topic: str, current: Current, *, acknowledged: bool) -> None:
        """Retain nothing any more; the value stays the last one."""
        self._passing.add(topic)
        if current.retained is not None:
            self._keep(current, None, None)
            if len(current.payload) > LARGE_BYTES:
                self._passing.weigh(current, current.payload)  # it expired, and stays the last value
            self._ledger.retained(topic, current, acknowledged=acknowledged)

    def restore(self, retained: Iterable[Retained]) -> None:
        """Take up the retained messages of the last run; nobody is subscribed yet."""
        publishers: dict[str, Publisher] = {}
        for row in retained:
            message = row.message
            publisher = publishers.get(message.publisher)
            if publisher is None:
                publisher = publishers[message.publisher] = Publisher(message.publisher, "", "", "")
            expires_ms = None if row.expires_ms is None else row.expires_ms - self._ledger.shift_ms
            current = Current(message.payload, message.received_ms, publisher)
            self._keep(current, message, expires_ms)
            self.topics.set(message.topic, current)
        self._stats.topics = len(self.topics)

    def _keep(self, current: Current, message: Message | None, expires_ms: int | None) -> None:
        """Put a retained message, or none, in the place of another."""
        before, stats = current.retained, self._stats
        if (expires_ms is not None or current.expires_ms is not None) and self.on_expiring is not None:
            about = message or before
            assert about is not None
            self.on_expiring(about.topic, expires_ms)
        current.retained, current.expires_ms = message, expires_ms
        if message is not None and before is not None and message.properties is None and before.properties is None:
            stats.retained_bytes += len(message.payload) - len(before.payload)  # nothing else is another one
            return
        stats.retained += (message is not None) - (before is not None)
        if message is not None:
            stats.retained_bytes += message_bytes(message)
        if before is not None:
            stats.retained_bytes -= message_bytes(before)

    def search(self, topic_filter: str) -> Iterator[tuple[Message, int | None] | None]:
        """(message, monotonic expiry or None) of each retained message a filter matches.

        Also None now and then while it finds nothing: a filter may nearly match a million topics, and the others must
        have their turn.
        """
        now_ms = self._clock.monotonic_ms()
        for step, found in enumerate(self.topics.search(topic_filter, pause_every=SEARCH_STEP)):
            if found is None or step % SEARCH_STEP == SEARCH_STEP - 1:
                yield None
            if found is None:
                continue
            topic, current = found
            self._expire(topic, current, now_ms)
            if current.retained is not None:
                yield current.retained, current.expires_ms

    def expire(self, topic: str, now_ms: int) -> int | None:
        """Clear the retained message of a topic if its monotonic time has come; else when that will be, or None."""
        current = self.topics.get(topic)
        if current is None or self._expire(topic, current, now_ms):
            return None
        return current.expires_ms

    def _expire(self, topic: str, current: Current, now_ms: int) -> bool:
        if current.expires_ms is None or current.expires_ms > now_ms:
            return False
        self.clear(topic, current, acknowledged=False)
        self._stats.expired += 1
        return True

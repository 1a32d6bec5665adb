"""How does everybody hear that a value is too old, at the moment it becomes so?

The value is published again on its topic, as it was but Uncertain, with the time at which it became late: subscribers,
history and pages see it, and the next value that comes is simply the new one. See docs/decisions/0012.
"""

import logging

from uns.app.counted import counted
from uns.broker import Broker
from uns.clock import Clock
from uns.link import Message
from uns.policy import INTERNAL, Namespace
from uns.policy.freshness import CLIENT_ID, LATE_PROPERTY, WATCHED, Freshness, is_own_word
from uns.samples import Quality, Sample, decode_sample, encode_sample, format_timestamp

TICK_S = 0.25

log = logging.getLogger(__name__)


class FreshnessWatch:
    """`tick` is called every `TICK_S`. announced: how many values were told to be late, since the start."""

    def __init__(self, broker: Broker, clock: Clock, namespace: Namespace) -> None:
        self.announced = 0
        self._broker = broker
        self._clock = clock
        self._freshness = Freshness(namespace, clock.wall_ms())

    def follow(self, namespace: Namespace) -> None:
        """Another plant has taken over."""
        self._freshness.follow(namespace, self._clock.wall_ms())

    def tick(self) -> None:
        unwatched = self._freshness.unwatched
        self._freshness.find(self._clock.wall_ms(), self._broker.topics.names, self._heard_ms)
        if self._freshness.unwatched and not unwatched:
            log.warning(
                "patterns of namespace.yaml admit more values with a max_age than the %s that are watched; %s are not "
                "told when they are late, and show so in the API only",
                f"{WATCHED:,}",
                counted(self._freshness.unwatched, "value"),
            )
        for topic, late_ms in list(self._freshness.late(self._clock.wall_ms(), self._heard_ms)):
            self._announce(topic, late_ms)

    def _heard_ms(self, topic: str) -> int | None:
        current = self._broker.current(topic)
        if current is None or not current.payload:
            return None
        by = current.publisher
        if by is not None and is_own_word(by.client_id, by.role):
            return None  # it was told already
        return current.received_ms

    def _announce(self, topic: str, late_ms: int) -> None:
        current = self._broker.current(topic)
        if current is None:
            return
        sample = decode_sample(current.payload, current.received_ms)
        if sample is None or sample.quality is not Quality.GOOD:
            return  # a document has no quality, and what is not Good says already that it cannot be relied on
        retain = current.retained is not None
        payload = encode_sample(Sample(sample.value, Quality.UNCERTAIN, max(late_ms, sample.timestamp_ms)))
        if not self._broker.check(topic, payload, INTERNAL).delivered:
            return  # the contract has changed since: the value is none that anybody may rely on
        properties = {"user_property": [(LATE_PROPERTY, format_timestamp(current.received_ms))]}
        message = Message(topic, payload, 1 if retain else 0, retain, properties, CLIENT_ID)
        if self._broker.publish(message, INTERNAL).delivered:
            self.announced += 1

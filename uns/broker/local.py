"""A client in the broker's own process: the same door and the same fan-out as a network client, without packets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from uns.broker.identity import Publisher
from uns.link import Properties, Receive, Will
from uns.policy.verdict import Verdict

if TYPE_CHECKING:
    from uns.broker.broker import Broker


class LocalClient:
    """Made by `Broker.local`. Its messages are judged with its role like everybody's."""

    def __init__(self, broker: "Broker", publisher: Publisher) -> None:
        self.publisher = publisher
        self.subscriptions: set[str] = set()
        self._broker = broker
        self._door = broker.door
        self._clock = broker.clock
        self._stats = broker.stats
        self._will: Will | None = None

    def open(self, will: Will | None) -> None:
        self._will = will

    def publish(
        self, topic: str, payload: bytes, qos: int, retain: bool, properties: Properties | None = None
    ) -> Verdict:
        self._door.now_ms = self._clock.wall_ms()
        self._stats.messages_in += 1
        return self._door.offer(self.publisher, topic, payload, qos, retain, properties)

    def publish_values(self, values: Sequence[tuple[str, bytes]]) -> None:
        """Each (topic, payload) as by `publish`, retained, at QoS 0."""
        self._door.now_ms = self._clock.wall_ms()
        offer, publisher = self._door.offer, self.publisher
        for topic, payload in values:
            self._stats.messages_in += 1
            offer(publisher, topic, payload, 0, True, None)

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        """Deliver what matches from now on; retained messages at once."""
        self.subscriptions.add(topic_filter)
        self._broker.subscribe_local(self, topic_filter, receive)

    def unsubscribe(self, topic_filter: str) -> None:
        if topic_filter in self.subscriptions:
            self.subscriptions.remove(topic_filter)
            self._broker.unsubscribe_local(self, topic_filter)

    def close(self, send_will: bool) -> None:
        for topic_filter in list(self.subscriptions):
            self.unsubscribe(topic_filter)
        self._broker.forget_local(self)
        will, self._will = self._will, None
        if send_will and will is not None:
            self.publish(will.topic, will.payload, will.qos, will.retain, will.properties)

    def __repr__(self) -> str:
        return f"LocalClient({self.publisher.client_id!r})"

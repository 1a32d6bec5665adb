"""A broker of a few lines, and links to it: real topic matching, retained values, wills; delivery in publish order."""

from collections import deque
from collections.abc import Sequence

from uns.clock import Clock
from uns.link import Acknowledge, Message, Properties, Receive, Will
from uns.topics import matches


class MemoryBroker:
    """Delivers within `publish`, but never inside another delivery: like a broker's turn, messages queue up.

    published: every message taken, oldest first. retained: by topic.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.published: list[Message] = []
        self.retained: dict[str, Message] = {}
        self.links: list[MemoryLink] = []
        self._clock = clock
        self._queue: deque[Message] = deque()
        self._delivering = False

    def link(self, client_id: str) -> "MemoryLink":
        return MemoryLink(self, client_id)

    def take(self, message: Message) -> None:
        message.received_ms = self._clock.wall_ms() if self._clock else 0
        self.published.append(message)
        self._queue.append(message)
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._queue:
                self._deliver(self._queue.popleft())
        finally:
            self._delivering = False

    def _deliver(self, message: Message) -> None:
        if message.retain and message.payload:
            self.retained[message.topic] = message
        elif message.retain:
            self.retained.pop(message.topic, None)
        for link in list(self.links):
            link.offer(message)

    def on(self, prefix: str) -> list[Message]:
        """The published messages whose topic starts so."""
        return [message for message in self.published if message.topic.startswith(prefix)]


class MemoryLink:
    """Implements `uns.link.Link`. `lose` drops the connection, so that the will is published."""

    def __init__(self, broker: MemoryBroker, client_id: str) -> None:
        self.client_id = client_id
        self._broker = broker
        self._subscriptions: dict[str, Receive] = {}
        self._will: Will | None = None
        self._open = False

    def open(self, will: Will | None = None) -> None:
        self._open = True
        self._will = will
        if self not in self._broker.links:
            self._broker.links.append(self)

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
        if not self._open:
            raise RuntimeError(f"link '{self.client_id}' is not open")
        self._broker.take(Message(topic, payload, qos, retain, properties, self.client_id))
        if acknowledge is not None:
            acknowledge(None)

    def publish_values(self, values: Sequence[tuple[str, bytes]]) -> None:
        for topic, payload in values:
            self.publish(topic, payload, retain=True)

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        self._subscriptions[topic_filter] = receive
        for topic, message in list(self._broker.retained.items()):
            if matches(topic_filter, topic):
                receive(message)

    def unsubscribe(self, topic_filter: str) -> None:
        self._subscriptions.pop(topic_filter, None)

    def close(self, *, send_will: bool = False) -> None:
        if not self._open:
            return
        self._open = False
        self._subscriptions.clear()
        self._broker.links.remove(self)
        will, self._will = self._will, None
        if will is not None and send_will:
            self._broker.take(Message(will.topic, will.payload, will.qos, will.retain, will.properties, self.client_id))

    def lose(self) -> None:
        """The connection breaks off without a DISCONNECT."""
        self.close(send_will=True)

    def offer(self, message: Message) -> None:
        """Deliver a live message: the retain flag is off (MQTT-3.3.1-12)."""
        live = Message(
            message.topic,
            message.payload,
            message.qos,
            False,
            message.properties,
            message.publisher,
            message.received_ms,
        )
        for topic_filter, receive in list(self._subscriptions.items()):
            if matches(topic_filter, message.topic):
                receive(live)

"""The in-process link: a part of the platform as a client of the embedded broker."""

from collections.abc import Sequence

import msgspec

from uns.broker import Broker, LocalClient
from uns.link import Acknowledge, Message, Properties, Receive, Will


class _Delivery:
    """The broker hands on the publisher's retain flag; a client sees it on what was stored before it subscribed."""

    __slots__ = ("_receive", "live")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.live = False

    def __call__(self, message: Message) -> None:
        if message.retain and self.live:
            message = msgspec.structs.replace(message, retain=False)
        self._receive(message)


class BrokerLink:
    """`uns.link.Link` on a `Broker` in the same process; acknowledgements come before `publish` returns."""

    def __init__(self, broker: Broker, client_id: str, role: str = "internal") -> None:
        self.client_id = client_id
        self._broker = broker
        self._role = role
        self._client: LocalClient | None = None

    def open(self, will: Will | None = None) -> None:
        if self._client is not None:
            self._client.close(send_will=False)
        self._client = self._broker.local(self.client_id, self._role)
        self._client.open(will)

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
        verdict = self._opened().publish(topic, payload, qos, retain, properties)
        if acknowledge is not None:
            acknowledge(None if verdict.delivered else verdict.finding)

    def publish_values(self, values: Sequence[tuple[str, bytes]]) -> None:
        self._opened().publish_values(values)

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        delivery = _Delivery(receive)
        self._opened().subscribe(topic_filter, delivery)
        delivery.live = True

    def unsubscribe(self, topic_filter: str) -> None:
        self._opened().unsubscribe(topic_filter)

    def close(self, *, send_will: bool = False) -> None:
        if self._client is not None:
            self._client.close(send_will)
            self._client = None

    def _opened(self) -> LocalClient:
        if self._client is None:
            raise RuntimeError(f"link '{self.client_id}' is not open")
        return self._client

"""The in-process link: a part of the platform as a client of the embedded broker."""

from uns.broker import Broker, LocalClient
from uns.link import Acknowledge, Properties, Receive, Will


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

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        self._opened().subscribe(topic_filter, receive)

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

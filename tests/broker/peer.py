"""An MQTT client in memory: packets in and out of one broker connection, no socket and no clock but the fake one."""

from typing import Any

from uns.broker import Broker, State
from uns.link import Properties
from uns.mqtt import (
    Connack,
    Connect,
    ConnectWill,
    Decoder,
    Publish,
    Side,
    Suback,
    Subscribe,
    Subscription,
    encode,
)


class Peer:
    """version: 4 or 5. `take` returns every packet that came since the last call."""

    def __init__(self, broker: Broker, version: int = 5, address: str = "192.0.2.1:40000") -> None:
        self.version = version
        self.broker = broker
        self.connection = broker.accept(address)
        self.backlog: list[Any] = []
        """What came in the same turn as the last CONNACK or SUBACK, behind it."""
        self._decoder = Decoder(Side.CLIENT, version=version)

    def send(self, *packets: Any) -> None:
        self.connection.receive(b"".join(encode(packet, self.version) for packet in packets))

    def take(self) -> list[Any]:
        packets = self._decoder.receive(self.connection.take())
        assert self._decoder.failure is None, self._decoder.failure
        return packets

    def take_one(self) -> Any:
        packets = self.take()
        assert len(packets) == 1, packets
        return packets[0]

    def connect(
        self,
        client_id: str = "peer",
        *,
        clean: bool = True,
        keep_alive: int = 0,
        username: str | None = None,
        will: ConnectWill | None = None,
        properties: Properties | None = None,
    ) -> Connack:
        self.send_connect(client_id, clean, keep_alive, username, will, properties)
        connack, *self.backlog = self.take()
        assert isinstance(connack, Connack)
        return connack

    def send_connect(
        self,
        client_id: str,
        clean: bool = True,
        keep_alive: int = 0,
        username: str | None = None,
        will: ConnectWill | None = None,
        properties: Properties | None = None,
    ) -> None:
        self.send(Connect(client_id, self.version, clean, keep_alive, username, None, will, properties))

    def subscribe(self, *filters: str, qos: int = 0, properties: Properties | None = None, **options: Any) -> Suback:
        """The SUBACK; the retained messages that follow it are the `backlog`."""
        self.send_subscribe(*filters, qos=qos, properties=properties, **options)
        suback, *self.backlog = self.take()
        assert isinstance(suback, Suback)
        return suback

    def send_subscribe(self, *filters: str, qos: int = 0, properties: Properties | None = None, **options: Any) -> None:
        subscriptions = [Subscription(topic_filter, qos, **options) for topic_filter in filters]
        self.send(Subscribe(7, subscriptions, properties))

    def publish(
        self, topic: str, payload: bytes = b"1", qos: int = 0, packet_id: int | None = None, **rest: Any
    ) -> None:
        self.send(Publish(topic, payload, qos, packet_id=packet_id or (qos and 1) or None, **rest))

    def lose(self) -> None:
        """The network breaks."""
        self.connection.lost()

    @property
    def is_closed(self) -> bool:
        return self.connection.state is State.CLOSED

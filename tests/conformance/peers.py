"""What does a client of a play see of the broker?"""

from typing import Any

from tests.conformance.wires import Wire
from uns.mqtt import (
    LARGEST_PACKET_BYTES,
    Connack,
    Connect,
    Decoder,
    Pingreq,
    Pingresp,
    Publish,
    Side,
    encode,
)


class Peer:
    """A client: its wire, and the packets that came and were not told yet.

    Whatever the play, it holds the broker to the Maximum Packet Size and Topic Alias Maximum of its CONNECT
    (MQTT-3.1.2-24, MQTT-3.1.2-26, MQTT-3.3.2-11), and puts topics in the place of aliases.
    """

    def __init__(self, wire: Wire, version: int) -> None:
        self.wire = wire
        self.version = version
        self.accepted = False
        self.gone = False
        self._decoder = Decoder(Side.CLIENT, version=version)
        self._inbox: list[Any] = []
        self._closed = False
        self._alias_maximum = 0
        self._aliases: dict[int, str] = {}

    async def send(self, packet: Any) -> None:
        if isinstance(packet, Connect) and packet.properties:
            self._alias_maximum = packet.properties.get("topic_alias_maximum", 0)
            self._decoder.max_packet_bytes = packet.properties.get("maximum_packet_size") or LARGEST_PACKET_BYTES
        await self.wire.send(encode(packet, self.version))

    async def next(self) -> Any:
        """The next packet, or None when the broker closed the connection, or (in memory) sent nothing."""
        while not self._inbox and not self._closed:
            data = await self.wire.receive()
            self._inbox += self._decoder.receive(data)
            assert self._decoder.failure is None, f"the broker sent what is no MQTT: {self._decoder.failure}"
            if not self.wire.waits:
                break
            self._closed = not data
        packet = self._inbox.pop(0) if self._inbox else None
        if isinstance(packet, Connack):
            self.accepted = packet.reason_code == 0
        if isinstance(packet, Publish) and packet.properties and "topic_alias" in packet.properties:
            alias: int = packet.properties["topic_alias"]
            assert 1 <= alias <= self._alias_maximum, f"topic alias {alias} is not allowed: {packet}"
            packet.topic = self._aliases[alias] = packet.topic or self._aliases[alias]
        return packet

    async def expect_nothing(self) -> None:
        """Over TCP a PINGREQ proves it: what was sent before its answer would have come before it.

        So looking counts as a sign of life: a play about silence looks from another client. Before CONNACK there is no
        PINGREQ, and the broker is asked whether the connection is open.
        """
        if not self.wire.waits:
            packet = await self.next()
            assert packet is None, f"came: {packet}"
            assert not self.wire.closed, "the broker closed the connection"
        elif self.accepted:
            await self.send(Pingreq())
            packet = await self.next()
            assert packet == Pingresp(), f"came: {packet}"
        else:
            assert not self.wire.closed, "the broker closed the connection"

    async def expect_closed(self) -> None:
        packet = await self.next()
        assert packet is None, f"came: {packet}"
        if not self.wire.waits:
            assert self.wire.closed, "the broker did not close the connection"
        await self.hang_up()

    async def hang_up(self) -> None:
        self.gone = True
        await self.wire.close()

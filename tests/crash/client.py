"""Clients that keep their half of the promise: what they have sent and received survives the broker, not them.

Each holds the session state that the standard asks of a client (MQTT 5, 4.1): messages not acknowledged yet, and the
packet ids of QoS 2 messages taken and not released. They speak MQTT 5 through `uns.mqtt` on a plain socket.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from uns.mqtt import (
    Connack,
    Connect,
    Decoder,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Side,
    Suback,
    Subscribe,
    Subscription,
    encode,
)

EXPIRY_S = 86_400
WINDOW = 50


class Client:
    """One session over many connections. `run` connects and works until the connection is lost."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.connections = 0
        self.sessions_lost = 0
        self._writer: asyncio.StreamWriter | None = None

    async def run(self, port: int) -> None:
        try:
            reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        decoder = Decoder(Side.CLIENT, version=5)
        properties = {"session_expiry_interval": EXPIRY_S, "receive_maximum": 1000}
        self.send(Connect(self.client_id, 5, False, 0, None, None, None, properties))
        try:
            while data := await reader.read(65_536):
                for packet in decoder.receive(data):
                    self._take(packet)
                assert decoder.failure is None, decoder.failure
        except OSError:
            pass
        finally:
            self._writer.close()
            self._writer = None

    def lose(self) -> None:
        """Break the connection off."""
        if self._writer is not None:
            self._writer.transport.abort()

    def send(self, packet: Any) -> None:
        if self._writer is not None:
            self._writer.write(encode(packet, 5))

    def _take(self, packet: Any) -> None:
        if isinstance(packet, Connack):
            assert packet.reason_code == 0, packet
            self.sessions_lost += bool(self.connections and not packet.session_present)
            self.connections += 1
            self.opened(packet.session_present)
        else:
            self.take(packet)

    def opened(self, session_present: bool) -> None:
        raise NotImplementedError

    def take(self, packet: Any) -> None:
        raise NotImplementedError


class Publisher(Client):
    """Publishes numbered messages `<client id> <number>` as fast as the window allows, every second one at QoS 2.

    acknowledged: the payloads the broker has taken responsibility for. Every tenth message is retained, on a topic of
    its own: retained is the last one acknowledged of each.
    """

    def __init__(self, client_id: str) -> None:
        super().__init__(client_id)
        self.acknowledged: dict[str, int] = {}
        self.retained: dict[str, int] = {}
        self.is_stopped = False
        self._inflight: dict[int, Publish | Pubrel] = {}
        self._number = 0

    @property
    def is_idle(self) -> bool:
        return not self._inflight

    def opened(self, session_present: bool) -> None:
        for packet in self._inflight.values():
            if isinstance(packet, Publish):
                packet.dup = True
            self.send(packet)
        self._go_on()

    def take(self, packet: Any) -> None:
        if isinstance(packet, Puback | Pubrec):
            assert packet.reason_code == 0, packet
            sent = self._inflight.get(packet.packet_id)
            if isinstance(sent, Publish):
                self.acknowledged[sent.payload.decode()] = sent.qos
                if sent.retain:
                    self.retained[sent.topic] = int(sent.payload.split()[1])
        if isinstance(packet, Pubrec):
            released = self._inflight[packet.packet_id] = Pubrel(packet.packet_id)
            self.send(released)
        elif isinstance(packet, Puback | Pubcomp):
            self._inflight.pop(packet.packet_id, None)
        self._go_on()

    def _go_on(self) -> None:
        while not self.is_stopped and len(self._inflight) < WINDOW:
            self._number += 1
            number = self._number
            packet_id = next(each for each in range(number, number + 65_535) if each % 65_535 + 1 not in self._inflight)
            packet_id = packet_id % 65_535 + 1
            retain = number % 10 == 0
            topic = f"crash/{self.client_id}/retained/{number % 50}" if retain else f"crash/{self.client_id}/live"
            payload = f"{self.client_id} {number}".encode()
            packet = self._inflight[packet_id] = Publish(topic, payload, 1 + number % 2, retain, packet_id=packet_id)
            self.send(packet)


class Subscriber(Client):
    """Counts what it gets: received, by payload, leaving out repetitions that the protocol lets it recognise."""

    def __init__(self, client_id: str, qos: int, on_message: Callable[[], None] = lambda: None) -> None:
        super().__init__(client_id)
        self.received: Counter[str] = Counter()
        self.qos = qos
        self.is_subscribed = asyncio.Event()
        self._on_message = on_message
        self._taken: set[int] = set()

    def opened(self, session_present: bool) -> None:
        if not session_present:
            self._taken.clear()
            self.send(Subscribe(1, [Subscription("crash/#", self.qos, retain_handling=2)], None))

    def take(self, packet: Any) -> None:
        if isinstance(packet, Suback):
            assert packet.reason_codes == [self.qos], packet
            self.is_subscribed.set()
        elif isinstance(packet, Publish) and packet.packet_id is not None:
            if packet.qos == 1 or packet.packet_id not in self._taken:
                self.received[packet.payload.decode()] += 1
            if packet.qos == 2:
                self._taken.add(packet.packet_id)
                self.send(Pubrec(packet.packet_id))
            else:
                self.send(Puback(packet.packet_id))
            self._on_message()
        elif isinstance(packet, Pubrel):
            self._taken.discard(packet.packet_id)
            self.send(Pubcomp(packet.packet_id))

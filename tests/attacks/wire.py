"""A client that may send anything: a blocking socket, and the packets and the end that come back."""

import socket
import time
from typing import Any

from uns.link import Properties
from uns.mqtt import (
    Connack,
    Connect,
    ConnectWill,
    Decoder,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    Pubrec,
    ReasonCode,
    Side,
    Suback,
    Subscribe,
    Subscription,
    encode,
)

TIMEOUT_S = 10.0


class Closed(Exception):
    """The broker closed the connection."""


class Wire:
    """version: what the answers are read as. Use as a context manager, or `close`."""

    def __init__(self, port: int, version: int = 5, *, receive_buffer: int | None = None) -> None:
        self.version = version
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._decoder = Decoder(Side.CLIENT, version=version)
        self._packets: list[Any] = []

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, *packets: Any) -> None:
        self.send_bytes(b"".join(encode(packet, self.version) for packet in packets))

    def send_bytes(self, data: bytes) -> None:
        """Closed when the broker has hung up."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Closed from None

    def next(self) -> Any:
        """The next packet; Closed at the end, TimeoutError when nothing comes."""
        while not self._packets:
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                raise Closed from None
            if not data:
                raise Closed
            self._packets += self._decoder.receive(data)
            assert self._decoder.failure is None, self._decoder.failure
        return self._packets.pop(0)

    def connect(
        self,
        client_id: str = "",
        *,
        clean: bool = True,
        keep_alive: int = 0,
        username: str | None = None,
        will: ConnectWill | None = None,
        properties: Properties | None = None,
    ) -> Connack:
        self.send(Connect(client_id, self.version, clean, keep_alive, username, None, will, properties))
        connack = self.next()
        assert isinstance(connack, Connack), connack
        return connack

    def subscribe(self, *filters: str, qos: int = 0) -> Suback:
        self.send(Subscribe(9, [Subscription(each, qos) for each in filters]))
        suback = self.next()
        assert isinstance(suback, Suback), suback
        return suback

    def ping(self) -> None:
        """Wait until everything sent so far has been handled; what came before the answer is dropped."""
        self.send(Pingreq())
        while not isinstance(self.next(), Pingresp):
            pass

    def fate(self) -> int | None:
        """The reason code that the broker ends this connection with, None when it closes without one."""
        code: int | None = None
        try:
            while True:
                packet = self.next()
                if isinstance(packet, Connack | Disconnect):
                    code = packet.reason_code
        except Closed:
            return code


def opened(port: int, client_id: str = "", version: int = 5, **connect: Any) -> Wire:
    """A client that is connected."""
    wire = Wire(port, version)
    connack = wire.connect(client_id, **connect)
    assert connack.reason_code == 0, connack
    return wire


def serve_fresh_client(port: int) -> float:
    """Connect, subscribe, publish at each QoS to oneself and get it; the seconds that took.

    While memory is short, QoS 1 and 2 are refused: then it tries again, as a client should.
    """
    began = time.perf_counter()
    while not _is_served(port):
        assert time.perf_counter() - began < TIMEOUT_S, "a fresh client is still refused"
        time.sleep(0.05)
    return time.perf_counter() - began


def _is_served(port: int) -> bool:
    topic = f"fresh/{time.monotonic_ns()}"
    with opened(port) as wire:
        wire.subscribe(topic, qos=0)
        wire.send(Publish(topic, b"0"), Publish(topic, b"1", 1, packet_id=1), Publish(topic, b"2", 2, packet_id=2))
        got = []
        while len(got) < 3:
            packet = wire.next()
            if isinstance(packet, Puback | Pubrec) and packet.reason_code == ReasonCode.QUOTA_EXCEEDED:
                return False
            if isinstance(packet, Publish):
                got.append(packet.payload)
        assert got == [b"0", b"1", b"2"]
    return True

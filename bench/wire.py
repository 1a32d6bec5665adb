"""How does the load generator speak MQTT 3.1.1, on raw sockets and at the least cost?"""

import socket
import struct
from collections.abc import Iterable, Iterator

from uns.mqtt import Connect, Disconnect, Pingreq, Subscribe, Subscription, encode

VERSION = 4
TIMEOUT_S = 30.0
RECEIVE_BUFFER_BYTES = 4 << 20
"""So that a subscriber, which shares a core with a publisher, need not be woken for every packet."""
PUBLISH, PUBACK, SUBACK, PINGRESP = 3, 4, 9, 13
FILTERS_PER_SUBSCRIBE = 500


class Refused(ConnectionError):
    """The broker did not grant what every scenario needs: a connection, a subscription, an acknowledgement."""


def connect(port: int, client_id: str, *, clean: bool = True, buffer_bytes: int = 0) -> socket.socket:
    """A socket after its CONNACK. buffer_bytes: of the receive buffer, 0 leaves it to the system."""
    peer = socket.socket()
    if buffer_bytes:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    be_patient(peer, TIMEOUT_S)
    try:
        peer.connect(("127.0.0.1", port))
        peer.sendall(encode(Connect(client_id, VERSION, clean, 0), VERSION))
        connack = exactly(peer, 4)
        if connack[3:] != b"\0":
            raise Refused(f"the broker on port {port} refused '{client_id}': CONNACK {connack.hex()}")
    except BaseException:
        peer.close()
        raise
    return peer


def be_patient(peer: socket.socket, seconds: float) -> None:
    """A blocking socket that raises BlockingIOError when it had to wait so long.

    The kernel watches the time: `settimeout` would cost a second system call for each `send` and `recv`.
    """
    limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
    peer.settimeout(None)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def subscribe(peer: socket.socket, filters: Iterable[str], qos: int) -> None:
    """Subscribe and wait for every SUBACK. Nothing may be on its way to this client yet."""
    wanted = list(filters)
    for first in range(0, len(wanted), FILTERS_PER_SUBSCRIBE):
        some = wanted[first : first + FILTERS_PER_SUBSCRIBE]
        peer.sendall(subscribe_frame(some, qos))
        kind, body = read_frame(peer)
        if kind != SUBACK or body[2:] != bytes((qos,)) * len(some):
            raise Refused(
                f"a SUBSCRIBE of {len(some)} filters with QoS {qos} was answered by {kind}: {body[:20].hex()}"
            )


def subscribe_frame(filters: list[str], qos: int) -> bytes:
    return encode(Subscribe(1, [Subscription(name, qos) for name in filters], None), VERSION)


def leave(peer: socket.socket) -> None:
    """DISCONNECT and wait until the broker has closed, so that it knows the client as gone."""
    peer.sendall(encode(Disconnect(), VERSION))
    while peer.recv(65_536):
        pass
    peer.close()


def wait_for_all(peer: socket.socket) -> None:
    """Return when the broker has handled what was sent: a PINGREQ comes back behind it."""
    peer.sendall(encode(Pingreq(), VERSION))
    while read_frame(peer)[0] != PINGRESP:
        pass


def read_frame(peer: socket.socket) -> tuple[int, bytes]:
    """(packet type, body) of the next packet; slow, for handshakes."""
    first = exactly(peer, 1)[0]
    length = shift = 0
    while True:
        byte = exactly(peer, 1)[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return first >> 4, exactly(peer, length)


def exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = peer.recv(count - len(data))
        if not part:
            raise Refused(f"the broker closed the connection after {len(data)} of {count} bytes")
        data += part
    return data


def frames(data: bytes | bytearray) -> Iterator[tuple[int, int, int]]:
    """(first byte, begin of the body, end) of each packet that is complete."""
    pos, end = 0, len(data)
    while pos + 2 <= end:
        length, body, shift = 0, pos + 1, 0
        while body < end:
            byte = data[body]
            body += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        else:
            return
        if body + length > end:
            return
        yield data[pos], body, body + length
        pos = body + length


class PublishCounter:
    """Counts the PUBLISH packets in a stream of packets of any length."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> int:
        """How many more are complete with this chunk."""
        data = self._held + data
        count = end = 0
        for first, _, stop in frames(data):
            count += first >> 4 == PUBLISH
            end = stop
        self._held = data[end:]
        return count

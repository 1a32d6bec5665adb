"""The QoS 1 load: a publisher with a window, and a subscriber that acknowledges, without parsing a packet.

All frames have one length, so acknowledgements are cut out and put together by slices with a stride.
"""

import socket
import time
from dataclasses import dataclass

from bench.brokers import WINDOW
from bench.payloads import IDS, qos1_stream
from bench.process import Worker
from bench.scenario import Lost
from bench.wire import RECEIVE_BUFFER_BYTES, Refused, be_patient, connect

SILENCE_S = 15.0
POLL_S = 0.2
_MISSING = f"acknowledged messages had not arrived {SILENCE_S:g} s after the last one"
_ACK = 4
_DUP = 0x08


@dataclass(frozen=True)
class Published:
    """acknowledged: messages; from first to last, in perf_counter seconds, which all processes share."""

    acknowledged: int
    first_s: float
    last_s: float


@dataclass(frozen=True)
class Received:
    """messages: without those marked as sent again; repeated: those; last_s: when the last one came."""

    messages: int
    repeated: int
    last_s: float


def publish(port: int, topics: tuple[str, ...], seconds: float) -> Published:
    """Keep `WINDOW` messages unacknowledged for so long, then wait for the last acknowledgement."""
    stream, length = qos1_stream(topics)
    view = memoryview(stream)
    peer = connect(port, "bench-publisher")
    be_patient(peer, SILENCE_S)
    first_s = time.perf_counter()
    deadline = first_s + seconds
    sent = _send(peer, view, length, 0, WINDOW)
    acknowledged, held = 0, b""
    while acknowledged < sent:
        try:
            data = peer.recv(65_536)
        except BlockingIOError:
            raise Lost(f"{sent - acknowledged} of {sent} messages were not acknowledged for {SILENCE_S:g} s") from None
        if not data:
            raise Refused(f"the broker closed the publisher's connection after {acknowledged} acknowledgements")
        data = held + data
        count = len(data) // _ACK
        if data[: count * _ACK : _ACK] != b"\x40" * count:
            raise Refused(f"something else than PUBACK came: {data[:20].hex()}")
        held = data[count * _ACK :]
        acknowledged += count
        if time.perf_counter() < deadline:
            sent = _send(peer, view, length, sent, count)
    peer.close()
    return Published(acknowledged, first_s, time.perf_counter())


def _send(peer: socket.socket, view: memoryview, length: int, sent: int, count: int) -> int:
    """Send the next `count` frames of the pool, which goes round; messages sent in all."""
    at = sent % IDS
    peer.sendall(view[at * length : (at + count) * length])
    if at + count > IDS:
        peer.sendall(view[: (at + count - IDS) * length])
    return sent + count


class Subscriber:
    """A subscriber of one connection that acknowledges each chunk at once. id_at: of the packet id in a frame."""

    def __init__(self, peer: socket.socket, length: int, id_at: int) -> None:
        be_patient(peer, POLL_S)
        self._peer, self._length, self._id_at = peer, length, id_at

    def take(self, publisher: Worker | None, expected: int | None = None) -> Received:
        """Until everything acknowledged to the publisher, or `expected`, has arrived.

        Raises Lost when nothing more comes before that.
        """
        length, id_at, peer = self._length, self._id_at, self._peer
        messages = repeated = 0
        held = b""
        last_s = time.perf_counter()
        while True:
            if expected is None and publisher is not None and publisher.is_done():
                expected = publisher.result(0).acknowledged
            if expected is not None and messages >= expected:
                return Received(messages, repeated, last_s)
            try:
                data = peer.recv(1 << 18)
            except BlockingIOError:
                if time.perf_counter() - last_s > SILENCE_S and expected is not None:
                    raise Lost(f"{expected - messages:,} of {expected:,} {_MISSING}") from None
                continue
            if not data:
                raise Refused(f"the broker closed the subscriber's connection after {messages} messages")
            last_s = time.perf_counter()
            data = held + data
            count = len(data) // length
            whole = count * length
            again = sum(1 for first in data[:whole:length] if first & _DUP)
            messages += count - again
            repeated += again
            held = data[whole:]
            acks = bytearray(b"\x40\x02\0\0" * count)
            acks[2::_ACK] = data[id_at:whole:length]
            acks[3::_ACK] = data[id_at + 1 : whole : length]
            peer.sendall(acks)


def subscriber_socket(port: int, *, clean: bool) -> socket.socket:
    return connect(port, "bench-subscriber", clean=clean, buffer_bytes=RECEIVE_BUFFER_BYTES)

"""The load generator: one publisher and one subscriber process on raw sockets, the same for every broker.

Every frame has the same length, so the subscriber counts bytes, and neither side costs more than the broker it drives.
"""

import multiprocessing
import multiprocessing.synchronize
import socket
import time
from dataclasses import dataclass

from uns.mqtt import Connect, Publish, Subscribe, Subscription, encode

CHUNK_MESSAGES = 1000
PAYLOAD = b'{"value":21.4,"timestamp":"2026-11-22T12:00:00Z"} '
WARM_UP_S = 1.0
RECEIVE_BUFFER_BYTES = 4 << 20
"""So that the subscriber, which shares a core with the publisher, need not be woken for every packet."""


@dataclass(frozen=True)
class Rate:
    """Messages per second the subscriber got, and the share of the messages sent that never reached it."""

    messages_per_s: float
    lost: float


def _connect(port: int, client_id: str) -> socket.socket:
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.connect(("127.0.0.1", port))
    peer.sendall(encode(Connect(client_id, 4, True, 0, None, None, None, None), 4))
    connack = peer.recv(4)
    if connack[3:] != b"\0":
        raise ConnectionError(f"the broker on port {port} refused '{client_id}': CONNACK {connack.hex()}")
    return peer


def _publish(
    port: int, topics: list[str], stop: multiprocessing.synchronize.Event, sent: "multiprocessing.Queue[int]"
) -> None:
    frames = [encode(Publish(topic, PAYLOAD), 4) for topic in topics]
    chunk = b"".join(frames[index % len(frames)] for index in range(CHUNK_MESSAGES))
    peer = _connect(port, "bench-publisher")
    count = 0
    while not stop.is_set():
        peer.sendall(chunk)
        count += CHUNK_MESSAGES
    sent.put(count)
    peer.close()


def bulk_qos0(port: int, topics: list[str], seconds: float) -> Rate:
    """Publish as fast as the broker takes it, for `seconds` after a warm-up; count what arrives."""
    frame_bytes = {len(encode(Publish(topic, PAYLOAD), 4)) for topic in topics}
    if len(frame_bytes) != 1:
        raise ValueError("the topics must have equal lengths")
    length = frame_bytes.pop()
    subscriber = _connect(port, "bench-subscriber")
    subscriber.sendall(encode(Subscribe(1, [Subscription("acme/#", 0)], None), 4))
    if subscriber.recv(5)[4:] != b"\0":
        raise ConnectionError("the subscription was refused")
    stop = multiprocessing.Event()
    sent: multiprocessing.Queue[int] = multiprocessing.Queue()
    publisher = multiprocessing.Process(target=_publish, args=(port, topics, stop, sent))
    publisher.start()
    buffer = bytearray(1 << 20)
    received = 0
    marks: list[tuple[float, int]] = []
    started = time.perf_counter()
    while (now := time.perf_counter()) < started + WARM_UP_S + seconds:
        received += subscriber.recv_into(buffer)
        if now >= started + WARM_UP_S:
            marks.append((now, received))
    stop.set()
    total_sent = _drain(subscriber, buffer, sent)
    received += total_sent[1]
    publisher.join()
    subscriber.close()
    (first_s, first_bytes), (last_s, last_bytes) = marks[0], marks[-1]
    rate = (last_bytes - first_bytes) / length / (last_s - first_s)
    return Rate(rate, max(0.0, 1 - received / length / total_sent[0]))


def _drain(subscriber: socket.socket, buffer: bytearray, sent: "multiprocessing.Queue[int]") -> tuple[int, int]:
    """Take what is still on its way until nothing comes for a second: (messages sent, bytes received)."""
    subscriber.settimeout(1.0)
    received = 0
    try:
        while True:
            received += subscriber.recv_into(buffer)
    except TimeoutError:
        return sent.get(), received

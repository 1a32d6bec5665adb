"""How fast does a new subscriber of `#` get a hundred thousand retained messages?

The clock runs from the SUBSCRIBE until the last one has arrived; what came is read apart only afterwards.
"""

import time
from pathlib import Path

from bench.brokers import Broker
from bench.payloads import payload
from bench.process import cpu_s
from bench.scenario import Effort, Lost, Mark, Scenario, Taken
from bench.wire import (
    PUBLISH,
    RECEIVE_BUFFER_BYTES,
    Refused,
    be_patient,
    connect,
    frames,
    subscribe_frame,
    wait_for_all,
)
from uns.mqtt import Publish, encode

TOPICS = 100_000
PREFIX = b"acme/ghent/_raw/"
PER_SEND = 1000
SILENCE_S = 10.0


def run(broker: Broker, directory: Path, effort: Effort) -> Taken:
    count = effort.count(TOPICS)
    with broker.running(directory, raised_queues=True) as running:
        retain(running.port, count)
        busy_s = cpu_s(running.pid)
        seconds, arrived = take_retained(running.port, count)
        busy = (cpu_s(running.pid) - busy_s) / seconds
    if arrived < count:
        raise Lost(
            f"{count - arrived:,} of {count:,} retained messages had not arrived {SILENCE_S:g} s after the last one"
        )
    return Taken(count / seconds, count, arrived, busy, {"until the last one arrived, s": seconds})


def topic(index: int) -> str:
    return f"acme/ghent/_raw/rack{index // 10_000:04}/value{index:07}"


def retain(port: int, count: int) -> None:
    """Publish so many retained messages at QoS 0, and wait until the broker has handled them all."""
    with connect(port, "bench-publisher") as peer:
        for first in range(0, count, PER_SEND):
            some = range(first, min(first + PER_SEND, count))
            peer.sendall(b"".join(encode(Publish(topic(n), payload(n), retain=True), 4) for n in some))
            wait_for_all(peer)  # also for peers whose store would fall behind


def take_retained(port: int, count: int) -> tuple[float, int]:
    """(seconds until the last one arrived, how many did): subscribe to `#`. Raises Refused when the broker closes."""
    expected_bytes = count * len(encode(Publish(topic(0), payload(0), retain=True), 4))
    with connect(port, "bench-retained", buffer_bytes=RECEIVE_BUFFER_BYTES) as peer:
        be_patient(peer, SILENCE_S)
        chunks: list[tuple[float, bytes]] = []
        received = arrived = 0
        started = time.perf_counter()
        peer.sendall(subscribe_frame(["#"], 0))
        while arrived < count:
            try:
                data = peer.recv(1 << 20)
            except BlockingIOError:
                break
            if not data:
                raise Refused(f"the broker closed the connection after {received:,} bytes of retained messages")
            chunks.append((time.perf_counter(), data))
            received += len(data)
            if received >= expected_bytes:
                last_s, arrived = _read(chunks)
        else:
            return last_s - started, arrived
    last_s, arrived = _read(chunks)
    return last_s - started, arrived


def _read(chunks: list[tuple[float, bytes]]) -> tuple[float, int]:
    """(when the last of our retained messages was complete, how many different ones there are)."""
    data = b"".join(chunk for _, chunk in chunks)
    topics = set()
    last_stop = 0
    for first, body, stop in frames(data):
        if first >> 4 == PUBLISH and first & 1 and data.startswith(PREFIX, body + 2):
            topics.add(data[body + 2 : body + 2 + (data[body] << 8 | data[body + 1])])
            last_stop = stop
    end = 0
    for at, chunk in chunks:
        end += len(chunk)
        if end >= last_stop:
            return at, len(topics)
    return chunks[-1][0] if chunks else time.perf_counter(), 0


SCENARIOS = (
    Scenario(
        "retained",
        "subscribe `#` on 100,000 retained messages",
        "msg/s",
        Mark(1),
        run,
        note="From the SUBSCRIBE until the last message has arrived; queue limits raised.",
        paced=True,
    ),
)

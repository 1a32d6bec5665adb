"""How many messages per second go from one publisher to one subscriber, on a hundred topics at QoS 0?"""

import multiprocessing
import multiprocessing.synchronize
import socket
import time
from functools import partial
from pathlib import Path

from bench.brokers import Broker, Running
from bench.governed import prove_governed
from bench.meter import Meter
from bench.payloads import CHUNK_MESSAGES, GOVERNED, OPEN, qos0_chunks
from bench.process import Worker
from bench.scenario import Effort, Mark, Scenario, Taken
from bench.wire import RECEIVE_BUFFER_BYTES, be_patient, connect, subscribe

SILENCE_S = 1.0
LONGEST_DRAIN_S = 15.0


def run(topics: tuple[str, ...], broker: Broker, directory: Path, effort: Effort) -> Taken:
    with broker.running(directory) as running:
        if broker.governs:
            prove_governed(running.port)
        taken = rate(running, topics, effort)
        if broker.governs:
            prove_governed(running.port)
        return taken


def rate(running: Running, topics: tuple[str, ...], effort: Effort) -> Taken:
    """Publish as fast as the broker takes it, and count what arrives per second after a warm-up.

    Every frame has the same length, so the subscriber counts bytes.
    """
    chunks, length = qos0_chunks(topics)
    subscriber = connect(running.port, "bench-subscriber", buffer_bytes=RECEIVE_BUFFER_BYTES)
    subscribe(subscriber, ["acme/ghent/#"], 0)
    buffer = bytearray(1 << 20)
    received = 0
    stop = multiprocessing.Event()
    with subscriber, Worker(_publish, running.port, chunks, stop) as publisher:
        meter = Meter(running.pid, effort)
        while meter.runs(received):
            received += subscriber.recv_into(buffer)
        stop.set()
        arrived = _drain(subscriber, buffer, publisher, received, length)
        sent = publisher.result(LONGEST_DRAIN_S)
    bytes_per_s, cpu = meter.rate()
    return Taken(bytes_per_s / length, sent, arrived, cpu)


def _publish(port: int, chunks: list[bytes], stop: multiprocessing.synchronize.Event) -> int:
    peer = connect(port, "bench-publisher")
    count = 0
    while not stop.is_set():
        peer.sendall(chunks[count % len(chunks)])
        count += 1
    return count * CHUNK_MESSAGES


def _drain(peer: socket.socket, buffer: bytearray, publisher: Worker, received: int, length: int) -> int:
    """Take what is still on its way, until all is there or nothing comes any more; messages arrived in all."""
    be_patient(peer, SILENCE_S)
    deadline = time.monotonic() + LONGEST_DRAIN_S
    while time.monotonic() < deadline:
        if publisher.is_done() and received >= publisher.result(0) * length:
            break
        try:
            received += peer.recv_into(buffer)
        except BlockingIOError:
            if publisher.is_done():
                break
    return received // length


SCENARIOS = (
    Scenario("bulk", "bulk QoS 0, 1 → 1, 100 topics, 50 B, governed", "msg/s", Mark(4), partial(run, GOVERNED)),
    Scenario("open", "the same on open branches, no contract", "msg/s", Mark(8), partial(run, OPEN)),
)

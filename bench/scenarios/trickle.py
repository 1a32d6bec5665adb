"""How many messages per second can many publishers send that have one small message each?

All publishers of one process send one message in turn. At most two messages of each are on their way, so the broker
finds single messages, never a batch to read at once.
"""

import select
import socket
from pathlib import Path

from bench.brokers import Broker, Running
from bench.governed import prove_governed
from bench.meter import Meter
from bench.payloads import GOVERNED, qos0_chunks
from bench.process import Worker
from bench.scenario import Effort, Mark, Scenario, Taken
from bench.wire import RECEIVE_BUFFER_BYTES, be_patient, connect, subscribe

PUBLISHERS = 500
ROUNDS_AHEAD = 2
SILENCE_S = 2.0


def run(broker: Broker, directory: Path, effort: Effort) -> Taken:
    with broker.running(directory) as running:
        if broker.governs:
            prove_governed(running.port)
        with Worker(_publish_and_take, running, effort) as load:
            taken: Taken = load.result(120 + effort.seconds)
        if broker.governs:
            prove_governed(running.port)
        return taken


def _publish_and_take(running: Running, effort: Effort) -> Taken:
    frames, length = qos0_chunks(GOVERNED, messages=1, chunks=20_000)
    subscriber = connect(running.port, "bench-subscriber", buffer_bytes=RECEIVE_BUFFER_BYTES)
    subscribe(subscriber, ["acme/ghent/#"], 0)
    publishers = [connect(running.port, f"bench-publisher-{n}") for n in range(effort.count(PUBLISHERS))]
    sends = [publisher.send for publisher in publishers]
    be_patient(subscriber, SILENCE_S)
    buffer = bytearray(1 << 20)
    sent = received = lost = used = 0
    meter = Meter(running.pid, effort)
    while meter.runs(received):
        for send in sends:
            send(frames[used])
            used = used + 1 if used + 1 < len(frames) else 0
        sent += len(sends)
        ahead = sent - lost - (ROUNDS_AHEAD - 1) * len(sends)
        received, missing = _take(subscriber, buffer, received, ahead * length)
        lost += missing // length
    received, _ = _take(subscriber, buffer, received, (sent - lost) * length)
    bytes_per_s, cpu = meter.rate()
    return Taken(bytes_per_s / length, sent, received // length, cpu)


def _take(peer: socket.socket, buffer: bytearray, received: int, wanted: int) -> tuple[int, int]:
    """(bytes received in all, bytes missing): wait until the wanted ones are there, or until nothing comes."""
    try:
        while received < wanted or select.select([peer], [], [], 0)[0]:
            received += peer.recv_into(buffer)
    except BlockingIOError:
        return received, wanted - received
    return received, 0


SCENARIOS = (
    Scenario("trickle", "500 publishers, one small message each in turn → 1, governed", "msg/s", Mark(1.5), run),
)

"""How many deliveries per second does one publisher cause at a hundred subscribers, QoS 0?

At most `AHEAD` messages are on their way, so that no broker has to shed: a lost one would be a fault, not a rule.
"""

import selectors
from pathlib import Path

from bench.brokers import Broker, Running
from bench.governed import prove_governed
from bench.meter import Meter
from bench.payloads import GOVERNED, qos0_chunks
from bench.process import Worker
from bench.scenario import Effort, Lost, Mark, Scenario, Taken
from bench.wire import connect, subscribe

SUBSCRIBERS = 100
CHUNK = 100
AHEAD = 400
SILENCE_S = 10.0


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
    chunks, length = qos0_chunks(GOVERNED, CHUNK, 500)
    subscribers = [connect(running.port, f"bench-subscriber-{n}") for n in range(effort.count(SUBSCRIBERS))]
    for subscriber in subscribers:
        subscribe(subscriber, ["acme/ghent/#"], 0)
    publisher = connect(running.port, "bench-publisher")
    buffer = bytearray(1 << 18)
    sent = received = 0
    per_message = length * len(subscribers)
    with selectors.DefaultSelector() as selector:
        for subscriber in subscribers:
            subscriber.setblocking(False)
            selector.register(subscriber, selectors.EVENT_READ, subscriber.recv_into)
        meter = Meter(running.pid, effort)
        while (runs := meter.runs(received)) or received < sent * per_message:
            while runs and sent - received // per_message < AHEAD:
                publisher.sendall(chunks[sent // CHUNK % len(chunks)])
                sent += CHUNK
            ready = selector.select(SILENCE_S)
            if not ready:
                missing = sent * len(subscribers) - received // length
                raise Lost(f"{missing:,} of {sent * len(subscribers):,} deliveries never arrived")
            for key, _ in ready:
                received += key.data(buffer)
    bytes_per_s, cpu = meter.rate()
    return Taken(bytes_per_s / length, sent * len(subscribers), received // length, cpu)


SCENARIOS = (Scenario("fanout", "fan-out 1 → 100, QoS 0, governed", "deliveries/s", Mark(4), run),)

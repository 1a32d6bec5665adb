"""How many Sparkplug metrics per second come out on the tree, each judged and published on a topic of its own?

A real edge node's birth and its NDATA messages of a hundred metrics each go in, made before the clock runs; a
subscriber of the projected tree counts what arrives there.
"""

import multiprocessing
import multiprocessing.synchronize
from pathlib import Path

from bench.brokers import Broker
from bench.governed import prove_governed
from bench.meter import Meter
from bench.payloads import ATTRIBUTES, CELLS
from bench.process import Worker
from bench.scenario import Against, Effort, Mark, Scenario, Taken
from bench.wire import RECEIVE_BUFFER_BYTES, PublishCounter, be_patient, connect, subscribe
from uns.mqtt import Publish, encode
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.edge import EdgeNode

METRICS = CELLS * ATTRIBUTES
MESSAGES = 1024
"""A multiple of 256, so that `seq` goes on without a gap when the pool goes round."""
GROUP, NODE = "acme:ghent:press", "line1"
TREE = "acme/ghent/press/line1/#"
NOON_MS = 1_795_348_800_000
SILENCE_S = 2.0
PER_SEND = 8


def run(broker: Broker, directory: Path, effort: Effort) -> Taken:
    births, data = edge_messages(MESSAGES)
    births_frames = [encode(birth, 4) for birth in births]
    data_frames = [encode(each, 4) for each in data]
    sends = [b"".join(data_frames[n : n + PER_SEND]) for n in range(0, MESSAGES, PER_SEND)]
    with broker.running(directory) as running:
        prove_governed(running.port)
        subscriber = connect(running.port, "bench-subscriber", buffer_bytes=RECEIVE_BUFFER_BYTES)
        subscribe(subscriber, [TREE], 0)
        be_patient(subscriber, SILENCE_S)
        counter = PublishCounter()
        stop = multiprocessing.Event()
        arrived = 0
        with subscriber, Worker(_publish, running.port, births_frames, sends, stop) as publisher:
            meter = Meter(running.pid, effort)
            while meter.runs(arrived):
                arrived += counter.feed(subscriber.recv(1 << 20))
            stop.set()
            while not publisher.is_done() or arrived < publisher.result(0) * METRICS:
                try:
                    arrived += counter.feed(subscriber.recv(1 << 20))
                except BlockingIOError:
                    if publisher.is_done():
                        break
            sent = publisher.result(30) * METRICS
        prove_governed(running.port)
    rate, cpu = meter.rate()
    return Taken(rate, sent, arrived, cpu)


def edge_messages(count: int) -> tuple[list[Publish], list[Publish]]:
    """(births, `count` NDATA messages of METRICS metrics each) of an edge node; every value and time is another."""
    node = EdgeNode(GROUP, NODE, bd_seq=0, on_finding=lambda finding: _complain(str(finding)))
    names = [f"cell{cell}/temp{number}" for cell in range(CELLS) for number in range(ATTRIBUTES)]
    for name in names:
        node.declare("", name, DataType.DOUBLE, unit="Cel")
    node.data("", [(name, _sample(n, NOON_MS)) for n, name in enumerate(names)], NOON_MS)  # for the birth to carry
    node.will(NOON_MS)
    births = [Publish(each.topic, each.payload) for each in node.births(NOON_MS)]
    data = []
    for message in range(1, count + 1):
        now_ms = NOON_MS + message
        samples = [(name, _sample(message * METRICS + n, now_ms)) for n, name in enumerate(names)]
        found = node.data("", samples, now_ms)
        assert found is not None
        data.append(Publish(found.topic, found.payload))
    return births, data


def _sample(index: int, now_ms: int) -> Sample:
    return Sample(10 + index * 7 % 900 / 10, Quality.GOOD, now_ms)


def _complain(text: str) -> None:
    raise ValueError(text)


def _publish(port: int, births: list[bytes], sends: list[bytes], stop: multiprocessing.synchronize.Event) -> int:
    """Messages sent, the birth included. NDATA messages go round in whole pools, so that `seq` has no gap."""
    peer = connect(port, "bench-edge-node")
    for birth in births:
        peer.sendall(birth)
    count = 0
    while not stop.is_set():
        peer.sendall(sends[count % len(sends)])
        count += 1
    return count * PER_SEND + len(births)


SCENARIOS = (
    Scenario(
        "sparkplug",
        "Sparkplug NDATA with 100 metrics, projected onto 100 topics",
        "metrics/s",
        Mark(100_000, against=Against.ITSELF),
        run,
        own=True,
    ),
)

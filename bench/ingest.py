"""How fast is the Sparkplug host? `python -m bench.ingest`: everything in one process, no socket.

NDATA messages of a hundred metrics each, as an edge node made them. *decode*: bytes to metrics. *host*: to samples,
with sequence, births and types. *projected*: from `Broker.publish` of the NDATA to a judged, retained value on a topic
of the tree for each metric, with a subscriber like the historian.
"""

import argparse
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from bench.machine import this_machine
from bench.scenarios.sparkplug import METRICS, edge_messages
from uns.app.plant import load_plant
from uns.broker import Broker
from uns.host.application import SparkplugHost
from uns.link import Message
from uns.server.clock import SystemClock
from uns.server.link import BrokerLink
from uns.sparkplug.decode import decode
from uns.sparkplug.host import HostSession
from uns.sparkplug.topic import parse_topic

MESSAGES = 512
"""A multiple of 256, so that `seq` goes on without a gap when they go round."""
SECONDS = 2.0
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    seconds = parser.parse_args().seconds
    print(f"Machine: {this_machine([])}\n")
    births, data = edge_messages(MESSAGES)
    for name, prepare in (("decode", _decode), ("host", _host), ("projected", _projected)):
        step = prepare(births, data)
        rates = [_rate(step, seconds) for _ in range(ROUNDS)]
        best = max(rates)
        others = ", ".join(f"{rate:,.0f}" for rate in rates)
        print(f"{name:<10}{best:>12,.0f} metrics/s   {1e6 / best:.2f} µs each   (of {others})")


def _rate(step: Callable[[], None], seconds: float) -> float:
    begin, count = time.perf_counter(), 0
    while (now := time.perf_counter()) - begin < seconds:
        step()
        count += 1
    return count * METRICS / (now - begin)


def _decode(births: list, data: list) -> Callable[[], None]:
    payloads = cycle([message.payload for message in data])

    def step() -> None:
        payload, findings = decode(next(payloads))
        assert payload is not None
        assert not findings

    return step


def _host(births: list, data: list) -> Callable[[], None]:
    clock = SystemClock()
    session = HostSession("bench", on_finding=_complain)
    for birth in births:
        session.receive(parse_topic(birth.topic), birth.payload, clock.wall_ms(), 0)
    topic, payloads = parse_topic(data[0].topic), cycle([message.payload for message in data])

    def step() -> None:
        events = session.receive(topic, next(payloads), clock.wall_ms(), clock.monotonic_ms())
        assert len(events) == 1

    return step


def _projected(births: list, data: list) -> Callable[[], None]:
    clock = SystemClock()
    plant = load_plant(Path(__file__).with_name("plant"), {})
    assert not plant.errors, plant.errors
    broker = Broker(plant.admission(), clock, on_violation=lambda violation: _complain(violation.verdict.finding))
    host = SparkplugHost(BrokerLink(broker, "host"), clock, "uns", lambda finding, message: _complain(finding))
    host.start()
    heard = [0]
    historian = BrokerLink(broker, "history")
    historian.open()
    historian.subscribe("acme/#", lambda message: heard.__setitem__(0, heard[0] + 1))
    for birth in births:
        broker.publish(Message(birth.topic, birth.payload, publisher="edge"), "internal")
    messages = cycle(data)

    def step() -> None:
        before = heard[0]
        message = next(messages)
        broker.publish(Message(message.topic, message.payload, publisher="edge"), "internal")
        assert heard[0] - before == METRICS

    return step


def _complain(finding: object) -> None:
    raise ValueError(str(finding))


if __name__ == "__main__":
    main()

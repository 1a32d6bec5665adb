"""What does one message cost inside the broker? `python -m bench.door`: no socket, no second process.

Each step is timed over batches of `BATCH` messages, as a chunk from a socket brings them, so p50 and p99 are those of a
batch, per message. Whole is everything between the bytes of a publisher and the bytes for a subscriber. Judging is
timed for each message alone, by the wall clock, on topics that are known: a mean over a batch would hide the slow ones.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Container, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import msgspec

from bench.brokers import PLANT
from bench.machine import this_machine
from bench.payloads import payload
from bench.scenarios.sparkplug import METRICS, edge_messages
from bench.table import write_into
from uns.app.plant import load_plant
from uns.broker import Broker, Connection
from uns.host.application import SparkplugHost
from uns.link import Message
from uns.mqtt import Connect, Publish, Subscribe, Subscription, encode
from uns.policy import CompiledAdmission, parse_access, parse_namespace
from uns.registry import Model, Registry, parse_model
from uns.server.clock import SystemClock
from uns.server.link import BrokerLink

BATCH = 1000
BATCHES = 200
RULES = (10, 10_000, 100_000)
"""Topics under contract, ten of each asset: what the mark names, and ten times as many."""
CELLS_PER_LINE = ATTRIBUTES = 10
JUDGED_ALONE = "judge one alone, wall time"
ROLE = "admin"
"""Of a client of a broker that trusts everybody."""


class Cost(msgspec.Struct, frozen=True):
    """ns per message, over all batches."""

    step: str
    rules: int
    p50_ns: float
    p99_ns: float | None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.door", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batches", type=int, default=BATCHES, help=f"of {BATCH} messages (default {BATCHES})")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="also put the figures into this Markdown page")
    asked = parser.parse_args(arguments)
    costs = [cost for rules in RULES for cost in message_costs(rules, asked.batches)]
    rates = metric_rates(asked.batches)
    if asked.output == "json":
        print(msgspec.json.encode({"machine": this_machine([]), "ns": costs, "metrics/s": rates}).decode())
        return 0
    text = _render(costs, rates)
    print(text)
    if asked.write is not None:
        write_into(asked.write, "door", text)
    return 0


def _render(costs: list[Cost], rates: dict[str, float]) -> str:
    lines = [f"Machine: {this_machine([])}", ""]
    lines += [f"| {'step, ns of CPU per message':<35} | {'rules':>8} | {'p50':>9} | {'p99':>9} |"]
    lines += [f"| {'-' * 35} | {'-' * 7}: | {'-' * 8}: | {'-' * 8}: |"]
    for cost in costs:
        p99 = "" if cost.p99_ns is None else _figure(cost.p99_ns)
        lines.append(f"| {cost.step:<35} | {cost.rules:>8,} | {_figure(cost.p50_ns):>9} | {p99:>9} |")
    return "\n".join([*lines, "", *(f"{name}: {rate:,.0f} metrics/s  " for name, rate in rates.items())]) + "\n"


def message_costs(rules: int, batches: int) -> list[Cost]:
    """The steps of a message on a namespace of so many topics under contract."""
    admission = _admission(rules // ATTRIBUTES)
    governed = _topics(rules // ATTRIBUTES)
    opened = [topic.replace("/press/", "/_raw/press/") for topic in governed]
    times: dict[str, list[float]] = {}
    _time_rules(admission, governed, batches, times)
    times[JUDGED_ALONE] = _judged_alone(admission, governed, batches)
    pairs = {"whole, open branch": _Pair(admission, opened), "whole, governed": _Pair(admission, governed)}
    pair = pairs["whole, open branch"]
    for step, work in (("decode", pair.decode), ("relay to one subscriber", pair.relay)):
        times[step] = [_timed(partial(work, chunk)) for chunk in islice(cycle(pair.chunks), batches)]
    for step, pair in pairs.items():
        times[step] = [_timed(partial(pair.pass_on, chunk)) for chunk in islice(cycle(pair.chunks), batches)]
    costs = [
        Cost(step, rules, statistics.median(taken), statistics.quantiles(taken, n=100)[98])
        for step, taken in times.items()
    ]
    return [*costs, _rest(costs)]


def _rest(costs: list[Cost]) -> Cost:
    """What is left of the whole: by subtraction, so there is no p99."""
    p50_ns = {cost.step: cost.p50_ns for cost in costs}
    rest_ns = p50_ns["whole, open branch"] - p50_ns["decode"] - p50_ns["relay to one subscriber"]
    return Cost("of it: route, access, current value", costs[0].rules, rest_ns, None)


def _time_rules(
    admission: CompiledAdmission, topics: Sequence[str], batches: int, times: dict[str, list[float]]
) -> None:
    """What the rule of a topic costs: once to make, then for each message."""
    around = cycle(topics)
    for number in range(batches):
        some = list(islice(around, BATCH))
        rules = [admission.rule(topic) for topic in some]
        payloads = [payload(number * BATCH + index) for index in range(BATCH)]
        checks = [(rule.check, body) for rule, body in zip(rules, payloads, strict=True) if rule.check is not None]
        if len(checks) != BATCH:
            raise ValueError("a topic of the benchmark has no contract")

        _add(times, "compile a rule, once per topic", _timed(partial(_compile, admission, some)))
        _add(times, "access", _timed(partial(_access, [rule.publishers for rule in rules])))
        _add(times, "contract", _timed(partial(_contract, checks)))


def _compile(admission: CompiledAdmission, topics: list[str]) -> None:
    for topic in topics:
        admission.rule(topic)


def _access(publishers: Sequence[Container[str]]) -> None:
    for roles in publishers:
        if ROLE not in roles:
            raise ValueError(f"'{ROLE}' may not publish")


def _contract(checks: Sequence[tuple[Callable[[bytes], object], bytes]]) -> None:
    for check, body in checks:
        if check(body) is not None:
            raise ValueError(f"a payload of the benchmark breaks its contract: {body!r}")


def _judged_alone(admission: CompiledAdmission, topics: Sequence[str], batches: int) -> list[float]:
    """ns of each message through the door (route, access, contract, current value), on routes already compiled."""
    publisher = Broker(admission, SystemClock()).local("publisher", ROLE)
    publisher.open(None)
    known = topics[: batches * BATCH]
    for index, topic in enumerate(known):
        publisher.publish(topic, payload(index), 0, False)
    taken = []
    for index, topic in enumerate(islice(cycle(known), batches * BATCH)):
        body = payload(index)
        begin = time.perf_counter_ns()
        verdict = publisher.publish(topic, body, 0, False)
        taken.append(float(time.perf_counter_ns() - begin))
        if verdict.finding is not None:
            raise ValueError(f"a payload of the benchmark breaks its contract: {body!r}")
    return taken


class _Pair:
    """A publisher and a subscriber of one broker in this process, and chunks that pass between them."""

    def __init__(self, admission: CompiledAdmission, topics: Sequence[str]) -> None:
        self._broker = Broker(admission, SystemClock())
        self._publisher = self._client("publisher")
        self._subscriber = self._client("subscriber")
        self._subscriber.receive(encode(Subscribe(1, [Subscription("acme/#", 0)]), 4))
        self._subscriber.take()
        frames = [encode(Publish(topic, payload(index)), 4) for index, topic in enumerate(topics)]
        frames *= -(-BATCH // len(frames))
        self.chunks = [b"".join(frames[at : at + BATCH]) for at in range(0, len(frames) - BATCH + 1, BATCH)]
        for chunk in self.chunks:  # every topic is known, as after a first minute
            self.pass_on(chunk)
        self._decoder = self._client("decoder").decoder

    def decode(self, chunk: bytes) -> None:
        self._decoder.receive(chunk)

    def pass_on(self, chunk: bytes) -> None:
        """From the publisher's bytes to the subscriber's. Raises ValueError when any is missing or changed."""
        self._publisher.receive(chunk)
        while self._publisher.busy:
            self._publisher.proceed()
        self._broker.ready.clear()
        if self._subscriber.take() != chunk:
            raise ValueError("the subscriber did not get what was published")

    def relay(self, chunk: bytes) -> None:
        self._subscriber.write(chunk)
        self._broker.ready.clear()
        self._subscriber.take()

    def _client(self, client_id: str) -> Connection:
        connection = self._broker.accept("127.0.0.1:1")
        connection.receive(encode(Connect(client_id, 4), 4))
        if connection.take() != b"\x20\x02\0\0":
            raise ValueError(f"'{client_id}' was not let in")
        return connection


def metric_rates(batches: int) -> dict[str, float]:
    """Metrics per second that the Sparkplug host takes in, and that it takes in and publishes on the tree."""
    births, data = edge_messages(1024)
    rates = {}
    for name, projects in (("Sparkplug host, ingest", False), ("Sparkplug host, ingest and projection", True)):
        broker = Broker(load_plant(PLANT, {}).admission(), SystemClock())
        edge = BrokerLink(broker, "edge")
        edge.open()
        template = {} if projects else {"template": lambda group, node, device, metric: None}
        host = SparkplugHost(BrokerLink(broker, "host"), SystemClock(), "bench", _complain, **template)  # type: ignore[arg-type]
        host.start()
        for message in births:
            edge.publish(message.topic, message.payload)
        count = min(len(data), batches * 4)
        started = time.thread_time()
        for message in data[:count]:
            edge.publish(message.topic, message.payload)
        rates[name] = count * METRICS / (time.thread_time() - started)
        found = sum(1 for _ in broker.retained("acme/#"))
        if found != (METRICS if projects else 0):
            raise ValueError(f"{found} topics were projected")
    return rates


def _complain(finding: object, message: Message | None) -> None:
    raise ValueError(str(finding))


def _admission(assets: int) -> CompiledAdmission:
    number = {"type": "number", "unit": "Cel", "min": -10, "max": 120}
    model = parse_model({"model": "cell", "version": 1, "attributes": {f"temp{n}": number for n in range(ATTRIBUTES)}})
    assert isinstance(model, Model), model
    registry = Registry([model])
    lines = {
        f"line{line}": {f"cell{cell}": {"model": "cell@1"} for cell in range(CELLS_PER_LINE)}
        for line in range(-(-assets // CELLS_PER_LINE))
    }
    document = {
        "levels": ["enterprise", "site", "area", "line", "cell"],
        "mode": "reject",
        "tree": {"acme": {"ghent": {"press": lines}}},
        "open": ["acme/+/_raw/#"],
    }
    namespace, findings = parse_namespace(document, registry)
    assert namespace is not None, findings
    assert not findings, findings
    return CompiledAdmission(namespace, registry, parse_access({})[0])


def _topics(assets: int) -> list[str]:
    return [
        f"acme/ghent/press/line{asset // CELLS_PER_LINE}/cell{asset % CELLS_PER_LINE}/temp{number}"
        for asset in range(assets)
        for number in range(ATTRIBUTES)
    ]


def _figure(ns: float) -> str:
    return f"{ns:,.0f}" if abs(ns) >= 10 else f"{ns:.1f}"


def _timed(work: Callable[[], object]) -> float:
    """ns per message of a batch: CPU time, so that a busy machine does not count."""
    begin = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - begin) / BATCH


def _add(times: dict[str, list[float]], step: str, taken_ns: float) -> None:
    times.setdefault(step, []).append(taken_ns)


if __name__ == "__main__":
    sys.exit(main())

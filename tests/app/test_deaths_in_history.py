"""From an edge node to the history through broker, host and recorder: deaths leave a trace, refreshes leave none."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.real_broker import RealBroker
from uns.errors import Finding
from uns.history import Recorder, Series, SqliteHistory, query
from uns.host.application import SparkplugHost
from uns.link import Message
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.edge import EdgeNode

TOPIC = "acme/ghent/packaging/line1/filler/temperature"
MINUTE_MS = 60_000

Ask = Callable[[str], Series]


class Edge:
    """An edge node with one metric, whose value has stood still for an hour when it first connects."""

    def __init__(self, broker: RealBroker) -> None:
        self.clock = broker.clock
        self.link = broker.link("edge:line1")
        self.node = EdgeNode("acme:ghent:packaging", "line1", on_finding=_fail)
        self.node.declare("filler", "temperature", DataType.DOUBLE)
        self.constant = Sample(21.0, Quality.GOOD, self.clock.wall_ms() - 60 * MINUTE_MS)

    def connect(self) -> None:
        now_ms = self.clock.wall_ms()
        self.link.open(self.node.will(now_ms))
        self.send(*self.node.births(now_ms), *self.node.join("filler", now_ms))
        self.tell()

    def tell(self) -> None:
        """The sample as it is, again if need be."""
        message = self.node.data("filler", [("temperature", self.constant)], self.clock.wall_ms())
        assert message is not None
        self.send(message)

    def send(self, *messages: Message) -> None:
        for message in messages:
            self.link.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)


def _fail(finding: Finding, message: Message | None = None) -> None:
    raise AssertionError(str(finding))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def broker(clock: FakeClock) -> Iterator[RealBroker]:
    broker = RealBroker(clock)
    host = SparkplugHost(broker.link("host"), clock, "uns", _fail)
    host.start()
    clock.advance(1)
    yield broker
    host.stop()


@pytest.fixture
def ask(broker: RealBroker, clock: FakeClock, tmp_path: Path) -> Iterator[Ask]:
    """The history of the topic up to now, raw or aggregated."""
    store = SqliteHistory(tmp_path / "history.db")
    recorder = Recorder(broker.link("history"), store, ["acme/#"], clock)
    recorder.start()

    def ask(agg: str) -> Series:
        assert recorder.flush()
        return query(store, TOPIC, 0, clock.wall_ms() + 1, 1000, agg)

    yield ask
    recorder.stop()
    store.close()


def test_a_death_and_a_return_are_rows_of_their_own(broker: RealBroker, clock: FakeClock, ask: Ask) -> None:
    edge = Edge(broker)
    edge.connect()
    clock.advance(10 * MINUTE_MS)
    edge.link.lose()
    died_ms = clock.wall_ms()
    clock.advance(10 * MINUTE_MS)
    edge.connect()
    since = [(point.value, point.quality, point.timestamp_ms) for point in ask("").points][-2:]
    assert since == [(21.0, Quality.UNCERTAIN, died_ms), (21.0, Quality.GOOD, clock.wall_ms())]
    chart = {point.timestamp_ms: point.quality for point in ask("last:1m").points}
    assert chart[died_ms // MINUTE_MS * MINUTE_MS] is Quality.UNCERTAIN
    assert chart[clock.wall_ms() // MINUTE_MS * MINUTE_MS] is Quality.GOOD


def test_refreshes_are_heard_but_not_recorded(broker: RealBroker, clock: FakeClock, ask: Ask) -> None:
    edge = Edge(broker)
    edge.connect()
    clock.advance(MINUTE_MS)
    edge.link.lose()
    clock.advance(MINUTE_MS)
    edge.connect()
    rows = len(ask("").points)
    for _ in range(10):
        clock.advance(MINUTE_MS)
        edge.tell()
    current = broker.broker.current(TOPIC)
    assert current is not None
    assert current.received_ms == clock.wall_ms()
    assert len(ask("").points) == rows

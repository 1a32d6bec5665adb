"""What is published on a writable topic goes to the device that feeds it, typed from its birth."""

import pytest

from tests.api.plant import make_policy
from tests.support.clock import FakeClock
from uns.app.writes import Writes
from uns.broker import Broker
from uns.host.application import SparkplugHost
from uns.link import Message
from uns.policy.verdict import Outcome
from uns.samples import DataType, Quality, Sample
from uns.server.link import BrokerLink
from uns.sparkplug.command import Write
from uns.sparkplug.edge import EdgeNode

FILLER = "acme/ghent/packaging/line1/filler"
SETPOINT = f"{FILLER}/speed/setpoint"
TEMPERATURE = f"{FILLER}/temperature"


class Plant:
    """A governed broker, the Sparkplug host on it, and one edge node that keeps what it is asked to write."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.violations = []
        self.defects = []
        self.broker = Broker(
            make_policy(),
            self.clock,
            on_violation=self.violations.append,
            on_defect=lambda what, topic, error: self.defects.append((what, topic)),
        )
        self.host = SparkplugHost(BrokerLink(self.broker, "host"), self.clock, "uns", lambda finding, message: None)
        self.host.start()
        self.broker.write_with(Writes(self.broker, self.host, self.clock))
        self.link = BrokerLink(self.broker, "edge")
        self.node = EdgeNode("acme:ghent:packaging", "line1", on_finding=lambda finding: pytest.fail(str(finding)))
        self.node.declare("filler", "speed/setpoint", DataType.INT16)
        self.node.declare("filler", "temperature", DataType.DOUBLE)
        self.node.join("filler", self.clock.wall_ms())
        self.written: list[Write] = []

    def connect(self) -> "Plant":
        now_ms = self.clock.wall_ms()
        self.link.open(self.node.will(now_ms))
        for topic_filter in self.node.subscriptions:
            self.link.subscribe(topic_filter, self.receive)
        for message in self.node.births(now_ms):
            self.link.publish(message.topic, message.payload)
        return self

    def receive(self, message: Message) -> None:
        self.written += self.node.receive(message.topic, message.payload, self.clock.wall_ms())

    def tell(self, name: str, value: float) -> None:
        now_ms = self.clock.wall_ms()
        message = self.node.data("filler", [(name, Sample(value, Quality.GOOD, now_ms))], now_ms)
        assert message is not None
        self.link.publish(message.topic, message.payload)

    def publish(self, topic: str, payload: bytes, role: str = "operator", *, retain: bool = False):
        return self.broker.publish(Message(topic, payload, retain=retain, publisher="hmi"), role)

    def value(self, topic: str) -> bytes | None:
        current = self.broker.topics.get(topic)
        return None if current is None or current.retained is None else current.retained.payload


@pytest.fixture
def plant() -> Plant:
    return Plant().connect()


def test_a_write_becomes_a_command_and_the_value_stays_until_the_device_answers(plant: Plant) -> None:
    plant.tell("speed/setpoint", 100)
    before = plant.value(SETPOINT)
    assert plant.publish(SETPOINT, b'{"value": 120.0}', retain=True).outcome is Outcome.WRITTEN
    assert plant.written == [Write("filler", "speed/setpoint", DataType.INT16, 120)]
    assert plant.value(SETPOINT) == before
    plant.tell("speed/setpoint", 120)
    assert b'"value":120' in (plant.value(SETPOINT) or b"")
    assert plant.violations == []


def test_subscribers_hear_the_device_and_not_the_wish(plant: Plant) -> None:
    heard = []
    hmi = BrokerLink(plant.broker, "screen")
    hmi.open()
    hmi.subscribe(f"{FILLER}/#", lambda message: heard.append(message.payload))
    heard.clear()
    plant.publish(SETPOINT, b'{"value": 7}')
    assert heard == []
    plant.tell("speed/setpoint", 7)
    assert [b'"value":7' in payload for payload in heard] == [True]


@pytest.mark.parametrize(
    ("payload", "id_"),
    [
        (b'{"value": "fast"}', "payload.type"),  # the contract, before the device is asked
        (b'{"value": 1.5}', "sparkplug.datatype"),  # the datatype of the birth
        (b'{"value": 70000}', "sparkplug.datatype"),
    ],
)
def test_what_does_not_fit_is_refused_and_recorded(plant: Plant, payload: bytes, id_: str) -> None:
    verdict = plant.publish(SETPOINT, payload)
    assert verdict.finding is not None
    assert (verdict.outcome, verdict.finding.id) == (Outcome.REJECTED, id_)
    assert plant.written == []
    [violation] = plant.violations
    assert (violation.client_id, violation.topic, violation.payload) == ("hmi", SETPOINT, payload)


def test_a_dead_device_is_not_written(plant: Plant) -> None:
    plant.link.close(send_will=True)
    verdict = plant.publish(SETPOINT, b'{"value": 5}')
    assert verdict.finding is not None
    assert verdict.finding.id == "unreachable.node"


def test_who_may_not_publish_may_not_write(plant: Plant) -> None:
    verdict = plant.publish(SETPOINT, b'{"value": 5}', role="line1-viewer")
    assert verdict.finding is not None
    assert verdict.finding.id == "access.publish"
    assert plant.written == []


def test_a_topic_that_is_not_writable_is_published_on(plant: Plant) -> None:
    assert plant.publish(TEMPERATURE, b'{"value": 5}').outcome is Outcome.ACCEPTED
    assert plant.written == []


def test_a_writable_topic_that_no_device_feeds_is_published_on() -> None:
    plant = Plant()  # its edge node never connects
    assert plant.publish(SETPOINT, b'{"value": 5}', retain=True).outcome is Outcome.ACCEPTED
    assert plant.value(SETPOINT) == b'{"value": 5}'


def test_a_topic_of_a_source_that_has_not_come_up_is_not_published_on() -> None:
    plant = Plant()
    policy = make_policy()
    policy.owners = {SETPOINT: "line1"}
    plant.broker.replace_admission(policy)
    verdict = plant.publish(SETPOINT, b'{"value": 5}')
    assert verdict.finding is not None
    assert (verdict.outcome, verdict.finding.id) == (Outcome.REJECTED, "unreachable.source")
    assert plant.value(SETPOINT) is None
    assert plant.connect().publish(SETPOINT, b'{"value": 5}').outcome is Outcome.WRITTEN


def test_clearing_is_no_write(plant: Plant) -> None:
    plant.publish(SETPOINT, b"", retain=True)
    assert plant.written == []


def test_a_failing_write_is_refused_and_told_as_a_defect(plant: Plant) -> None:
    def fails(topic: str, payload: bytes) -> None:
        raise RuntimeError("boom")

    plant.broker.write_with(fails)
    verdict = plant.publish(SETPOINT, b'{"value": 5}')
    assert verdict.finding is not None
    assert (verdict.outcome, verdict.finding.id) == (Outcome.REJECTED, "internal.write")
    assert plant.defects == [("a write to a device failed", SETPOINT)]

"""Values that the last run left behind without an end are Uncertain until their metrics are born again."""

import pytest

from tests.support.clock import FakeClock
from tests.support.real_broker import RealBroker
from uns.host.application import SparkplugHost
from uns.link import Message
from uns.samples import DataType, Quality, Sample, decode_sample, encode_sample
from uns.sparkplug.edge import EdgeNode

TOPIC = "acme/ghent/packaging/line1/filler/temperature"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def broker(clock: FakeClock) -> RealBroker:
    return RealBroker(clock)


@pytest.fixture
def host(broker: RealBroker, clock: FakeClock) -> SparkplugHost:
    host = SparkplugHost(broker.link("host"), clock, "uns", lambda finding, message: None)
    host.start()
    return host


def left_behind(clock: FakeClock, publisher: str = "host", quality: Quality = Quality.GOOD) -> Message:
    payload = encode_sample(Sample(4.9, quality, clock.wall_ms() - 60_000))
    return Message(TOPIC, payload, 0, True, None, publisher, clock.wall_ms() - 60_000)


def test_a_value_without_a_source_is_uncertain(broker: RealBroker, host: SparkplugHost, clock: FakeClock) -> None:
    host.adopt([left_behind(clock)])
    sample = decode_sample(broker.retained[TOPIC].payload, 0)
    assert sample == Sample(4.9, Quality.UNCERTAIN, clock.wall_ms())


@pytest.mark.parametrize(("publisher", "quality"), [("somebody", Quality.GOOD), ("host", Quality.BAD)])
def test_others_and_what_is_not_good_stay(broker, host, clock, publisher, quality) -> None:
    host.adopt([left_behind(clock, publisher, quality)])
    assert TOPIC not in broker.retained


def test_a_birth_with_the_same_sample_makes_it_good_behind_the_uncertain_one(broker, host, clock) -> None:
    old = left_behind(clock)
    host.adopt([old])
    source_ms = decode_sample(old.payload, 0).timestamp_ms
    clock.advance(2_000)
    node = EdgeNode("acme:ghent:packaging", "line1", on_finding=lambda finding: None)
    node.declare("filler", "temperature", DataType.DOUBLE)
    node.join("filler", clock.wall_ms())
    node.data("filler", [("temperature", Sample(4.9, Quality.GOOD, source_ms))], clock.wall_ms())
    link = broker.link("edge")
    link.open(node.will(clock.wall_ms()))
    for message in node.births(clock.wall_ms()):
        link.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)
    sample = decode_sample(broker.retained[TOPIC].payload, 0)
    assert (sample.value, sample.quality) == (4.9, Quality.GOOD)
    assert sample.timestamp_ms >= clock.wall_ms() - 2_000

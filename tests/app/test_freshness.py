"""A silent value turns Uncertain on its topic, at the moment it is late, and recovers with the next one."""

import json
from typing import Any

import pytest
import yaml

from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.app.freshness import FreshnessWatch
from uns.broker import Broker, Credentials
from uns.broker.identity import Answer, Granted
from uns.link import Message
from uns.policy import CompiledAdmission, parse_access, parse_namespace
from uns.policy.freshness import CLIENT_ID
from uns.registry import Model, Registry, parse_model
from uns.samples import format_timestamp

MODEL = """
model: m
version: 1
attributes:
  value: {type: number, max_age: 5s}
  order: {schema: {type: object}, max_age: 5s}
"""
TOPIC = "acme/a/value"


def policy(mode: str = "quarantine", model: str = MODEL, name: str = "a") -> CompiledAdmission:
    read = parse_model(yaml.safe_load(model))
    assert isinstance(read, Model)
    registry = Registry([read])
    namespace, findings = parse_namespace({"mode": mode, "tree": {"acme": {name: {"model": "m@1"}}}}, registry)
    access, _ = parse_access({"roles": {"plc": {"publish": ["#"], "subscribe": ["#"]}}})
    assert namespace is not None
    assert findings == []
    return CompiledAdmission(namespace, registry, access)


def as_plc(_: Credentials, answer: Answer) -> None:
    answer(Granted("plc", "plc"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def broker(clock: FakeClock) -> Broker:
    return Broker(policy(), clock, authenticate=as_plc)


@pytest.fixture
def watch(broker: Broker, clock: FakeClock) -> FreshnessWatch:
    return FreshnessWatch(broker, clock, policy().namespace)


@pytest.fixture
def reader(broker: Broker) -> Peer:
    reader = Peer(broker)
    reader.connect("reader")
    reader.subscribe("acme/#")
    return reader


def publish(broker: Broker, payload: str, topic: str = TOPIC) -> None:
    assert broker.publish(Message(topic, payload.encode(), 0, True, publisher="plc"), "plc").delivered


def heard(reader: Peer) -> list[tuple[str, Any]]:
    return [(packet.topic, json.loads(packet.payload)) for packet in reader.take()]


def test_a_silent_value_turns_uncertain_and_recovers(
    broker: Broker, watch: FreshnessWatch, reader: Peer, clock: FakeClock
) -> None:
    began_ms = clock.wall_ms()
    publish(broker, '{"value": 21.5}')
    reader.take()
    clock.advance(4999)
    watch.tick()
    assert heard(reader) == []
    clock.advance(1)
    watch.tick()
    (told,) = reader.take()
    late = format_timestamp(began_ms + 5000)
    assert json.loads(told.payload) == {"value": 21.5, "quality": "Uncertain", "timestamp": late}
    assert told.properties["user_property"] == [("uns-late", format_timestamp(began_ms))]
    current = broker.current(TOPIC)
    assert current is not None
    assert current.retained is not None
    assert b"Uncertain" in current.retained.payload, "who comes later hears it too"
    for _ in range(4):
        clock.advance(5000)
        watch.tick()
    assert heard(reader) == [], "told once"
    publish(broker, '{"value": 22}')
    assert heard(reader) == [(TOPIC, {"value": 22})]
    clock.advance(5000)
    watch.tick()
    assert [value["quality"] for _, value in heard(reader)] == ["Uncertain"]
    assert watch.announced == 2


def test_a_client_by_the_name_of_the_watch_is_watched_like_any(
    broker: Broker, watch: FreshnessWatch, clock: FakeClock
) -> None:
    plc = Peer(broker)
    plc.connect(CLIENT_ID)
    plc.publish(TOPIC, b'{"value":1}', retain=True)
    clock.advance(5_001)
    watch.tick()
    assert watch.announced == 1


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (TOPIC, '{"value": 21.5, "quality": "Uncertain"}'),
        (TOPIC, '{"value": null, "quality": "Bad"}'),
        ("acme/a/order", '{"id": 7}'),
    ],
)
def test_what_says_so_already_or_cannot_is_left_alone(
    broker: Broker, watch: FreshnessWatch, reader: Peer, clock: FakeClock, topic: str, payload: str
) -> None:
    publish(broker, payload, topic)
    reader.take()
    clock.advance(60_000)
    watch.tick()
    assert heard(reader) == []


def test_a_value_that_its_contract_takes_no_more_makes_no_violation(
    broker: Broker, watch: FreshnessWatch, reader: Peer, clock: FakeClock
) -> None:
    publish(broker, '{"value": 21.5}')
    reader.take()
    narrower = policy(model=MODEL.replace("type: number", "type: number, max: 10", 1))
    broker.replace_admission(narrower)
    watch.follow(narrower.namespace)
    clock.advance(6000)
    watch.tick()
    assert heard(reader) == []
    assert broker.stats.violations == 0


def test_equipment_that_only_a_pattern_admits_is_watched_too(
    broker: Broker, watch: FreshnessWatch, reader: Peer, clock: FakeClock
) -> None:
    patterned = policy(name="~agv-[0-9]+")
    broker.replace_admission(patterned)
    watch.follow(patterned.namespace)
    publish(broker, '{"value": 21.5}', "acme/agv-7/value")
    watch.tick()
    reader.take()
    clock.advance(4999)
    watch.tick()
    assert heard(reader) == []
    clock.advance(1)
    watch.tick()
    ((topic, value),) = heard(reader)
    assert (topic, value["quality"]) == ("acme/agv-7/value", "Uncertain")
    clock.advance(60_000)
    watch.tick()
    assert heard(reader) == [], "told once"
    publish(broker, '{"value": 22}', "acme/agv-7/value")
    watch.tick()
    reader.take()
    clock.advance(5000)
    watch.tick()
    assert [value["quality"] for _, value in heard(reader)] == ["Uncertain"]

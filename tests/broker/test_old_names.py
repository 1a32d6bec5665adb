"""Publishers and consumers of an old path go on working, are told of the new one, and are counted."""

from datetime import UTC, datetime

import pytest

from tests.broker.conftest import MODEL, NAMESPACE, by_username, compile_admission
from tests.broker.peer import Peer
from tests.broker.test_ledger import FULL, Disk
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits
from uns.link import Message
from uns.mqtt import ConnectWill, Puback, Publish, ReasonCode, Unsubscribe
from uns.policy import CompiledAdmission
from uns.policy.violation import Violation

GOOD = b'{"value":21.5}'
WRONG = b'{"value":"hot"}'
OLD = "acme/ghent/packging/line1/filler/temperature"
NEW = "acme/ghent/packaging/line1/filler/temperature"
LAST_DAY = "2026-11-30"
ALIASES = f"""
aliases:
  - {{from: acme/ghent/packging, to: acme/ghent/packaging, until: "{LAST_DAY}", why: typo of a gateway}}
"""
ACCESS = """
roles:
  engineer: {publish: ["acme/#", "open/#"], subscribe: ["acme/#", "open/#", "$SYS/#"]}
  gateway: {publish: ["acme/ghent/packging/#"], subscribe: ["acme/ghent/packging/#"]}
  viewer: {subscribe: ["acme/#"]}
"""


@pytest.fixture
def admission() -> CompiledAdmission:
    return compile_admission(NAMESPACE + ALIASES, ACCESS)


@pytest.fixture
def broker(admission: CompiledAdmission, clock: FakeClock, violations: list[Violation], limits: Limits) -> Broker:
    return Broker(admission, clock, limits=limits, authenticate=by_username, on_violation=violations.append)


@pytest.fixture
def reader(broker: Broker) -> Peer:
    return client(broker, "reader")


def client(broker: Broker, client_id: str, username: str = "engineer", version: int = 5) -> Peer:
    peer = Peer(broker, version)
    peer.connect(client_id, username=username)
    return peer


def heard(peer: Peer) -> list[tuple[str, bytes]]:
    return [(packet.topic, packet.payload) for packet in peer.take() if isinstance(packet, Publish)]


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("version", [4, 5])
def test_a_message_on_an_old_path_is_one_on_the_new_topic(broker: Broker, reader: Peer, version: int, qos: int) -> None:
    reader.subscribe("acme/ghent/packaging/#")
    peer = client(broker, "gateway", version=version)
    for packet_id in (1, 2):  # the second way knows the topic
        peer.publish(OLD, GOOD, qos=qos, retain=True, packet_id=packet_id)
        assert heard(reader) == [(NEW, GOOD)]
    assert broker.current(OLD) is None
    assert [message.topic for message in broker.retained("acme/#")] == [NEW]


def test_the_publisher_is_told_where_to_publish(broker: Broker, violations: list[Violation]) -> None:
    peer = client(broker, "gateway")
    peer.publish(OLD, GOOD, qos=1)
    answer = peer.take_one()
    assert isinstance(answer, Puback)
    assert answer.reason_code == ReasonCode.SUCCESS
    assert NEW in answer.properties["reason_string"]
    assert LAST_DAY in answer.properties["reason_string"]
    assert ("uns-finding", "topic.moved") in answer.properties["user_property"]
    assert violations == [], "it is arranged so, and no trouble"


def test_the_contract_of_the_new_topic_counts(broker: Broker, reader: Peer, violations: list[Violation]) -> None:
    reader.subscribe("acme/#")
    peer = client(broker, "gateway")
    peer.publish(OLD, WRONG, qos=1)
    assert peer.take_one().reason_code == ReasonCode.PAYLOAD_FORMAT_INVALID
    assert [(each.topic, each.verdict.finding.id) for each in violations if each.verdict.finding] == [
        (NEW, "payload.type")
    ]
    assert heard(reader) == []


def test_the_right_to_the_old_path_is_enough(broker: Broker, reader: Peer) -> None:
    reader.subscribe("acme/ghent/packaging/#")
    gateway, viewer = client(broker, "gateway", "gateway"), client(broker, "viewer", "viewer")
    gateway.publish(OLD, GOOD, qos=1)
    assert gateway.take_one().reason_code == ReasonCode.SUCCESS
    gateway.publish(NEW, GOOD, qos=1)
    assert gateway.take_one().reason_code == ReasonCode.NOT_AUTHORIZED
    viewer.publish(OLD, GOOD, qos=1)
    assert viewer.take_one().reason_code == ReasonCode.NOT_AUTHORIZED
    assert heard(reader) == [(NEW, GOOD)]


def test_subscribers_know_where_it_came_from(broker: Broker, reader: Peer) -> None:
    reader.subscribe("acme/ghent/packaging/#")
    client(broker, "gateway").publish(OLD, GOOD)
    assert ("uns-moved-from", OLD) in reader.take_one().properties["user_property"]


@pytest.mark.parametrize("topic", [OLD, NEW])
@pytest.mark.parametrize("topic_filter", ["acme/ghent/packging/#", OLD, "acme/+/packging/line1/+/temperature"])
def test_who_subscribes_to_an_old_path_hears_it_under_that(
    broker: Broker, reader: Peer, topic: str, topic_filter: str
) -> None:
    peer = client(broker, "gateway")
    peer.publish(NEW, GOOD)  # the route is compiled before anybody subscribes
    reader.subscribe(topic_filter, qos=1)
    peer.publish(topic, GOOD, qos=1)
    packet = reader.take_one()
    assert (packet.topic, packet.payload, packet.qos) == (OLD, GOOD, 1)
    assert ("uns-moved-to", NEW) in packet.properties["user_property"]
    reader.send(Unsubscribe(9, [topic_filter]))
    reader.take()
    peer.publish(topic, GOOD)
    assert heard(reader) == []


@pytest.mark.parametrize("filters", [("acme/#",), ("acme/ghent/packging/#", "acme/ghent/packaging/#")])
def test_who_hears_the_new_topic_gets_one_copy(broker: Broker, reader: Peer, filters: tuple[str, ...]) -> None:
    reader.subscribe(*filters)
    client(broker, "gateway").publish(NEW, GOOD)
    assert heard(reader) == [(NEW, GOOD)]


def test_a_shared_subscription_to_an_old_path(broker: Broker) -> None:
    members = [client(broker, f"member{number}") for number in range(2)]
    for member in members:
        member.subscribe("$share/g/acme/ghent/packging/#")
    gateway = client(broker, "gateway")
    for _ in range(4):
        gateway.publish(NEW, GOOD)
    assert [heard(member) for member in members] == [[(OLD, GOOD)] * 2] * 2


def test_a_client_in_this_process_hears_an_old_path(broker: Broker) -> None:
    got: list[Message] = []
    broker.local("part").subscribe("acme/ghent/packging/#", got.append)
    client(broker, "gateway").publish(NEW, GOOD)
    assert [message.topic for message in got] == [OLD]


def test_a_fresh_subscription_to_an_old_path_gets_what_is_retained(broker: Broker, reader: Peer) -> None:
    client(broker, "gateway").publish(NEW, GOOD, retain=True)
    reader.subscribe("acme/ghent/packging/#", "acme/ghent/packaging/line1/#")
    assert [(packet.topic, packet.retain) for packet in reader.backlog] == [(OLD, True), (NEW, True)]


def test_a_session_that_is_away_gets_what_it_missed_under_the_old_name(broker: Broker) -> None:
    peer = Peer(broker)
    peer.connect("away", clean=False, username="engineer", properties={"session_expiry_interval": 100})
    peer.subscribe("acme/ghent/packging/#", qos=1)
    peer.lose()
    client(broker, "gateway").publish(NEW, GOOD, qos=1)
    again = Peer(broker)
    again.connect("away", clean=False, username="engineer", properties={"session_expiry_interval": 100})
    assert [packet.topic for packet in [*again.backlog, *again.take()]] == [OLD]


def test_a_will_on_an_old_path(broker: Broker, reader: Peer) -> None:
    reader.subscribe("acme/ghent/packaging/#")
    peer = Peer(broker)
    assert peer.connect("dying", username="engineer", will=ConnectWill(OLD, GOOD)).reason_code == 0
    peer.lose()
    assert heard(reader) == [(NEW, GOOD)]


def test_it_ends_with_its_last_day(broker: Broker, reader: Peer, clock: FakeClock) -> None:
    reader.subscribe(OLD)
    gateway = client(broker, "gateway")
    end_ms = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp()) * 1000
    clock.advance(end_ms - clock.wall_ms() - 1)
    gateway.publish(OLD, GOOD, qos=1)
    assert gateway.take_one().reason_code == ReasonCode.SUCCESS
    assert heard(reader) == [(OLD, GOOD)]
    clock.advance(1)
    gateway.publish(NEW, GOOD)
    assert heard(reader) == []
    gateway.publish(OLD, GOOD, qos=1)
    answer = gateway.take_one()
    assert answer.reason_code == ReasonCode.TOPIC_NAME_INVALID
    assert answer.properties["reason_string"].startswith("topic.alias_ended: ")
    assert ("uns-nearest", NEW) in answer.properties["user_property"]
    assert broker.check(OLD, GOOD, "engineer").delivered is False


def test_each_use_is_counted_with_its_client(broker: Broker, admission: CompiledAdmission, clock: FakeClock) -> None:
    (alias,) = admission.aliases
    assert broker.path_use(alias).messages == 0
    for name, times in (("one", 2), ("two", 1)):
        for _ in range(times):
            client(broker, name).publish(OLD, GOOD)
    use = broker.path_use(alias)
    assert (use.messages, use.clients, use.last_ms) == (3, {"one": 2, "two": 1}, clock.wall_ms())
    assert broker.stats.messages_moved == 3


def test_a_message_that_is_not_taken_is_no_use(broker: Broker, admission: CompiledAdmission) -> None:
    (alias,) = admission.aliases
    client(broker, "viewer", "viewer").publish(OLD, GOOD)
    client(broker, "gateway").publish(OLD, WRONG)
    assert (broker.path_use(alias).messages, broker.stats.messages_moved) == (0, 0)


# --- a branch is renamed while it is in use -------------------------------------------------------------------------

BEFORE = compile_admission(NAMESPACE.replace("packaging:", "packging:"), ACCESS)
AFTER = compile_admission(NAMESPACE + ALIASES, ACCESS)


@pytest.fixture
def used(broker: Broker) -> Peer:
    """A gateway on the path as it was, which is no old one yet."""
    broker.replace_admission(BEFORE)
    return client(broker, "gateway")


def test_a_topic_that_becomes_an_old_name_leaves_nothing_behind(broker: Broker, reader: Peer, used: Peer) -> None:
    used.publish(OLD, GOOD, retain=True)
    reader.subscribe("acme/ghent/packging/#")
    broker.replace_admission(AFTER)
    assert [message.topic for message in broker.retained("acme/#")] == [NEW]
    assert broker.current(OLD) is None
    reader.take()
    used.publish(OLD, b'{"value":22}')
    assert heard(reader) == [(OLD, b'{"value":22}')]


def test_what_it_retains_grows_no_younger(broker: Broker, used: Peer, clock: FakeClock) -> None:
    received_ms = clock.wall_ms()
    used.publish(OLD, GOOD, retain=True, properties={"message_expiry_interval": 100})
    clock.advance(60_000)
    broker.replace_admission(AFTER)
    current = broker.current(NEW)
    assert current is not None
    assert current.received_ms == received_ms
    clock.advance(39_999)
    assert [message.topic for message in broker.retained("acme/#")] == [NEW]
    clock.advance(1)
    assert list(broker.retained("acme/#")) == []


def test_what_is_there_already_stays(broker: Broker, used: Peer) -> None:
    used.publish(OLD, GOOD, retain=True)
    broker.replace_admission(compile_admission(NAMESPACE, ACCESS))
    used.publish(NEW, b'{"value":30}', retain=True)
    broker.replace_admission(AFTER)
    assert [(message.topic, message.payload) for message in broker.retained("acme/#")] == [(NEW, b'{"value":30}')]


def test_what_the_new_contract_refuses_is_kept_as_a_violation(
    broker: Broker, used: Peer, violations: list[Violation]
) -> None:
    used.publish(OLD, b'{"value":100}', retain=True)
    model = MODEL.replace("max: 120", "max: 90")
    broker.replace_admission(compile_admission(NAMESPACE + ALIASES, ACCESS, model))
    assert list(broker.retained("acme/#")) == []
    assert [(each.topic, each.payload) for each in violations] == [(NEW, b'{"value":100}')]


def test_what_the_disk_refuses_to_move_is_not_lost(clock: FakeClock, limits: Limits) -> None:
    broker = Broker(BEFORE, clock, limits=limits, authenticate=by_username, keeps=True)
    disk = Disk(broker)
    gateway = client(broker, "gateway")
    gateway.publish(OLD, GOOD, qos=1, retain=True)
    disk.write()
    gateway.publish(OLD, b'{"value":22}', qos=1, retain=True, packet_id=2)
    batch = disk.take()
    assert batch is not None
    broker.ledger.failed(batch, FULL)
    broker.replace_admission(AFTER)
    assert [message.topic for message in broker.retained("acme/#")] == [OLD]
    disk.apply(batch)
    broker.ledger.settled(batch)
    broker.replace_admission(AFTER)
    assert [(message.topic, message.payload) for message in broker.retained("acme/#")] == [(NEW, b'{"value":22}')]
    disk.write()
    assert list(disk.retained) == [NEW]


def test_without_the_alias_it_is_a_topic_like_any_other(broker: Broker, violations: list[Violation]) -> None:
    gateway = client(broker, "gateway")
    gateway.publish(OLD, GOOD)
    broker.replace_admission(compile_admission(NAMESPACE, ACCESS))
    gateway.publish(OLD, GOOD, qos=1)
    assert gateway.take_one().reason_code == ReasonCode.TOPIC_NAME_INVALID
    assert [each.verdict.finding.id for each in violations if each.verdict.finding] == ["topic.undeclared"]

"""What a message that breaks the rules gets, in each mode, version and QoS."""

import json

import pytest
from msgspec import structs

from tests.broker.conftest import NAMESPACE, by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits, LocalClient
from uns.broker.outlet import REASON_CHARACTERS, cut
from uns.link import Message
from uns.mqtt import ConnectWill, Puback, Pubrec, ReasonCode
from uns.policy.verdict import Outcome
from uns.policy.violation import Violation

GOOD = b'{"value": 21.5, "quality": "Good", "timestamp": "2026-11-22T12:00:00Z"}'
WRONG = b'{"value": "hot"}'


def filler(branch: str = "line1") -> str:
    return f"acme/ghent/packaging/{branch}/filler/temperature"


REFUSED = [
    ("acme/ghent/packging/line1/filler/temperature", GOOD, ReasonCode.TOPIC_NAME_INVALID, "topic.undeclared"),
    ("acme/ghent/packaging", GOOD, ReasonCode.TOPIC_NAME_INVALID, "topic.folder"),
    ("acme/ghent/packaging/line1/filler/temprature", GOOD, ReasonCode.TOPIC_NAME_INVALID, "topic.attribute"),
    (filler(), WRONG, ReasonCode.PAYLOAD_FORMAT_INVALID, "payload.type"),
    (filler(), b"not json", ReasonCode.PAYLOAD_FORMAT_INVALID, "payload.json"),
    (filler(), b'{"value": 121}', ReasonCode.PAYLOAD_FORMAT_INVALID, "payload.range"),
    ("elsewhere/x", GOOD, ReasonCode.NOT_AUTHORIZED, "access.publish"),
    ("$SYS/x", GOOD, ReasonCode.NOT_AUTHORIZED, "access.reserved"),
]


@pytest.mark.parametrize(("topic", "payload", "code", "finding"), REFUSED)
@pytest.mark.parametrize("qos", [1, 2])
def test_mqtt_5_is_told_in_the_acknowledgement(
    peer: Peer, violations: list[Violation], topic: str, payload: bytes, code: int, finding: str, qos: int
) -> None:
    peer.publish(topic, payload, qos=qos)
    answer = peer.take_one()
    assert isinstance(answer, Puback if qos == 1 else Pubrec)
    assert answer.reason_code == code
    assert answer.properties["reason_string"].startswith(f"{finding}: ")
    assert ("uns-finding", finding) in answer.properties["user_property"]
    assert [(violation.topic, violation.verdict.finding.id) for violation in violations] == [(topic, finding)]


@pytest.mark.parametrize(("topic", "payload", "code", "finding"), REFUSED)
@pytest.mark.parametrize(("version", "qos"), [(4, 0), (4, 1), (4, 2), (5, 0)])
def test_others_are_told_by_a_notice(
    broker: Broker, topic: str, payload: bytes, code: int, finding: str, version: int, qos: int
) -> None:
    peer = Peer(broker, version)
    peer.connect("a/b#")
    peer.subscribe("$uns/rejected/a%2Fb%23")
    peer.publish(topic, payload, qos=qos)
    packets = peer.take()
    notice = json.loads(next(packet.payload for packet in packets if hasattr(packet, "payload")))
    assert (notice["topic"], notice["finding"]["id"]) == (topic, finding)
    assert len(packets) == (1 if qos == 0 else 2)  # 3.1.1 is acknowledged as the standard demands


def test_a_typo_names_the_topic_that_was_meant(peer: Peer) -> None:
    peer.publish("acme/ghent/packging/line1/filler/temperature", GOOD, qos=1)
    answer = peer.take_one()
    assert ("uns-nearest", filler()) in answer.properties["user_property"]


@pytest.mark.parametrize(
    ("branch", "delivered", "outcome"),
    [
        ("line1", False, Outcome.QUARANTINED),
        ("strict", False, Outcome.REJECTED),
        ("lenient", True, Outcome.WARNED),
        ("watched", True, None),
    ],
)
def test_the_mode_of_the_branch_decides(
    peer: Peer, other: Peer, violations: list[Violation], branch: str, delivered: bool, outcome: Outcome | None
) -> None:
    other.subscribe("acme/#")
    peer.publish(filler(branch), WRONG, qos=1)
    assert (peer.take_one().reason_code == 0) is delivered
    assert len(other.take()) == delivered
    assert [violation.verdict.outcome for violation in violations] == ([outcome] if outcome else [])
    assert peer.broker.stats.violations == 1


def test_a_warned_message_is_tagged(peer: Peer, other: Peer) -> None:
    other.subscribe("acme/#")
    peer.publish(filler("lenient"), WRONG, properties={"user_property": [("a", "b")]})
    assert other.take_one().properties == {"user_property": [("a", "b"), ("uns-finding", "payload.type")]}


def test_a_violation_holds_the_whole_message(peer: Peer, violations: list[Violation]) -> None:
    peer.publish(filler(), WRONG, qos=1, retain=True, properties={"content_type": "x"})
    (violation,) = violations
    assert (violation.payload, violation.qos, violation.retain) == (WRONG, 1, True)
    assert (violation.client_id, violation.role, violation.address) == ("peer", "engineer", "192.0.2.1:40000")
    assert violation.properties == {"content_type": "x"}


def test_a_refused_qos_2_message_leaves_its_packet_id_free(peer: Peer, other: Peer) -> None:
    other.subscribe("acme/#")
    peer.publish(filler(), WRONG, qos=2, packet_id=4)
    peer.take()
    peer.publish(filler(), GOOD, qos=2, packet_id=4)
    assert peer.take_one() == Pubrec(4)
    assert len(other.take()) == 1


def test_a_validator_that_fails_lets_nothing_pass(peer: Peer, other: Peer) -> None:
    other.subscribe("acme/#")
    peer.publish(filler(), GOOD)
    assert len(other.take()) == 1
    route = peer.broker.door._routes.by_topic[filler()]

    def broken(payload: bytes) -> None:
        raise ZeroDivisionError

    route.check = broken
    route.rule = structs.replace(route.rule, check=broken)
    peer.publish(filler(), GOOD, qos=1)
    assert peer.take_one().reason_code == ReasonCode.UNSPECIFIED_ERROR
    assert other.take() == []
    assert peer.broker.stats.validator_errors == 1


def test_the_policy_is_changed_hot(peer: Peer, other: Peer) -> None:
    other.subscribe("acme/#")
    peer.publish(filler(), WRONG, qos=1)
    peer.broker.replace_admission(compile_admission(NAMESPACE.replace("mode: quarantine", "mode: observe")))
    peer.publish(filler(), WRONG, qos=1, packet_id=2)
    assert [puback.reason_code for puback in peer.take()] == [ReasonCode.PAYLOAD_FORMAT_INVALID, 0]
    assert len(other.take()) == 1


def test_every_way_in_is_the_same_door(broker: Broker, violations: list[Violation]) -> None:
    local: LocalClient = broker.local("inside", "engineer")
    verdicts = [
        local.publish(filler(), WRONG, 0, False),
        broker.publish(Message(filler(), WRONG, publisher="rest"), "engineer", "127.0.0.1:5"),
        broker.check(filler(), WRONG, "engineer"),
    ]
    assert {verdict.finding.id for verdict in verdicts if verdict.finding} == {"payload.type"}
    assert [violation.client_id for violation in violations] == ["inside", "rest"]


@pytest.mark.parametrize("topic", ["", "a/+/b", "#", "a\0b"])
def test_a_malformed_topic_from_inside_is_refused(broker: Broker, topic: str) -> None:
    verdict = broker.publish(Message(topic, b"1"), "admin")
    assert verdict.finding is not None
    assert verdict.finding.id == "topic.malformed"


def test_a_refused_topic_becomes_no_topic(peer: Peer) -> None:
    """A client that makes up topics fills no table."""
    for number in range(12_000):
        peer.publish(f"acme/made-up/{number}", GOOD)
    assert len(peer.broker.topics) == 0
    assert len(peer.broker.door._routes.strays) <= 10_000
    assert peer.broker.stats.publishes_refused == 12_000


def test_a_stray_is_judged_anew_when_the_policy_changes(peer: Peer) -> None:
    peer.publish("acme/made-up", GOOD, qos=1)
    peer.broker.replace_admission(compile_admission(NAMESPACE.replace('"open/#"', '"acme/made-up"')))
    peer.publish("acme/made-up", GOOD, qos=1, packet_id=2)
    assert [puback.reason_code for puback in peer.take()] == [ReasonCode.TOPIC_NAME_INVALID, 0]


def test_a_topic_that_nobody_may_publish_on_becomes_no_topic(peer: Peer) -> None:
    for number in range(100):
        peer.publish(f"elsewhere/{number}", GOOD)
    assert len(peer.broker.topics) == 0


def test_a_stray_becomes_a_topic_when_somebody_may_publish_there(broker: Broker, peer: Peer, other: Peer) -> None:
    peer.publish("elsewhere/x", GOOD)
    verdict = broker.publish(Message("spBv1.0/g/NDATA/n", b"x"), "internal")
    assert verdict.finding is None
    peer.publish("spBv1.0/g/NDATA/m", b"x")
    assert broker.publish(Message("spBv1.0/g/NDATA/m", b"x"), "internal").finding is None
    assert [topic for topic, _ in broker.topics.matched_by("#")] == ["spBv1.0/g/NDATA/n", "spBv1.0/g/NDATA/m"]


def test_clearing_an_undeclared_topic_reaches_later_subscribers_too(peer: Peer, other: Peer) -> None:
    peer.publish("acme/made-up", b"", retain=True)
    other.subscribe("acme/#")
    peer.publish("acme/made-up", b"", retain=True)
    assert [message.payload for message in other.take()] == [b""]


def test_a_full_table_forgets_what_retains_nothing(clock: FakeClock) -> None:
    broker = Broker(compile_admission(), clock, limits=Limits(max_topics=3), authenticate=by_username)
    for topic, retain in (("open/kept", True), ("open/a", False), ("open/b", False)):
        broker.publish(Message(topic, b"1", retain=retain), "engineer")
    broker.replace_admission(compile_admission())
    assert broker.publish(Message("open/c", b"1"), "engineer").finding is None
    assert [topic for topic, _ in broker.topics.matched_by("#")] == ["open/kept", "open/b", "open/c"]
    assert broker.stats.topics_forgotten == 1


def test_a_table_full_of_retained_messages_refuses_and_says_so(clock: FakeClock) -> None:
    broker = Broker(compile_admission(), clock, limits=Limits(max_topics=2), authenticate=by_username)
    for topic in ("open/a", "open/b"):
        broker.publish(Message(topic, b"1", retain=True), "engineer")
    peer = Peer(broker)
    peer.connect()
    peer.publish("open/c", qos=1)
    assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED
    peer.publish("open/a", b"", retain=True)
    peer.publish("open/c", qos=1)
    assert peer.take_one().reason_code == 0


NULS = [
    b'{"value": "\\u0000"}',
    b'{"value": "stopped", "timestamp": "\\u0000"}',
    b'{"value": "stopped", "quality": "\\u0000"}',
    b'{"value": "stopped", "\\u0000": 1}',
]


@pytest.mark.parametrize("payload", NULS)
def test_what_a_finding_quotes_holds_no_null_character(broker: Broker, peer: Peer, payload: bytes) -> None:
    topic = "acme/ghent/packaging/line1/filler/state"
    peer.publish(topic, payload, qos=1)
    assert peer.take_one().reason_code == ReasonCode.PAYLOAD_FORMAT_INVALID  # read by a decoder that refuses U+0000
    connack = Peer(broker).connect("w", will=ConnectWill(topic, payload))
    assert connack.reason_code == ReasonCode.PAYLOAD_FORMAT_INVALID
    assert "\ufffd" in connack.properties["reason_string"]


def test_a_text_for_a_packet_can_be_encoded() -> None:
    assert cut("a\0b\ud800c\n") == "a\ufffdb?c\n"
    assert len(cut("x" * 5000)) == REASON_CHARACTERS


def test_who_may_connect_no_more_is_told_and_who_may_do_less_stays(broker: Broker) -> None:
    gone, stays = Peer(broker), Peer(broker)
    gone.connect("gone", username="viewer")
    stays.connect("stays", username="engineer")
    stays.subscribe("acme/#")
    broker.replace_admission(compile_admission(), {"engineer": "viewer"}.get)
    goodbye = gone.take_one()
    assert goodbye.reason_code == ReasonCode.ADMINISTRATIVE_ACTION
    assert "may not connect any more" in goodbye.properties["reason_string"]
    assert broker.publish(Message(filler(), GOOD), "engineer").finding is None
    assert [message.topic for message in stays.take()] == [filler()]
    stays.publish(filler(), GOOD, qos=1)
    assert stays.take_one().reason_code == ReasonCode.NOT_AUTHORIZED

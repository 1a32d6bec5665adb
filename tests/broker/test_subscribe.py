"""SUBSCRIBE: filters, overlap, identifiers, no local, sharing, access."""

import pytest

from tests.broker.peer import Peer
from uns.broker import Broker, Limits
from uns.mqtt import ReasonCode, Subscribe, Subscription, Unsuback, Unsubscribe


def test_overlapping_filters_bring_one_copy_with_all_identifiers(peer: Peer, other: Peer) -> None:
    other.subscribe("open/#", qos=0, properties={"subscription_identifier": 1})
    other.subscribe("open/+", qos=1, properties={"subscription_identifier": 2})
    peer.publish("open/x", qos=1)
    message = other.take_one()  # MQTT-3.3.4-2
    assert message.qos == 1
    assert sorted(message.properties["subscription_identifier"]) == [1, 2]


def test_a_repeated_filter_replaces_the_subscription(peer: Peer, other: Peer) -> None:
    other.subscribe("open/#", qos=1)
    other.subscribe("open/#", qos=0)
    peer.publish("open/x", qos=1)
    assert other.take_one().qos == 0  # MQTT-3.8.4-3


def test_no_local_keeps_a_clients_own_messages_away(peer: Peer, other: Peer) -> None:
    peer.subscribe("open/#", no_local=True)
    peer.publish("open/x", b"mine")
    assert peer.take() == []  # MQTT-3.8.3-3
    other.publish("open/x", b"yours")
    assert peer.take_one().payload == b"yours"


def test_no_local_on_a_shared_subscription_is_an_error(peer: Peer) -> None:
    peer.send(Subscribe(1, [Subscription("$share/g/open/#", 0, no_local=True)], None))
    assert peer.take_one().reason_code == ReasonCode.PROTOCOL_ERROR  # MQTT-3.8.3-4


def test_unsubscribe_ends_delivery(peer: Peer, other: Peer) -> None:
    other.subscribe("open/#")
    other.send(Unsubscribe(5, ["open/#", "never/was"], None))
    assert other.take() == [Unsuback(5, [0, ReasonCode.NO_SUBSCRIPTION_EXISTED], None)]
    peer.publish("open/x")
    assert other.take() == []


def test_a_shared_subscription_takes_turns(broker: Broker, peer: Peer) -> None:
    members = [Peer(broker) for _ in range(3)]
    for number, member in enumerate(members):
        member.connect(f"m{number}")
        member.subscribe("$share/g/open/#")
    for _ in range(9):
        peer.publish("open/x")
    assert [len(member.take()) for member in members] == [3, 3, 3]


def test_a_member_that_leaves_is_passed_over(broker: Broker, peer: Peer, other: Peer) -> None:
    third = Peer(broker)
    third.connect("third")
    for member in (other, third):
        member.subscribe("$share/g/open/#")
    third.lose()
    for _ in range(4):
        peer.publish("open/x")
    assert len(other.take()) == 4


def test_groups_and_plain_subscribers_all_get_the_message(broker: Broker, peer: Peer, other: Peer) -> None:
    other.subscribe("open/#", "$share/a/open/#", "$share/b/open/x")
    peer.publish("open/x")
    assert len(other.take()) == 3


@pytest.mark.parametrize(
    ("version", "topic_filter", "code"),
    [
        (5, "$share/g+/open/#", ReasonCode.TOPIC_FILTER_INVALID),
        (5, "$share//open/#", ReasonCode.TOPIC_FILTER_INVALID),
        (5, "other/#", ReasonCode.NOT_AUTHORIZED),
        (5, "#", ReasonCode.NOT_AUTHORIZED),
        (4, "other/#", 0x80),
        (5, "$uns/rejected/somebody-else", ReasonCode.NOT_AUTHORIZED),
        (5, "$uns/rejected/c", 0),
    ],
)
def test_suback_tells_what_is_not_granted(broker: Broker, version: int, topic_filter: str, code: int) -> None:
    peer = Peer(broker, version)
    peer.connect("c")
    peer.send(Subscribe(1, [Subscription(topic_filter, 0)], None))
    packets = peer.take()
    if version == 5 and code == ReasonCode.TOPIC_FILTER_INVALID and not hasattr(packets[0], "reason_codes"):
        assert packets[0].reason_code == code  # refused by the codec, with a DISCONNECT
    else:
        assert packets[0].reason_codes == [code]


def test_subscriptions_are_bounded(peer: Peer) -> None:
    peer.broker.sessions._limits = Limits(max_subscriptions_per_client=2)
    assert peer.subscribe("open/a", "open/b", "open/c").reason_codes == [0, 0, ReasonCode.QUOTA_EXCEEDED]


def test_a_new_wildcard_reaches_topics_already_compiled(peer: Peer, other: Peer) -> None:
    peer.publish("open/x")
    other.subscribe("open/+")
    peer.publish("open/x")
    assert len(other.take()) == 1


def test_many_compiled_topics_are_reached_too(peer: Peer, other: Peer) -> None:
    for number in range(1_500):
        peer.publish(f"open/{number}")
    other.subscribe("open/#")
    for number in range(1_500):
        peer.publish(f"open/{number}")
    assert len(other.take()) == 1_500


def test_deep_filters_and_topics_are_refused(peer: Peer) -> None:
    deep = "/".join(["open"] + ["x"] * 32)
    assert peer.subscribe(deep).reason_codes == [ReasonCode.TOPIC_FILTER_INVALID]
    peer.publish(deep, qos=1)
    assert peer.take_one().reason_code == ReasonCode.TOPIC_NAME_INVALID
    allowed = "/".join(["open"] + ["x"] * 31)
    assert peer.subscribe(allowed).reason_codes == [0]
    peer.publish(allowed)
    assert len(peer.take()) == 1

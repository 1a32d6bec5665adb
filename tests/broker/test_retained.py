"""Retained messages: kept, cleared, expired, and sent on SUBSCRIBE as asked."""

import pytest

from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker

GOOD = b'{"value": 21.5}'
TOPIC = "acme/ghent/packaging/line1/filler/temperature"


def test_a_retained_message_meets_later_subscribers(peer: Peer, other: Peer) -> None:
    peer.publish("open/x", b"1", retain=True)
    peer.publish("open/y", b"2", retain=True)
    peer.publish("open/x", b"3", retain=True)
    other.subscribe("open/#")
    assert [(message.topic, message.payload, message.retain) for message in other.backlog] == [
        ("open/x", b"3", True),
        ("open/y", b"2", True),
    ]


def test_live_messages_carry_no_retain_flag_unless_asked(broker: Broker, peer: Peer, other: Peer) -> None:
    third = Peer(broker)
    third.connect("third")
    other.subscribe("open/#")
    third.subscribe("open/#", retain_as_published=True)
    peer.publish("open/x", b"1", retain=True)
    assert not other.take_one().retain  # MQTT-3.3.1-12
    assert third.take_one().retain  # MQTT-3.3.1-13


def test_an_empty_payload_clears_and_is_not_judged(peer: Peer, other: Peer) -> None:
    peer.publish(TOPIC, GOOD, retain=True)
    peer.publish(TOPIC, b"", qos=1, retain=True)
    assert peer.take_one().reason_code == 0
    other.subscribe("acme/#")
    assert other.backlog == []


def test_a_message_that_is_not_retained_leaves_the_retained_one(peer: Peer, other: Peer) -> None:
    peer.publish("open/x", b"kept", retain=True)
    peer.publish("open/x", b"passing")
    other.subscribe("open/#")
    assert [message.payload for message in other.backlog] == [b"kept"]  # MQTT-3.3.1-8


@pytest.mark.parametrize(("handling", "first", "second"), [(0, 1, 1), (1, 1, 0), (2, 0, 0)])
def test_retain_handling(peer: Peer, other: Peer, handling: int, first: int, second: int) -> None:
    peer.publish("open/x", retain=True)
    other.subscribe("open/#", retain_handling=handling)
    assert len(other.backlog) == first  # MQTT-3.3.1-9 to -11
    other.subscribe("open/#", retain_handling=handling)
    assert len(other.backlog) == second


def test_shared_subscriptions_get_no_retained(peer: Peer, other: Peer) -> None:
    peer.publish("open/x", retain=True)
    other.subscribe("$share/g/open/#")
    assert other.backlog == []


def test_a_retained_message_expires(broker: Broker, clock: FakeClock, peer: Peer, other: Peer) -> None:
    peer.publish("open/x", retain=True, properties={"message_expiry_interval": 5})
    clock.advance(3_000)
    other.subscribe("open/#")
    assert other.backlog[0].properties == {"message_expiry_interval": 2}
    clock.advance(2_000)
    assert list(broker.retained("open/#")) == []


@pytest.mark.parametrize("topic_filter", ["#", "+/broker/version"])
def test_wildcards_do_not_reach_dollar_topics(broker: Broker, topic_filter: str) -> None:
    broker.door.announce("$SYS/broker/version", b"1", retain=True)
    assert list(broker.retained(topic_filter)) == []  # MQTT-4.7.2-1
    assert len(list(broker.retained("$SYS/#"))) == 1


def test_a_refused_message_is_not_retained(broker: Broker, peer: Peer) -> None:
    peer.publish(TOPIC, b'{"value": 500}', retain=True)
    assert list(broker.retained("acme/#")) == []
    current = broker.current(TOPIC)
    assert current is not None
    assert current.updates == 0
    assert current.refused is not None
    assert current.refused.id == "payload.range"

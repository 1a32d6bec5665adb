"""Topic aliases on the way out: from the first message on, per connection, never more than the client takes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits
from uns.mqtt import Puback, Publish, encode


def subscriber(broker: Broker, maximum: int, qos: int = 0, **properties: object) -> Peer:
    peer = Peer(broker)
    peer.connect("aliased", properties={"topic_alias_maximum": maximum, **properties})
    peer.subscribe("open/#", qos=qos)
    return peer


def seen(peer: Peer) -> list[tuple[str, int | None]]:
    """(topic, alias) of each message that came."""
    return [(packet.topic, (packet.properties or {}).get("topic_alias")) for packet in peer.take()]


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_the_first_message_sets_the_alias_and_the_next_use_it(broker: Broker, peer: Peer, qos: int) -> None:
    aliased = subscriber(broker, 10, qos)
    for number, topic in enumerate(("open/a", "open/b", "open/a", "open/b")):
        peer.publish(topic, qos=qos, packet_id=number + 1)
    assert seen(aliased) == [("open/a", 1), ("open/b", 2), ("", 1), ("", 2)]


@pytest.mark.parametrize("maximum", [1, 3, 65_535])
def test_no_alias_above_the_lower_of_both_maxima(broker: Broker, peer: Peer, maximum: int) -> None:
    aliased = subscriber(broker, maximum)  # MQTT-3.1.2-26; the broker's own is 3
    for _ in range(2):
        for number in range(5):
            peer.publish(f"open/{number}")
    granted = min(maximum, 3)
    first = [(f"open/{number}", number + 1 if number < granted else None) for number in range(5)]
    again = [("", number + 1) if number < granted else (f"open/{number}", None) for number in range(5)]
    assert seen(aliased) == first + again


@pytest.mark.parametrize("properties", [None, {"topic_alias_maximum": 0}])
def test_who_takes_no_aliases_gets_none(broker: Broker, peer: Peer, properties: dict[str, object] | None) -> None:
    plain = Peer(broker)
    plain.connect("plain", properties=properties)
    plain.subscribe("open/#")
    peer.publish("open/a", b"1", properties={"topic_alias": 2})  # MQTT-3.1.2-27
    peer.publish("", b"1", properties={"topic_alias": 2})
    assert seen(plain) == [("open/a", None)] * 2


def test_every_kind_of_message_shares_the_aliases(broker: Broker, peer: Peer) -> None:
    """Plain or with properties, live or retained, from a run or alone."""
    peer.publish("open/a", retain=True)
    aliased = Peer(broker)
    aliased.connect("aliased", properties={"topic_alias_maximum": 10})
    aliased.subscribe("open/#", properties={"subscription_identifier": 7})
    assert [(packet.topic, packet.properties["topic_alias"]) for packet in aliased.backlog] == [("open/a", 1)]
    peer.publish("open/a", properties={"content_type": "text"})
    assert aliased.take_one().properties == {"content_type": "text", "topic_alias": 1, "subscription_identifier": [7]}
    aliased.subscribe("open/#", retain_handling=2)
    peer.connection.receive(b"".join(encode(Publish("open/a", b"x" * size), 5) for size in (1, 200)))
    assert [packet.payload for packet in aliased.take()] == [b"x", b"x" * 200]
    peer.publish("open/a")
    assert seen(aliased) == [("", 1)]


def test_what_is_not_sent_sets_no_alias(broker: Broker, peer: Peer) -> None:
    aliased = subscriber(broker, 10)
    aliased.connection.congested = True
    peer.publish("open/a")
    aliased.connection.congested = False
    peer.publish("open/a")
    assert seen(aliased) == [("open/a", 1)]


def test_what_is_too_large_sets_no_alias(broker: Broker, peer: Peer) -> None:
    room = len(encode(Publish("open/a", b"x" * 100), 5))
    aliased = subscriber(broker, 10, maximum_packet_size=room)
    peer.publish("open/a", b"x" * 101)
    assert aliased.take() == []
    peer.publish("open/a", b"x" * 100)  # there is no room for the alias
    peer.publish("open/a", b"x" * 97)
    peer.publish("open/a", b"x" * 103)  # it fits now, since the alias stands for the topic
    assert seen(aliased) == [("open/a", None), ("open/a", 1), ("", 1)]


def test_aliases_do_not_survive_their_connection(broker: Broker, clock: FakeClock, peer: Peer) -> None:
    kept = {"session_expiry_interval": 60}
    aliased = subscriber(broker, 10, qos=1, **kept)
    peer.publish("open/a", qos=1)
    peer.publish("open/a", qos=1)
    assert seen(aliased) == [("open/a", 1), ("", 1)]
    aliased.lose()
    again = Peer(broker)
    again.connect("aliased", clean=False, properties={"topic_alias_maximum": 1, **kept})  # MQTT-3.3.2-7
    assert [(packet.topic, packet.dup, packet.properties) for packet in again.backlog] == [
        ("open/a", True, {"topic_alias": 1}),
        ("", True, {"topic_alias": 1}),
    ]
    again.send(*(Puback(packet.packet_id) for packet in again.backlog))
    again.lose()
    last = Peer(broker)
    last.connect("aliased", clean=False, properties=kept)
    peer.publish("open/a", qos=1)
    assert seen(last) == [("open/a", None)]


def test_others_keep_the_frame_they_share(broker: Broker, peer: Peer, other: Peer) -> None:
    other.subscribe("open/#")
    aliased = subscriber(broker, 10)
    for _ in range(2):
        peer.connection.receive(b"".join(encode(Publish(f"open/{number}", b"x"), 5) for number in range(2)))
    assert seen(other) == [("open/0", None), ("open/1", None)] * 2
    assert seen(aliased) == [("open/0", 1), ("open/1", 2), ("", 1), ("", 2)]


sent = st.lists(
    st.tuples(
        st.sampled_from([f"open/{number}" for number in range(6)]),
        st.sampled_from([b"", b"x", b"y" * 130]),
        st.sampled_from([0, 0, 0, 1]),
        st.sampled_from([None, None, {"content_type": "text"}]),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(sent, st.integers(1, 8), st.sampled_from([{}, {"maximum_packet_size": 60}]))
def test_with_its_aliases_resolved_a_client_gets_what_others_get(
    messages: list[tuple[str, bytes, int, dict[str, object] | None, bool]],
    maximum: int,
    limit: dict[str, int],
) -> None:
    broker = Broker(compile_admission(), FakeClock(), limits=Limits(topic_alias_maximum=4), authenticate=by_username)
    publisher, plain, aliased = Peer(broker), Peer(broker), Peer(broker)
    publisher.connect("p")
    plain.connect("plain", properties=limit)
    aliased.connect("aliased", properties={"topic_alias_maximum": maximum, **limit})
    for peer in (plain, aliased):
        peer.subscribe("open/#", qos=1)
        peer.subscribe("open/1", "open/#", qos=0)
    topics: dict[int, str] = {}
    for topic, payload, qos, properties, congested in messages:
        plain.connection.congested = aliased.connection.congested = congested
        publisher.publish(topic, payload, qos, properties=properties)
        for peer in (plain, aliased):
            peer.connection.congested = False
        expected, got = plain.take(), aliased.take()
        for packet in got:
            alias = (packet.properties or {}).pop("topic_alias", None)
            if alias is not None:
                assert 0 < alias <= min(maximum, 4)
                if packet.topic:
                    assert alias not in topics
                packet.topic = topics.setdefault(alias, packet.topic)
            packet.properties = packet.properties or None
        if not limit:  # an alias can make room for a message that is too large with its topic
            assert got == expected
        assert all(packet.topic for packet in got)

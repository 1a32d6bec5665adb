"""Sessions: kept, resumed, expired; wills sent, delayed, withdrawn."""

import pytest

from tests.broker.conftest import ACCESS, NAMESPACE, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker
from uns.mqtt import ConnectWill, Disconnect, Puback, Pubrec, Pubrel, ReasonCode

KEPT = {"session_expiry_interval": 60}


def will(delay_s: int = 0, topic: str = "open/will") -> ConnectWill:
    return ConnectWill(topic, b"gone", 0, False, {"will_delay_interval": delay_s} if delay_s else None)


@pytest.mark.parametrize("version", [4, 5])
def test_queued_messages_wait_for_their_session(broker: Broker, peer: Peer, version: int) -> None:
    properties = KEPT if version == 5 else None
    sleeper = Peer(broker, version)
    sleeper.connect("s", clean=False, properties=properties)
    sleeper.subscribe("open/#", qos=1)
    sleeper.lose()
    peer.publish("open/x", b"1", qos=1)
    peer.publish("open/x", b"not kept at QoS 0", qos=0)
    again = Peer(broker, version)
    assert again.connect("s", clean=False, properties=properties).session_present
    assert [message.payload for message in again.backlog] == [b"1"]


def test_inflight_messages_are_sent_again_with_dup_in_order(broker: Broker, peer: Peer) -> None:
    sleeper = Peer(broker)
    sleeper.connect("s", properties=KEPT)
    sleeper.subscribe("open/#", qos=2)
    for number in range(3):
        peer.publish("open/x", str(number).encode(), qos=2, packet_id=number + 1)
    first, second, third = sleeper.take()
    sleeper.send(Pubrec(first.packet_id))
    sleeper.lose()
    again = Peer(broker)
    again.connect("s", clean=False, properties=KEPT)
    released, *rest = again.backlog  # MQTT-4.4.0-1
    assert released == Pubrel(first.packet_id)
    assert [(message.packet_id, message.dup) for message in rest] == [(second.packet_id, True), (third.packet_id, True)]


def test_a_clean_start_discards_the_session(broker: Broker, peer: Peer) -> None:
    sleeper = Peer(broker)
    sleeper.connect("s", properties=KEPT)
    sleeper.subscribe("open/#", qos=1)
    sleeper.lose()
    again = Peer(broker)
    assert not again.connect("s", clean=True).session_present  # MQTT-3.1.2-4
    peer.publish("open/x", qos=1)
    assert again.take() == []


def test_a_session_without_expiry_ends_with_its_connection(broker: Broker, peer: Peer) -> None:
    peer.subscribe("open/#")
    peer.lose()
    assert broker.clients() == []
    assert broker.subscriber_count("open/x") == 0


def test_a_session_expires_when_its_time_is_over_and_not_before(broker: Broker, clock: FakeClock) -> None:
    Peer(broker).connect("s", properties=KEPT)
    broker.sessions.get("s").connection.lost()
    clock.advance(59_999)
    broker.tick()
    assert broker.stats.sessions == 1
    clock.advance(1)
    broker.tick()
    assert broker.stats.sessions == 0


def test_disconnect_can_change_the_expiry(broker: Broker) -> None:
    peer = Peer(broker)
    peer.connect("s", properties=KEPT)
    peer.send(Disconnect(0, {"session_expiry_interval": 0}))
    assert broker.stats.sessions == 0


def test_disconnect_cannot_bring_an_expiry(peer: Peer) -> None:
    peer.send(Disconnect(0, {"session_expiry_interval": 60}))
    assert peer.take_one().reason_code == ReasonCode.PROTOCOL_ERROR  # MQTT-3.1.2-23


def test_the_expiry_is_capped_and_said(broker: Broker) -> None:
    connack = Peer(broker).connect("s", properties={"session_expiry_interval": 0xFFFFFFFF})
    assert connack.properties["session_expiry_interval"] == 7 * 86_400


@pytest.mark.parametrize(
    ("ending", "sent"),
    [
        ("lost", True),
        ("disconnect", False),
        ("disconnect with will", True),
        ("protocol error", True),
        ("silence", True),
    ],
)
def test_when_a_will_is_sent(broker: Broker, clock: FakeClock, other: Peer, ending: str, sent: bool) -> None:
    other.subscribe("open/#")
    peer = Peer(broker)
    peer.connect("w", keep_alive=10, will=will())
    match ending:
        case "lost":
            peer.lose()
        case "disconnect":
            peer.send(Disconnect())
        case "disconnect with will":
            peer.send(Disconnect(ReasonCode.DISCONNECT_WITH_WILL_MESSAGE))
        case "disconnect with an error":
            peer.send(Disconnect(ReasonCode.UNSPECIFIED_ERROR))
        case "protocol error":
            peer.connection.receive(b"\x00\x00")
        case "silence":
            clock.advance(15_000)
            broker.tick()
    assert [message.payload for message in other.take()] == ([b"gone"] if sent else [])


def test_a_delayed_will_comes_on_time_and_never_early(broker: Broker, clock: FakeClock, other: Peer) -> None:
    other.subscribe("open/#")
    peer = Peer(broker)
    peer.connect("w", will=will(delay_s=10), properties=KEPT)
    peer.lose()
    clock.advance(9_999)
    broker.tick()
    assert other.take() == []
    clock.advance(1)
    broker.tick()
    assert len(other.take()) == 1


def test_a_delayed_will_is_withdrawn_when_the_client_returns(broker: Broker, clock: FakeClock, other: Peer) -> None:
    other.subscribe("open/#")
    peer = Peer(broker)
    peer.connect("w", will=will(delay_s=10), properties=KEPT)
    peer.lose()
    Peer(broker).connect("w", clean=False, properties=KEPT)
    clock.advance(60_000)
    broker.tick()
    assert other.take() == []  # MQTT-3.1.3-9


@pytest.mark.parametrize("how", ["session expires", "clean start"])
def test_a_delayed_will_does_not_outlive_its_session(broker: Broker, clock: FakeClock, other: Peer, how: str) -> None:
    other.subscribe("open/#")
    peer = Peer(broker)
    peer.connect("w", will=will(delay_s=100), properties={"session_expiry_interval": 5})
    peer.lose()
    if how == "session expires":
        clock.advance(5_000)
        broker.tick()
    else:
        Peer(broker).connect("w", clean=True)
    assert len(other.take()) == 1


def test_a_will_is_judged_again_when_it_is_sent(broker: Broker, other: Peer) -> None:
    other.subscribe("open/#")
    peer = Peer(broker)
    peer.connect("w", will=will())
    broker.replace_admission(compile_admission(NAMESPACE.replace('"open/#"', "")))
    peer.lose()
    assert other.take() == []
    assert broker.stats.publishes_refused == 1


def test_delivery_goes_on_after_a_take_over(broker: Broker, peer: Peer) -> None:
    first = Peer(broker)
    first.connect("s", properties=KEPT)
    first.subscribe("open/#", qos=1)
    second = Peer(broker)
    assert second.connect("s", clean=False, properties=KEPT).session_present
    peer.publish("open/x", qos=1)
    message = second.take_one()
    second.send(Puback(message.packet_id))
    assert [packet.reason_code for packet in first.take()] == [ReasonCode.SESSION_TAKEN_OVER]


def test_a_delayed_will_that_was_sent_is_not_sent_again(broker: Broker, clock: FakeClock, other: Peer) -> None:
    other.subscribe("open/#")
    peer = Peer(broker)
    peer.connect("w", will=will(delay_s=5), properties=KEPT)
    peer.lose()
    Peer(broker).connect("w", clean=True)
    clock.advance(10_000)
    broker.tick()
    assert len(other.take()) == 1


@pytest.mark.parametrize("connected", [True, False])
def test_a_session_belongs_to_its_user(broker: Broker, peer: Peer, connected: bool) -> None:
    """Whoever knows a client id gets neither its messages nor its connection."""
    owner = Peer(broker)
    owner.connect("s", username="engineer", properties=KEPT)
    owner.subscribe("open/#", qos=1)
    if not connected:
        owner.lose()
    thief = Peer(broker)
    for clean in (False, True):
        thief = Peer(broker)
        assert thief.connect("s", username="viewer", clean=clean).reason_code == ReasonCode.CLIENT_IDENTIFIER_NOT_VALID
    peer.publish("open/x", b"secret", qos=1)
    assert thief.take() == []
    if not connected:
        owner = Peer(broker)
        assert owner.connect("s", username="engineer", clean=False, properties=KEPT).session_present
        assert [message.payload for message in owner.backlog] == [b"secret"]
    else:
        assert [message.payload for message in owner.take()] == [b"secret"]


def test_subscriptions_end_with_the_right_to_them(broker: Broker, peer: Peer, other: Peer) -> None:
    other.subscribe("open/#", "acme/#", qos=1)
    broker.replace_admission(
        compile_admission(access=ACCESS.replace('subscribe: ["acme/#", "open/#"', 'subscribe: ["acme/#"'))
    )
    peer.publish("open/x", qos=1)
    assert other.take() == []
    assert other.connection.session is not None
    assert list(other.connection.session.subscriptions) == ["acme/#"]


def test_resumption_keeps_to_the_new_window(broker: Broker, peer: Peer) -> None:
    sleeper = Peer(broker)
    sleeper.connect("s", properties=KEPT)
    sleeper.subscribe("open/#", qos=1)
    for number in range(5):
        peer.publish("open/x", str(number).encode(), qos=1, packet_id=number + 1)
    sleeper.lose()
    peer.publish("open/x", b"5", qos=1, packet_id=6)
    again = Peer(broker)
    again.connect("s", clean=False, properties={**KEPT, "receive_maximum": 2})
    got, batch = [], again.backlog
    while batch:
        assert len(batch) <= 2  # MQTT-3.3.4-9
        got += [(message.payload, message.dup) for message in batch]
        again.send(*(Puback(message.packet_id) for message in batch))
        batch = again.take()
    assert got == [(b"0", True), (b"1", True), (b"2", True), (b"3", True), (b"4", True), (b"5", False)]


def test_resumption_drops_what_has_become_too_large(broker: Broker, peer: Peer) -> None:
    sleeper = Peer(broker)
    sleeper.connect("s", properties=KEPT)
    sleeper.subscribe("open/#", qos=1)
    for number in range(5):
        peer.publish("open/x", b"x" * 1000, qos=1, packet_id=number + 1)
    sleeper.lose()
    again = Peer(broker)
    again.connect("s", clean=False, properties={**KEPT, "maximum_packet_size": 500})
    assert again.backlog == []
    peer.publish("open/x", b"small", qos=1)
    assert again.take_one().payload == b"small"


def test_reconnecting_leaves_no_timers_behind(broker: Broker) -> None:
    for _ in range(2_000):
        peer = Peer(broker)
        peer.connect("s", keep_alive=60, clean=False, properties=KEPT)
        peer.lose()
    assert len(broker.timers) < 200


def test_an_assigned_client_id_is_nobodys(broker: Broker) -> None:
    Peer(broker).connect("auto-1", properties=KEPT)
    connack = Peer(broker).connect("", clean=False)
    assert connack.properties["assigned_client_identifier"] == "auto-2"
    assert not connack.session_present


def test_a_will_is_not_a_millisecond_early_by_a_clock_that_rounds_down(broker: Broker, clock: FakeClock) -> None:
    """The network may have broken at the end of the millisecond that the clock showed then."""
    clock.grain_ms = 1
    watcher = Peer(broker)
    watcher.connect("w")
    watcher.subscribe("open/#")
    peer = Peer(broker)
    peer.connect("c", will=will(1), properties=KEPT)
    peer.lose()
    clock.advance(1_000)
    broker.tick()
    assert watcher.take() == []
    clock.advance(1)
    broker.tick()
    assert watcher.take_one().payload == b"gone"

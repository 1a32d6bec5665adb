"""Statements of MQTT 5 that brokers are commonly caught by, each with its id."""

import pytest

from tests.broker.conftest import compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits
from uns.mqtt import (
    Auth,
    Connect,
    ConnectWill,
    Disconnect,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    ReasonCode,
    Unsubscribe,
    encode,
)

KEPT = {"session_expiry_interval": 60}
FILLER = "acme/ghent/packaging/line1/filler/temperature"


def connected(broker: Broker, client_id: str = "c", version: int = 5, **rest: object) -> Peer:
    peer = Peer(broker, version)
    assert peer.connect(client_id, **rest).reason_code == 0
    return peer


# --- message expiry (3.3.2.3.3) ---------------------------------------------------------------------------------------


def expiry_of(packets: list[Publish]) -> list[int]:
    return [packet.properties["message_expiry_interval"] for packet in packets]


def test_a_retained_message_says_how_long_it_has_left(clock: FakeClock, peer: Peer, other: Peer) -> None:
    peer.publish("open/x", retain=True, properties={"message_expiry_interval": 10})
    clock.advance(3_000)
    other.subscribe("open/#")
    assert expiry_of(other.backlog) == [7]  # MQTT-3.3.2-6


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_live_message_has_all_its_time(peer: Peer, other: Peer, qos: int) -> None:
    other.subscribe("open/#", qos=qos)
    peer.publish("open/x", qos=qos, properties={"message_expiry_interval": 10})
    assert expiry_of(other.take()) == [10]


def test_a_queued_message_says_how_long_it_has_left(broker: Broker, clock: FakeClock, peer: Peer) -> None:
    sleeper = connected(broker, properties=KEPT)
    sleeper.subscribe("open/#", qos=1)
    sleeper.lose()
    peer.publish("open/x", qos=1, properties={"message_expiry_interval": 10})
    clock.advance(4_000)
    again = connected(broker, clean=False, properties=KEPT)
    assert expiry_of(again.backlog) == [6]


def test_a_message_sent_again_says_how_long_it_has_left(broker: Broker, clock: FakeClock, peer: Peer) -> None:
    sleeper = connected(broker, properties=KEPT)
    sleeper.subscribe("open/#", qos=1)
    peer.publish("open/x", qos=1, properties={"message_expiry_interval": 10})
    assert expiry_of(sleeper.take()) == [10]
    sleeper.lose()
    clock.advance(4_000)
    again = connected(broker, clean=False, properties=KEPT)
    assert [(packet.dup, packet.properties) for packet in again.backlog] == [(True, {"message_expiry_interval": 6})]


# --- wills (3.1.2.5, 3.1.3.2) -----------------------------------------------------------------------------------------


def test_a_will_keeps_its_properties(broker: Broker, other: Peer) -> None:
    properties = {
        "payload_format_indicator": 1,
        "message_expiry_interval": 10,
        "content_type": "text/plain",
        "response_topic": "open/answers",
        "correlation_data": b"\x01",
        "user_property": [("a", "1"), ("b", "2"), ("a", "3")],
    }
    other.subscribe("open/#", qos=2)
    dying = connected(broker, will=ConnectWill("open/w", b"gone", 2, True, {"will_delay_interval": 0, **properties}))
    dying.lose()
    will = other.take_one()
    assert (will.qos, will.properties) == (2, properties)  # the delay is the server's alone


@pytest.mark.parametrize("expiry", [None, {"session_expiry_interval": 0}])
def test_a_will_is_due_when_the_session_ends(broker: Broker, other: Peer, expiry: dict[str, int] | None) -> None:
    other.subscribe("open/#")
    dying = connected(broker, properties=expiry, will=ConnectWill("open/w", b"", 0, False, {"will_delay_interval": 99}))
    dying.lose()
    assert len(other.take()) == 1  # MQTT-3.1.2-8


def test_disconnect_with_will_keeps_the_delay(broker: Broker, clock: FakeClock, other: Peer) -> None:
    other.subscribe("open/#")
    will = ConnectWill("open/w", b"", 0, False, {"will_delay_interval": 30})
    leaving = connected(broker, properties=KEPT, will=will)
    leaving.send(Disconnect(ReasonCode.DISCONNECT_WITH_WILL_MESSAGE, {"session_expiry_interval": 20}))
    for wait_ms, count in ((19_999, 0), (1, 1), (60_000, 0)):
        clock.advance(wait_ms)
        broker.tick()
        assert len(other.take()) == count


@pytest.mark.parametrize(("delay_s", "clean", "sent"), [(0, False, 1), (0, True, 1), (9, False, 0), (9, True, 1)])
def test_the_will_of_a_connection_taken_over(
    broker: Broker, clock: FakeClock, other: Peer, delay_s: int, clean: bool, sent: int
) -> None:
    other.subscribe("open/#")
    first = connected(
        broker, properties=KEPT, will=ConnectWill("open/w", b"", 0, False, {"will_delay_interval": delay_s})
    )
    connected(broker, clean=clean, properties=KEPT)
    assert first.take_one().reason_code == ReasonCode.SESSION_TAKEN_OVER  # MQTT-3.1.4-3
    clock.advance(30_000)
    broker.tick()
    assert len(other.take()) == sent


@pytest.mark.parametrize("version", [4, 5])
def test_a_will_to_a_reserved_topic_is_refused(broker: Broker, version: int) -> None:
    connack = Peer(broker, version).connect("c", username="admin", will=ConnectWill("$SYS/broker/uptime", b"forged"))
    assert connack.reason_code == ReasonCode.NOT_AUTHORIZED


def test_a_will_to_a_filter_is_refused(broker: Broker) -> None:
    assert Peer(broker).connect("c", will=ConnectWill("open/#", b"")).reason_code == ReasonCode.TOPIC_NAME_INVALID


# --- flow control (4.9, 3.3.4) ----------------------------------------------------------------------------------------


def unreleased(peer: Peer, first: int = 1) -> None:
    """Five QoS 2 messages, which is all that the limits allow."""
    for packet_id in range(first, first + 5):
        peer.publish("open/x", qos=2, packet_id=packet_id)
    assert {type(packet) for packet in peer.take()} == {Pubrec}


@pytest.mark.parametrize(("qos", "packet_id"), [(1, 6), (1, 5), (2, 6)])
def test_the_first_message_past_the_receive_maximum(peer: Peer, qos: int, packet_id: int) -> None:
    unreleased(peer)
    peer.publish("open/x", qos=qos, packet_id=packet_id)
    assert peer.take_one().reason_code == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED  # MQTT-3.3.4-7
    assert peer.is_closed


def test_what_is_no_new_message_does_not_count(peer: Peer) -> None:
    unreleased(peer)
    peer.publish("open/x", qos=0)
    peer.publish("open/x", qos=2, packet_id=5, dup=True)
    peer.send(Pubrel(1))
    peer.publish("open/x", qos=1, packet_id=6)
    assert peer.take() == [Pubrec(5), Pubcomp(1), Puback(6)]


def test_a_new_connection_begins_to_count_anew(broker: Broker) -> None:
    """A client that forgot what it did not release must be able to go on (4.9)."""
    first = connected(broker, properties=KEPT)
    unreleased(first)
    first.lose()
    again = connected(broker, clean=False, properties=KEPT)
    unreleased(again, first=11)
    again.publish("open/x", qos=2, packet_id=16)
    assert again.take_one().reason_code == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED


def test_a_message_sent_again_on_a_new_connection_counts_there(broker: Broker, other: Peer) -> None:
    other.subscribe("open/#")
    first = connected(broker, properties=KEPT)
    unreleased(first)
    first.lose()
    other.take()
    again = connected(broker, clean=False, properties=KEPT)
    unreleased(again)
    assert other.take() == []  # MQTT-4.3.3-10
    again.publish("open/x", qos=2, packet_id=6)
    assert again.take_one().reason_code == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED


def test_a_refused_message_gives_its_place_back(peer: Peer) -> None:
    for packet_id in range(1, 20):
        peer.publish(FILLER, b"no number", qos=2, packet_id=packet_id)
    assert {packet.reason_code for packet in peer.take()} == {ReasonCode.PAYLOAD_FORMAT_INVALID}


@pytest.mark.parametrize(
    ("qos", "answer"),
    [(1, Pubrec), (1, Pubcomp), (2, Puback), (2, Pubcomp)],
)
def test_an_answer_of_another_qos_is_a_protocol_error(
    peer: Peer, other: Peer, qos: int, answer: type[Puback | Pubrec | Pubcomp]
) -> None:
    other.subscribe("open/#", qos=2)
    peer.publish("open/x", qos=qos)
    other.send(answer(other.take_one().packet_id))
    assert other.take_one().reason_code == ReasonCode.PROTOCOL_ERROR  # MQTT-4.3.2-2, MQTT-4.3.3-4
    assert other.is_closed


@pytest.mark.parametrize("name", ["receive_maximum", "maximum_packet_size"])
def test_a_limit_of_zero_is_a_protocol_error(broker: Broker, name: str) -> None:
    peer = Peer(broker)
    frame = encode(Connect("c", properties={name: 0}), 5)
    peer.connection.receive(frame)
    assert peer.take_one().reason_code == ReasonCode.PROTOCOL_ERROR
    assert peer.is_closed


# --- what may be said (3.1.2.11) --------------------------------------------------------------------------------------


def test_without_problem_information_only_messages_carry_user_properties(broker: Broker, peer: Peer) -> None:
    quiet = connected(broker, properties={"request_problem_information": 0})
    assert quiet.subscribe("open/#", "nowhere/#", qos=1).properties is None  # MQTT-3.1.2-29
    quiet.send(Unsubscribe(1, ["never/had"]))
    quiet.publish(FILLER, b"no number", qos=1, packet_id=1)
    quiet.publish(FILLER, b"no number", qos=2, packet_id=2)
    assert [packet.properties for packet in quiet.take()] == [None] * 3
    peer.publish("open/x", properties={"user_property": [("a", "1")]})
    assert quiet.take_one().properties == {"user_property": [("a", "1")]}


@pytest.mark.parametrize("wanted", [0, 1])
def test_response_information_is_not_offered(broker: Broker, wanted: int) -> None:
    connack = Peer(broker).connect("c", properties={"request_response_information": wanted})
    assert "response_information" not in (connack.properties or {})  # MQTT-3.1.2-28


def test_a_refusal_keeps_to_the_clients_maximum_packet_size(broker: Broker) -> None:
    """Also when nothing but CONNECT has been said (MQTT-3.1.2-24)."""
    peer = Peer(broker)
    frame = encode(Connect("c", username="nobody", properties={"maximum_packet_size": 20}), 5)
    peer.connection.receive(frame)
    assert peer.take_one().properties is None
    assert peer.is_closed


def test_a_client_that_takes_no_connack_is_let_go(broker: Broker, other: Peer) -> None:
    """Nothing can be said to it, and waiting would help neither."""
    other.subscribe("open/#")
    peer = Peer(broker)
    will = ConnectWill("open/w", b"")
    peer.connection.receive(encode(Connect("c", will=will, properties={"maximum_packet_size": 4}), 5))
    assert peer.take() == []
    assert peer.is_closed
    assert other.take() == []  # it was never connected
    assert broker.stats.sessions == 1


# --- AUTH, DISCONNECT, CONNACK ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason_code", [ReasonCode.CONTINUE_AUTHENTICATION, ReasonCode.RE_AUTHENTICATE])
def test_auth_without_a_method_in_connect_is_a_protocol_error(peer: Peer, reason_code: int) -> None:
    peer.send(Auth(reason_code, {"authentication_method": "x"}))
    assert peer.take_one().reason_code == ReasonCode.PROTOCOL_ERROR  # MQTT-4.12.0-6, MQTT-4.12.1-1
    assert peer.is_closed


def test_auth_before_connect_closes(broker: Broker) -> None:
    peer = Peer(broker)
    peer.send(Auth(ReasonCode.CONTINUE_AUTHENTICATION, {"authentication_method": "x"}))
    assert peer.take() == []  # MQTT-3.1.0-1
    assert peer.is_closed


def test_authentication_data_without_a_method_is_a_protocol_error(broker: Broker) -> None:
    assert Peer(broker).connect("c", properties={"authentication_data": b"x"}).reason_code == ReasonCode.PROTOCOL_ERROR


def test_the_server_says_no_session_expiry_in_disconnect(broker: Broker) -> None:
    peer = connected(broker, properties={"session_expiry_interval": 0xFFFFFFFF})
    broker.shut_down()
    assert "session_expiry_interval" not in peer.take_one().properties  # MQTT-3.14.2-2


@pytest.mark.parametrize("reason_code", [0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x9A, 0x9D, 0xA0, 0xA2])
def test_a_client_may_not_say_what_only_a_server_may(peer: Peer, reason_code: int) -> None:
    peer.send(Disconnect(reason_code))
    assert peer.take_one().reason_code == ReasonCode.PROTOCOL_ERROR  # MQTT-3.14.2-1, table 3-10


@pytest.mark.parametrize(
    ("version", "username", "client_id", "wire"),
    [
        (5, "nobody", "c", ReasonCode.BAD_USER_NAME_OR_PASSWORD),
        (4, "nobody", "c", ReasonCode.BAD_USER_NAME_OR_PASSWORD),
        (3, "nobody", "c", ReasonCode.BAD_USER_NAME_OR_PASSWORD),
        (5, "viewer", "owned", ReasonCode.CLIENT_IDENTIFIER_NOT_VALID),
        (4, "viewer", "owned", ReasonCode.CLIENT_IDENTIFIER_NOT_VALID),
        (3, "viewer", "owned", ReasonCode.CLIENT_IDENTIFIER_NOT_VALID),
    ],
)
def test_a_refusal_is_told_in_every_version(
    broker: Broker, version: int, username: str, client_id: str, wire: int
) -> None:
    connected(broker, "owned", username="engineer", properties=KEPT)
    peer = Peer(broker, version)
    assert peer.connect(client_id, username=username).reason_code == wire
    assert peer.is_closed


# --- keep-alive (3.1.2.10) --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 5])
def test_keep_alive_zero(clock: FakeClock, version: int) -> None:
    """3.1.1 gets what it asks for; MQTT 5 as well where no limit is set, and is told where one is."""
    unlimited = Broker(compile_admission(), clock, limits=Limits(max_keep_alive_s=0))
    peer = Peer(unlimited, version)
    connack = peer.connect("c", keep_alive=0)
    assert "server_keep_alive" not in (connack.properties or {})
    clock.advance(86_400_000)
    unlimited.tick()
    assert not peer.is_closed
    limited = Broker(compile_admission(), clock, limits=Limits(max_keep_alive_s=60))
    peer = Peer(limited, version)
    connack = peer.connect("c", keep_alive=0)
    clock.advance(90_000)
    limited.tick()
    assert peer.is_closed is (version == 5)
    assert (connack.properties or {}).get("server_keep_alive") == (60 if version == 5 else None)  # MQTT-3.2.2-22


# --- subscriptions (3.8) ----------------------------------------------------------------------------------------------


def test_no_local_holds_for_retained_messages_too(peer: Peer, other: Peer) -> None:
    peer.publish("open/own", retain=True)
    other.publish("open/others", retain=True)
    peer.subscribe("open/#", no_local=True)
    assert [packet.topic for packet in peer.backlog] == ["open/others"]  # MQTT-3.8.3-3


def test_request_and_response(broker: Broker, peer: Peer, other: Peer) -> None:
    other.subscribe("open/requests", qos=1)
    peer.subscribe("open/answers/peer", qos=1)
    peer.publish(
        "open/requests", qos=1, properties={"response_topic": "open/answers/peer", "correlation_data": b"\x00\xff"}
    )
    peer.take()
    asked = other.take_one().properties
    other.publish(
        asked["response_topic"], b"42", qos=1, properties={"correlation_data": asked["correlation_data"]}
    )  # MQTT-3.3.2-15, -16
    answer = peer.take_one()
    assert (answer.payload, answer.properties) == (b"42", {"correlation_data": b"\x00\xff"})

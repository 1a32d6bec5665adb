"""CONNECT, CONNACK, take-over, keep-alive and the refusals of a connection."""

import pytest

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Granted, Limits
from uns.mqtt import Connack, Connect, ConnectWill, Disconnect, Pingreq, Pingresp, Publish, ReasonCode, encode
from uns.policy.violation import Violation


@pytest.mark.parametrize("version", [4, 5])
def test_a_client_comes_in(broker: Broker, version: int) -> None:
    connack = Peer(broker, version).connect("c")
    assert (connack.session_present, connack.reason_code) == (False, 0)
    assert [client.client_id for client in broker.clients()] == ["c"]


def test_connack_tells_the_limits(broker: Broker) -> None:
    connack = Peer(broker).connect("")
    assert connack.properties == {
        "receive_maximum": 5,
        "maximum_packet_size": 10_000,
        "topic_alias_maximum": 3,
        "assigned_client_identifier": "auto-1",
        "server_keep_alive": 3600,
    }


def test_an_empty_client_id_needs_a_clean_session_in_3_1_1(broker: Broker) -> None:
    peer = Peer(broker, 4)
    assert peer.connect("", clean=False).reason_code == ReasonCode.CLIENT_IDENTIFIER_NOT_VALID  # MQTT-3.1.3-8
    assert peer.is_closed


@pytest.mark.parametrize("version", [4, 5])
def test_a_wrong_password_is_refused(broker: Broker, version: int) -> None:
    peer = Peer(broker, version)
    peer.send(Connect("c", version, True, 0, "nobody", b"x", None, None))
    connack = peer.take_one()
    assert connack.reason_code == ReasonCode.BAD_USER_NAME_OR_PASSWORD
    assert peer.is_closed
    assert broker.stats.connects_refused == 1
    if version == 5:
        assert "access.credentials" in connack.properties["reason_string"]


def test_enhanced_authentication_is_refused_with_its_code(broker: Broker) -> None:
    connack = Peer(broker).connect(properties={"authentication_method": "SCRAM"})
    assert connack.reason_code == ReasonCode.BAD_AUTHENTICATION_METHOD


def test_an_unknown_version_is_answered(broker: Broker) -> None:
    peer = Peer(broker, 4)
    peer.connection.receive(bytes.fromhex("100d00044d515454090200000001") + b"c")
    assert peer.take_one() == Connack(False, ReasonCode.UNSUPPORTED_PROTOCOL_VERSION, None)
    assert peer.is_closed


def test_what_is_pipelined_behind_connect_is_answered(broker: Broker) -> None:
    peer = Peer(broker)
    peer.send(Connect("c", 5, True, 0, None, None, None, None), Pingreq(), Pingreq())
    assert [type(packet) for packet in peer.take()] == [Connack, Pingresp, Pingresp]


def test_packets_wait_while_the_password_is_checked(broker: Broker) -> None:
    answers = []
    broker.authenticate = lambda credentials, answer: answers.append(answer)
    peer = Peer(broker)
    peer.send(Connect("c", 5, True, 0, "engineer", b"x", None, None), Pingreq())
    peer.send(Pingreq())
    assert peer.take() == []
    answers[0](Granted("e", "engineer"))
    assert [type(packet) for packet in peer.take()] == [Connack, Pingresp, Pingresp]


def test_an_answer_for_a_client_that_left_does_nothing(broker: Broker) -> None:
    answers = []
    broker.authenticate = lambda credentials, answer: answers.append(answer)
    peer = Peer(broker)
    peer.send(Connect("c", 5, True, 0, "engineer", b"x", None, None))
    peer.lose()
    answers[0](Granted("e", "engineer"))
    assert broker.clients() == []


def test_a_first_packet_that_is_no_connect_closes(broker: Broker) -> None:
    peer = Peer(broker)
    peer.connection.receive(encode(Pingreq(), 5))
    assert peer.is_closed
    assert broker.stats.protocol_errors == 1


def test_a_second_connect_is_a_protocol_error(peer: Peer) -> None:
    peer.send(Connect("again", 5, True, 0, None, None, None, None))
    assert peer.take_one().reason_code == ReasonCode.PROTOCOL_ERROR  # MQTT-3.1.0-2
    assert peer.is_closed


def test_silence_before_connect_is_ended(broker: Broker, clock: FakeClock) -> None:
    peer = Peer(broker)
    clock.advance(9_999)
    broker.tick()
    assert not peer.is_closed
    clock.advance(1)
    broker.tick()
    assert peer.is_closed


def test_keep_alive_is_one_and_a_half_times_what_was_asked(broker: Broker, clock: FakeClock) -> None:
    peer = Peer(broker)
    peer.connect("c", keep_alive=10)
    clock.advance(14_000)
    peer.send(Pingreq())
    peer.take()
    clock.advance(14_999)
    broker.tick()
    assert not peer.is_closed
    clock.advance(1)
    broker.tick()
    assert peer.take_one().reason_code == ReasonCode.KEEP_ALIVE_TIMEOUT  # MQTT-3.1.2-22
    assert peer.is_closed


def test_keep_alive_counts_what_the_client_sends_only(broker: Broker, clock: FakeClock, other: Peer) -> None:
    """A client that only receives, and never pings, is gone."""
    peer = Peer(broker)
    peer.connect("c", keep_alive=10)
    peer.subscribe("open/#")
    for _ in range(15):
        clock.advance(1_000)
        other.publish("open/x")
        broker.tick()
    assert peer.is_closed


def pass_s(broker: Broker, clock: FakeClock, seconds: float) -> None:
    for _ in range(round(seconds * 10)):
        clock.advance(100)
        broker.tick()


def test_keep_alive_counts_no_silence_of_ours(broker: Broker, clock: FakeClock) -> None:
    """What the client sends while nothing is read from it is not seen in time."""
    peer = Peer(broker)
    peer.connect("c", keep_alive=10)
    for is_read in (False, True):
        peer.connection.reads(is_read)
        pass_s(broker, clock, 14.9)
        assert not peer.is_closed
    pass_s(broker, clock, 0.1)
    assert peer.is_closed


def test_a_client_that_takes_something_in_time_is_not_cut(broker: Broker, clock: FakeClock) -> None:
    peer = Peer(broker)
    peer.connect("c", keep_alive=10)
    left = 1_000_000
    peer.connection.unacknowledged_bytes = lambda: left
    for _ in range(10):
        peer.connection.congested = True  # nothing is read from it
        pass_s(broker, clock, 15)
        left -= 1
    assert not peer.is_closed
    pass_s(broker, clock, 15)
    assert not peer.is_closed
    pass_s(broker, clock, 15)
    assert peer.take_one().reason_code == ReasonCode.KEEP_ALIVE_TIMEOUT
    assert broker.stats.keep_alive_timeouts == 1


def test_a_client_id_is_taken_over(broker: Broker, peer: Peer) -> None:
    Peer(broker).connect("peer")
    assert peer.take_one().reason_code == ReasonCode.SESSION_TAKEN_OVER  # MQTT-3.1.4-3
    assert peer.is_closed
    assert len(broker.clients()) == 1


def test_more_connections_than_allowed_are_refused(clock: FakeClock, broker: Broker) -> None:
    broker.limits = Limits(max_connections=1)
    first, second = Peer(broker), Peer(broker)
    assert second.connect("b").reason_code == ReasonCode.QUOTA_EXCEEDED
    broker.limits = Limits()
    assert first.connect("a").reason_code == 0


def test_a_packet_above_the_limit_is_told(peer: Peer) -> None:
    peer.connection.receive(encode(Publish("open/x", b"x" * 10_001), 5))
    packet = peer.take_one()
    assert isinstance(packet, Disconnect)
    assert packet.reason_code == ReasonCode.PACKET_TOO_LARGE
    assert peer.is_closed


def test_bytes_after_the_end_are_ignored(peer: Peer) -> None:
    peer.send(Disconnect())
    peer.send(Pingreq())
    assert peer.take() == []


def test_problem_information_is_left_out_when_unwanted(broker: Broker) -> None:
    peer = Peer(broker)
    peer.connect("c", properties={"request_problem_information": 0})
    peer.publish("acme/nowhere", qos=1)
    puback = peer.take_one()
    assert puback.reason_code == ReasonCode.TOPIC_NAME_INVALID
    assert puback.properties is None  # MQTT-3.1.2-29


@pytest.mark.parametrize(
    ("topic", "payload", "code"),
    [
        ("acme/nowhere", b"1", ReasonCode.TOPIC_NAME_INVALID),
        ("acme/ghent/packaging/line1/filler/temperature", b'"hot"', ReasonCode.PAYLOAD_FORMAT_INVALID),
        ("other/x", b"1", ReasonCode.NOT_AUTHORIZED),
        ("$SYS/broker/version", b"1", ReasonCode.NOT_AUTHORIZED),
    ],
)
def test_a_will_is_judged_at_connect(broker: Broker, topic: str, payload: bytes, code: int) -> None:
    peer = Peer(broker)
    connack = peer.connect("c", will=ConnectWill(topic, payload, 0, False, None))
    assert connack.reason_code == code
    assert peer.is_closed


def test_shutting_down_says_so_and_publishes_wills(broker: Broker) -> None:
    peer = Peer(broker)
    peer.connect("c", will=ConnectWill("open/will", b"gone", 1, True, None))  # MQTT-3.1.2-8
    broker.shut_down()
    assert peer.take_one().reason_code == ReasonCode.SERVER_SHUTTING_DOWN
    assert [message.payload for message in broker.retained("open/#")] == [b"gone"]


def test_a_refused_will_is_a_violation(broker: Broker, violations: list[Violation]) -> None:
    Peer(broker).connect("c", will=ConnectWill("acme/nowhere", b"1", 0, False, None))
    assert [(violation.topic, violation.client_id) for violation in violations] == [("acme/nowhere", "c")]


def test_a_will_may_clear_a_retained_value(broker: Broker, peer: Peer) -> None:
    topic = "acme/ghent/packaging/line1/filler/temperature"
    peer.publish(topic, b'{"value": 1}', retain=True)
    device = Peer(broker)
    assert device.connect("d", will=ConnectWill(topic, b"", 0, True, None)).reason_code == 0
    device.lose()
    assert list(broker.retained(topic)) == []


def test_a_will_that_is_no_text_though_it_says_so_is_refused(broker: Broker) -> None:
    will = ConnectWill("open/w", b"\xff", 0, False, {"payload_format_indicator": 1})
    assert Peer(broker).connect("c", will=will).reason_code == ReasonCode.PAYLOAD_FORMAT_INVALID


def test_answers_keep_to_the_clients_maximum_packet_size(broker: Broker) -> None:
    peer = Peer(broker)
    peer.connect("c", properties={"maximum_packet_size": 60})
    peer.publish("acme/ghent/packging/line1/filler/temperature", qos=1)
    puback = peer.take_one()
    assert puback.reason_code == ReasonCode.TOPIC_NAME_INVALID
    assert puback.properties is None  # MQTT-3.4.2-2
    peer.connection.receive(b"\x00\x00")
    assert len(peer.connection.out[0]) <= 60


def test_a_flood_is_worked_off_in_turns(clock: FakeClock, limits: Limits) -> None:
    """A connection stops when its time is up, says that it is busy, and reads no more until it is not."""

    class Ticking(FakeClock):
        def monotonic_ms(self) -> int:
            self.advance(1)
            return super().monotonic_ms()

    broker = Broker(compile_admission(), Ticking(), limits=limits, authenticate=by_username)
    peer = Peer(broker)
    peer.connect("c")
    peer.send(*(Pingreq() for _ in range(10_000)))
    turns = 1
    while peer.connection.busy:
        assert not peer.connection.wants_input
        peer.connection.proceed()
        turns += 1
    assert peer.connection.wants_input
    assert turns > 50
    assert len(peer.take()) == 10_000


def test_nothing_is_read_while_a_password_is_checked(broker: Broker) -> None:
    answers = []
    broker.authenticate = lambda credentials, answer: answers.append(answer)
    peer = Peer(broker)
    peer.send(Connect("c", 5, True, 0, "engineer", b"x", None, None), Pingreq())
    assert not peer.connection.wants_input
    assert not peer.connection.busy
    answers[0](Granted("e", "engineer"))
    assert peer.connection.wants_input


def test_a_client_that_does_not_read_its_answers_is_not_read_either(clock: FakeClock) -> None:
    broker = Broker(compile_admission(), clock, limits=Limits(max_unsent_bytes=1_000), authenticate=by_username)
    peer = Peer(broker)
    peer.connect("c")
    for _ in range(20):
        peer.publish("acme/nowhere", qos=1)
    assert not peer.connection.wants_input
    peer.take()
    assert peer.connection.wants_input

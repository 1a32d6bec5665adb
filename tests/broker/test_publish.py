"""PUBLISH in both directions: QoS 0 to 2, aliases, retained, properties, expiry."""

import pytest

from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits
from uns.broker.on_publish import UNTOLD_MAXIMUM
from uns.mqtt import Disconnect, Puback, Pubcomp, Pubrec, Pubrel, ReasonCode


@pytest.mark.parametrize("publisher_version", [4, 5])
@pytest.mark.parametrize("subscriber_version", [4, 5])
@pytest.mark.parametrize(("sent", "granted", "got"), [(0, 0, 0), (0, 2, 0), (1, 0, 0), (1, 1, 1), (2, 1, 1), (2, 2, 2)])
def test_a_message_arrives_at_the_lower_qos(
    broker: Broker, publisher_version: int, subscriber_version: int, sent: int, granted: int, got: int
) -> None:
    publisher, subscriber = Peer(broker, publisher_version), Peer(broker, subscriber_version)
    publisher.connect("publisher")
    subscriber.connect("subscriber")
    subscriber.subscribe("open/#", qos=granted)
    publisher.publish("open/x", b"hello", qos=sent)
    message = subscriber.take_one()
    assert (message.topic, message.payload, message.qos, message.retain) == ("open/x", b"hello", got, False)
    answers = {0: [], 1: [Puback(1)], 2: [Pubrec(1)]}
    assert publisher.take() == answers[sent]


def test_qos_2_is_delivered_once_however_often_it_is_sent(peer: Peer, other: Peer) -> None:
    other.subscribe("open/#")
    peer.publish("open/x", qos=2, packet_id=9)
    peer.publish("open/x", qos=2, packet_id=9, dup=True)
    assert peer.take() == [Pubrec(9), Pubrec(9)]
    assert len(other.take()) == 1
    peer.send(Pubrel(9))
    assert peer.take() == [Pubcomp(9)]
    peer.publish("open/x", qos=2, packet_id=9)
    assert len(other.take()) == 1


def test_a_qos_2_id_survives_the_loss_of_the_connection(broker: Broker, other: Peer) -> None:
    other.subscribe("open/#")
    peer = Peer(broker)
    peer.connect("p", properties={"session_expiry_interval": 60})
    peer.publish("open/x", qos=2, packet_id=3)
    peer.lose()
    again = Peer(broker)
    assert again.connect("p", clean=False, properties={"session_expiry_interval": 60}).session_present
    again.publish("open/x", qos=2, packet_id=3, dup=True)
    assert again.take() == [Pubrec(3)]
    assert len(other.take()) == 1


@pytest.mark.parametrize(("version", "code"), [(4, 0), (5, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND)])
def test_pubrel_of_an_unknown_id_is_answered(broker: Broker, version: int, code: int) -> None:
    peer = Peer(broker, version)
    peer.connect("c")
    peer.send(Pubrel(77))
    assert peer.take() == [Pubcomp(77, code)]


@pytest.mark.parametrize(("version", "code"), [(4, 0), (5, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND)])
def test_pubrec_of_an_unknown_id_is_answered(broker: Broker, version: int, code: int) -> None:
    peer = Peer(broker, version)
    peer.connect("c")
    peer.send(Pubrec(77))
    assert peer.take() == [Pubrel(77, code)]


def test_an_acknowledgement_of_an_unknown_id_is_ignored(peer: Peer) -> None:
    peer.send(Puback(1), Pubcomp(2))
    assert peer.take() == []


def test_more_unreleased_qos_2_than_the_receive_maximum_is_an_error(peer: Peer) -> None:
    for packet_id in range(1, 6):
        peer.publish("open/x", qos=2, packet_id=packet_id)
    peer.take()
    peer.publish("open/x", qos=2, packet_id=6)
    assert peer.take_one().reason_code == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED  # MQTT-3.3.4-7
    assert peer.is_closed


def test_outgoing_qos_2_goes_through_its_four_packets(peer: Peer, other: Peer) -> None:
    other.subscribe("open/#", qos=2)
    peer.publish("open/x", qos=2)
    message = other.take_one()
    other.send(Pubrec(message.packet_id))
    assert other.take() == [Pubrel(message.packet_id)]
    other.send(Pubcomp(message.packet_id))
    assert other.connection.session is not None
    assert not other.connection.session.inflight


def test_a_refusing_pubrec_ends_the_delivery(peer: Peer, other: Peer) -> None:
    other.subscribe("open/#", qos=2)
    peer.publish("open/x", qos=2)
    other.send(Pubrec(other.take_one().packet_id, ReasonCode.UNSPECIFIED_ERROR))
    assert other.take() == []
    assert other.connection.session is not None
    assert not other.connection.session.inflight


def test_the_window_of_the_subscriber_is_kept_and_order_too(broker: Broker, peer: Peer) -> None:
    subscriber = Peer(broker)
    subscriber.connect("s", properties={"receive_maximum": 2})
    subscriber.subscribe("open/#", qos=1)
    for number in range(5):
        peer.publish("open/x", str(number).encode(), qos=1, packet_id=number + 1)
    got: list[bytes] = []
    while batch := subscriber.take():
        assert len(batch) <= 2  # MQTT-3.3.4-9
        got += [message.payload for message in batch]
        subscriber.send(*(Puback(message.packet_id) for message in batch))
    assert got == [b"0", b"1", b"2", b"3", b"4"]


def test_a_full_queue_sheds_the_oldest(broker: Broker, peer: Peer) -> None:
    subscriber = Peer(broker)
    subscriber.connect("s", properties={"receive_maximum": 1})
    subscriber.subscribe("open/#", qos=1)
    for number in range(15):  # one in flight, ten in the queue
        peer.publish("open/x", str(number).encode(), qos=1, packet_id=1)
    assert broker.stats.queue_shed == 4
    got: list[bytes] = []
    while batch := subscriber.take():
        got.append(batch[0].payload)
        subscriber.send(Puback(batch[0].packet_id))
    assert got == [b"0", *(str(number).encode() for number in range(5, 15))]


def test_a_slow_consumer_loses_qos_0_and_it_is_counted(broker: Broker, peer: Peer, other: Peer) -> None:
    other.subscribe("open/#")
    other.connection.congested = True
    peer.publish("open/x")
    other.connection.congested = False
    assert other.take() == []
    assert broker.stats.slow_shed == 1


def test_an_alias_stands_for_its_topic_and_is_not_forwarded(peer: Peer, other: Peer) -> None:
    other.subscribe("open/#")
    peer.publish("open/x", b"1", properties={"topic_alias": 2})
    peer.publish("", b"2", properties={"topic_alias": 2})
    assert [(message.topic, message.payload, message.properties) for message in other.take()] == [
        ("open/x", b"1", None),
        ("open/x", b"2", None),
    ]


@pytest.mark.parametrize(
    ("topic", "alias", "code"),
    [
        ("open/x", 4, ReasonCode.TOPIC_ALIAS_INVALID),  # above the maximum of 3
        ("", 1, ReasonCode.PROTOCOL_ERROR),  # never set
    ],
)
def test_a_wrong_alias_ends_the_connection(peer: Peer, topic: str, alias: int, code: int) -> None:
    peer.publish(topic, properties={"topic_alias": alias})
    packet = peer.take_one()
    assert isinstance(packet, Disconnect)
    assert packet.reason_code == code


def test_properties_travel_end_to_end(peer: Peer, other: Peer) -> None:
    other.subscribe("open/#")
    properties = {
        "payload_format_indicator": 1,
        "content_type": "text/plain",
        "response_topic": "open/answer",
        "correlation_data": b"\x01",
        "user_property": [("a", "1"), ("a", "2")],
    }
    peer.publish("open/x", properties=properties)
    assert other.take_one().properties == properties  # MQTT-3.3.2-17, -18


def test_properties_are_left_out_for_3_1_1(broker: Broker, peer: Peer) -> None:
    old = Peer(broker, 4)
    old.connect("old")
    old.subscribe("open/#")
    peer.publish("open/x", properties={"content_type": "text/plain"})
    assert old.take_one().properties is None


def test_text_that_is_not_utf8_is_refused(peer: Peer, other: Peer) -> None:
    other.subscribe("open/#")
    peer.publish("open/x", b"\xff", qos=1, properties={"payload_format_indicator": 1})
    assert peer.take_one().reason_code == ReasonCode.PAYLOAD_FORMAT_INVALID
    assert other.take() == []


def test_what_is_too_large_for_a_client_is_not_sent_to_it(broker: Broker, peer: Peer, other: Peer) -> None:
    small = Peer(broker)
    small.connect("small", properties={"maximum_packet_size": 100})
    small.subscribe("open/#", qos=1)
    other.subscribe("open/#", qos=1)
    peer.publish("open/x", b"x" * 200, qos=1)
    peer.publish("open/x", b"fits", qos=1, packet_id=2)
    assert [message.payload for message in small.take()] == [b"fits"]  # MQTT-3.1.2-24
    assert len(other.take()) == 2
    assert broker.stats.too_large_shed == 1


def test_a_message_that_expires_in_the_queue_is_not_sent(broker: Broker, clock: FakeClock, peer: Peer) -> None:
    sleeper = Peer(broker)
    sleeper.connect("s", properties={"session_expiry_interval": 600})
    sleeper.subscribe("open/#", qos=1)
    sleeper.lose()
    peer.publish("open/x", b"short", qos=1, properties={"message_expiry_interval": 10})
    peer.publish("open/x", b"long", qos=1, properties={"message_expiry_interval": 60}, packet_id=2)
    clock.advance(20_000)
    again = Peer(broker)
    again.connect("s", clean=False)
    (message,) = again.backlog
    assert (message.payload, message.properties["message_expiry_interval"]) == (b"long", 40)  # MQTT-3.3.2-5, -6
    assert broker.stats.expired == 1


def test_a_3_1_1_client_knows_no_receive_maximum(broker: Broker) -> None:
    old = Peer(broker, 4)
    old.connect("old")
    for packet_id in range(1, 21):
        old.publish("open/x", qos=2, packet_id=packet_id)
    assert len(old.take()) == 20


@pytest.mark.parametrize("qos", [1, 2])
def test_a_congested_subscriber_gets_its_messages_when_it_reads_again(peer: Peer, other: Peer, qos: int) -> None:
    other.subscribe("open/#", qos=qos)
    other.connection.congested = True
    peer.publish("open/x", b"waits", qos=qos)
    assert other.connection.out == []
    other.connection.congested = False
    assert other.connection.session is not None
    other.connection.session.pump()
    assert other.take_one().payload == b"waits"


def test_user_properties_count_in_the_queue(broker: Broker, peer: Peer) -> None:
    broker.sessions._limits = Limits(max_queued_bytes=10_000)
    sleeper = Peer(broker)
    sleeper.connect("s", properties={"session_expiry_interval": 600})
    sleeper.subscribe("open/#", qos=1)
    sleeper.lose()
    for packet_id in range(1, 11):
        peer.publish("open/x", qos=1, packet_id=packet_id, properties={"user_property": [("k", "v" * 4_000)]})
    assert broker.stats.queue_shed >= 7


def test_a_client_of_3_1_1_leaves_only_so_many_messages_unreleased(broker: Broker) -> None:
    old = Peer(broker, 4)
    old.connect("old")
    for number in range(1, UNTOLD_MAXIMUM + 1):
        old.publish("open/x", qos=2, packet_id=number)
    assert len(old.take()) == UNTOLD_MAXIMUM
    old.publish("open/x", qos=2, packet_id=UNTOLD_MAXIMUM + 1)
    assert old.is_closed

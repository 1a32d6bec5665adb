"""SUBSCRIBE: filters, overlap, identifiers, no local, sharing, access."""

import pytest

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.broker.test_ledger import Disk, make_broker
from tests.support.calls import calls
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits
from uns.link import Message
from uns.mqtt import Puback, Publish, ReasonCode, Suback, Subscribe, Subscription, Unsuback, Unsubscribe
from uns.mqtt.packets.subscribe import MOST_FILTERS


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


def test_slow_shared_workers_lose_nothing(broker: Broker, peer: Peer) -> None:
    worker = Peer(broker)
    worker.connect("w", properties={"receive_maximum": 2})
    worker.subscribe("$share/g/open/#", qos=1)
    for number in range(8):
        peer.publish("open/x", str(number).encode(), qos=1, packet_id=number + 1)
    got: list[bytes] = []
    while batch := worker.take():
        got += [message.payload for message in batch]
        worker.send(*(Puback(message.packet_id) for message in batch))
    assert got == [str(number).encode() for number in range(8)]


def test_a_large_namespace_fills_no_buffer(clock: FakeClock) -> None:
    """Retained messages are read as the client takes them."""
    broker = Broker(compile_admission(), clock, limits=Limits(max_unsent_bytes=5_000), authenticate=by_username)
    for number in range(1_000):
        broker.publish(Message(f"open/{number}", b"x" * 100, retain=True), "engineer")
    peer = Peer(broker)
    peer.connect()
    peer.send(Subscribe(1, [Subscription("open/#", 0)], None))
    got: list[str] = []
    while peer.connection.out:
        assert sum(map(len, peer.connection.out)) < 6_000
        got += [packet.topic for packet in peer.take() if isinstance(packet, Publish)]
        assert peer.connection.busy is (len(got) < 1_000)
        peer.connection.proceed()
    assert got == [f"open/{number}" for number in range(1_000)]


def test_retained_messages_at_qos_1_wait_for_the_window(clock: FakeClock) -> None:
    limits = Limits(receive_maximum=5, max_queued_messages=3)
    broker = Broker(compile_admission(), clock, limits=limits, authenticate=by_username)
    for number in range(100):
        broker.publish(Message(f"open/{number}", b"x", qos=1, retain=True), "engineer")
    peer = Peer(broker)
    peer.connect()
    peer.subscribe("open/#", qos=1)
    got, batch = 0, peer.backlog
    while batch:
        got += len(batch)
        peer.send(*(Puback(message.packet_id) for message in batch))
        batch = peer.take()
    assert (got, broker.stats.queue_shed) == (100, 0)


def test_as_many_filters_come_in_one_packet_as_the_decoder_takes(clock: FakeClock) -> None:
    peer = Peer(Broker(compile_admission(), clock, authenticate=by_username))
    peer.connect()
    peer.send(Subscribe(1, [Subscription(f"open/{number}") for number in range(MOST_FILTERS)]))
    assert peer.take_one().reason_codes == [0] * MOST_FILTERS
    peer.send(Subscribe(2, [Subscription("open/x")] * (MOST_FILTERS + 1)))
    assert peer.take_one().reason_code == ReasonCode.QUOTA_EXCEEDED


def test_many_subscribes_that_wait_for_the_disk_end_nothing(clock: FakeClock) -> None:
    broker = make_broker(clock, Limits())
    disk = Disk(broker)
    for number in range(600):
        broker.publish(Message(f"open/{number}/a", b"1", retain=True), "engineer")
    peer = Peer(broker)
    peer.connect("p", properties={"session_expiry_interval": 60})
    disk.write()
    peer.send(*(Subscribe(i + 1, [Subscription(f"open/{i}/{leaf}") for leaf in "ab"]) for i in range(600)))
    got = peer.take()
    while disk.ledger.urgency or peer.connection.busy:
        disk.write()
        peer.connection.proceed()
        got += peer.take()
    assert [each.packet_id for each in got if isinstance(each, Suback)] == list(range(1, 601))
    assert [each.topic for each in got if isinstance(each, Publish)] == [f"open/{i}/a" for i in range(600)]


def test_a_filter_owes_its_retained_messages_once_however_often_it_is_asked_for(peer: Peer) -> None:
    connection = peer.connection
    for name in "abc":
        peer.publish(f"open/{name}", retain=True)
    connection.congested = True
    for qos in (0, 1, 0, 1):
        peer.send(Subscribe(1, [Subscription("open/#", qos), Subscription("open/a", retain_handling=2)]))
        peer.send(Subscribe(2, [Subscription("$share/g/open/#")]))
    assert len(connection.feeds) == 1
    assert [type(each).__name__ for each in peer.take()] == ["Suback"] * 8
    connection.proceed()
    assert [each.topic for each in peer.take()] == ["open/a", "open/b", "open/c"]
    connection.congested = True
    peer.send(Subscribe(1, [Subscription("open/#")]), Unsubscribe(2, ["open/#"]))
    assert not connection.feeds
    peer.take()
    connection.proceed()
    assert peer.take() == []  # MQTT-3.10.4-2


def test_a_repeated_subscription_costs_no_walk(peer: Peer) -> None:
    for number in range(500):
        peer.publish(f"open/{number}")
    peer.subscribe("open/#")
    epoch = peer.broker.door._routes.epoch
    again = Subscribe(1, [Subscription("open/#", 0, retain_handling=2)] * 900, None)
    peer.send(Subscribe(1, [Subscription("open/#", 0, retain_handling=2)], None))
    few = calls(lambda: peer.send(again))
    assert few < 100_000
    assert peer.broker.door._routes.epoch == epoch


def test_who_hears_a_topic_and_by_which_filter(broker: Broker) -> None:
    kept = Peer(broker)
    kept.connect("kept", clean=False, properties={"session_expiry_interval": 60})
    kept.subscribe("open/#")
    kept.subscribe("open/+")
    kept.lose()
    member = Peer(broker)
    member.connect("member")
    member.subscribe("$share/group/open/x")
    member.subscribe("open/x")
    member.send(Unsubscribe(7, ("open/x",)))
    broker.local("inner").subscribe("open/#", lambda message: None)
    found = sorted((each.client_id, each.filter, each.connected, each.inner) for each in broker.subscribers("open/x"))
    assert found == [
        ("inner", "open/#", True, True),
        ("kept", "open/#", False, False),
        ("kept", "open/+", False, False),
        ("member", "$share/group/open/x", True, False),
    ]

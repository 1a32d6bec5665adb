"""What is true while an end, a long packet or a review is still being worked off?"""

import pytest

from tests.broker.conftest import ACCESS, by_username, compile_admission
from tests.broker.peer import Peer
from tests.broker.test_ledger import Disk, make_broker
from tests.support.clock import FakeClock
from tests.support.hurried import hurry, turn, work_off
from uns.broker import Broker, Granted, Limits, SubscriptionOptions
from uns.broker.subscriptions import SWEPT_AT_ONCE
from uns.broker.turns import TURN_MS
from uns.mqtt import (
    Disconnect,
    Puback,
    Publish,
    Pubrel,
    ReasonCode,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
)

KEPT = {"session_expiry_interval": 60}
END = Disconnect(0, {"session_expiry_interval": 0})
MANY = [f"open/{number}/#" for number in range(1000)]
SHARE = "$share/g/open/#"
FILLER = "acme/ghent/packaging/line1/filler/temperature"
OPEN_ONLY = ACCESS.replace('subscribe: ["acme/#", "open/#", "+/only", "$SYS/#"]', 'subscribe: ["open/#"]')


class Busy(FakeClock):
    """Each look at it takes a millisecond."""

    def monotonic_ms(self) -> int:
        self.advance(1)
        return super().monotonic_ms()


@pytest.fixture
def limits() -> Limits:
    return Limits(receive_maximum=5)


@pytest.fixture
def hurried(broker: Broker) -> Broker:
    hurry(broker)
    return broker


def join(broker: Broker, name: str, *filters: str, qos: int = 1, **properties: int) -> Peer:
    peer = Peer(broker)
    peer.connect(name, clean=False, properties=properties or None)
    if filters:
        peer.send_subscribe(*filters, qos=qos)
        assert peer.take_one().reason_codes == [qos] * len(filters)
    return peer


def payloads(peer: Peer) -> list[bytes]:
    return [packet.payload for packet in peer.take() if isinstance(packet, Publish)]


ENDS = {
    "goodbye": lambda broker, clock, peer: peer.send(END),
    "loss": lambda broker, clock, peer: (setattr(peer.connection.session, "expiry_s", 0), peer.lose()),
    "clean start": lambda broker, clock, peer: Peer(broker).connect("greedy"),
    "expiry": lambda broker, clock, peer: (peer.lose(), clock.advance(60_000), broker.tick(), turn(broker)),
    "short memory": lambda broker, clock, peer: (peer.lose(), broker.sessions.give_up(broker.sessions.get("greedy"))),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_ended_session_gets_nothing_and_its_name_is_free_at_once(
    hurried: Broker, clock: FakeClock, peer: Peer, how: str
) -> None:
    greedy = join(hurried, "greedy", *MANY, **KEPT)
    dead = greedy.connection.session
    assert dead is not None
    before = hurried.stats.client_bytes
    ENDS[how](hurried, clock, greedy)
    greedy.take()
    table = hurried.door.subscriptions
    assert table.plain_count == len(MANY), "nothing is swept yet"
    assert hurried.stats.client_bytes <= before - sum(map(len, MANY)), "and counts no more"
    again = join(hurried, "greedy", "open/7/#")
    for qos in (0, 1, 2):
        peer.publish("open/8/x", b"8", qos=qos)
        peer.publish("open/7/x", b"7", qos=qos, packet_id=2)
    assert payloads(again) == [b"7"] * 3
    assert payloads(greedy) == []
    assert dead.held_bytes == 0
    assert work_off(hurried) >= len(MANY) // SWEPT_AT_ONCE // TURN_MS
    assert table.plain_count == 1
    peer.publish("open/7/x", b"after")
    assert payloads(again) == [b"after"]


def test_what_is_over_goes_as_fast_as_new_comes(hurried: Broker) -> None:
    """The trie does not grow, although no turn sweeps it."""
    table = hurried.door.subscriptions
    for _ in range(5):
        peer = join(hurried, "greedy", *MANY)
        assert table.plain_count == len(MANY)
        peer.send(END)


def test_a_filter_that_comes_again_before_it_is_swept_stays(hurried: Broker, peer: Peer) -> None:
    quick = join(hurried, "quick", "open/a", SHARE)
    quick.send(Unsubscribe(1, ["open/a", SHARE]), Subscribe(2, [Subscription("open/a"), Subscription(SHARE)]))
    quick.send(Unsubscribe(3, [SHARE]))
    assert [type(each) for each in quick.take()] == [Unsuback, Suback, Unsuback]
    work_off(hurried)
    table = hurried.door.subscriptions
    assert (table.plain_count, table.shared_count) == (1, 0)
    peer.publish("open/a", b"1")
    assert payloads(quick) == [b"1"]


def test_members_that_are_no_more_are_not_asked(hurried: Broker, peer: Peer) -> None:
    """As many of them as are asked at all, before the only one that is left."""
    for number in range(100):
        join(hurried, f"m{number}", SHARE, **KEPT).lose()
    alive = join(hurried, "alive", SHARE)
    for number in range(100):
        hurried.sessions.end(hurried.sessions.get(f"m{number}"))
    for number in range(3):
        peer.publish("open/x", b"%d" % number, qos=1, packet_id=number + 1)
    assert payloads(alive) == [b"0", b"1", b"2"]
    work_off(hurried)
    assert hurried.door.subscriptions.shared_count == 1


def test_what_a_session_leaves_goes_on_in_steps_and_is_no_reason_to_shed(clock: FakeClock) -> None:
    limits = Limits(receive_maximum=5, max_queued_total_bytes=80_000)
    hurried = Broker(compile_admission(), clock, limits=limits, authenticate=by_username)
    hurry(hurried)
    peer = join(hurried, "peer")
    heir = join(hurried, "heir", SHARE, **KEPT)
    heir.lose()
    gone = join(hurried, "gone", "open/#", **KEPT)
    gone.lose()
    for number in range(200):
        peer.publish("open/x", b"%d" % number, qos=1, packet_id=number + 1)
    peer.take()
    held = hurried.sessions.held.bytes
    assert held > limits.max_queued_total_bytes
    hurried.sessions.end(hurried.sessions.get("gone"))
    assert hurried.sessions.held.bytes == held
    hurried.budget.measure()
    assert hurried.stats.queue_shed == 0
    work_off(hurried)
    assert len(hurried.sessions.get("heir").queue) == 200
    assert hurried.sessions.held.bytes == hurried.sessions.queued_bytes == hurried.sessions.get("heir").held_bytes


def test_a_broken_connection_stops_no_unsubscribing(clock: FakeClock, limits: Limits) -> None:
    """What waited by the shared subscription goes to the others, though nobody is there for the UNSUBACK."""
    broker = Broker(compile_admission(), clock, limits=limits, authenticate=by_username)
    peer, leaver = join(broker, "peer"), join(broker, "leaver", SHARE, **KEPT)
    for number in range(200):
        peer.publish("open/x", b"%d" % number, qos=1, packet_id=number + 1)
    heir = join(broker, "heir", SHARE, **KEPT)
    hurry(broker)
    leaver.connection._clock = Busy()
    leaver.take()
    leaver.send(Unsubscribe(1, [SHARE]))
    assert leaver.connection.busy, "it is not done"
    assert leaver.take() == []
    leaver.lose()
    work_off(broker)
    session = heir.connection.session
    assert session is not None
    assert len(session.queue) + len(session.inflight) == 195
    assert not broker.sessions.get("leaver").queue


def test_a_long_subscribe_takes_turns_and_is_answered_once(limits: Limits) -> None:
    broker = Broker(compile_admission(), Busy(), limits=limits, authenticate=by_username)
    peer = Peer(broker)
    peer.connect("p")
    peer.publish("open/7/x", b"kept", retain=True)
    peer.send(Subscribe(1, [Subscription(each) for each in MANY]), Publish("open/8/x", b"behind"))
    turns = 0
    while peer.connection.busy:
        assert peer.take() == [] or turns > 2
        peer.connection.proceed()
        turns += 1
    assert turns > 5
    assert broker.stats.messages_in == 2


def test_a_broken_connection_stops_a_long_subscribe(limits: Limits) -> None:
    broker = Broker(compile_admission(), Busy(), limits=limits, authenticate=by_username)
    peer = Peer(broker)
    peer.connect("p", properties=KEPT)
    peer.send(Subscribe(1, [Subscription(each, 1) for each in MANY]))
    assert peer.connection.busy
    peer.lose()
    session = broker.sessions.get("p")
    assert 0 < len(session.subscriptions) < len(MANY)
    assert broker.door.subscriptions.plain_count == len(session.subscriptions)
    other = join(broker, "other")
    other.publish("open/0/x", b"1", qos=1)
    assert len(session.queue) == 1


def test_under_review_nothing_passes_that_should_not_and_all_that_may(
    hurried: Broker, peer: Peer, limits: Limits
) -> None:
    reader = join(hurried, "reader", "open/x", "acme/#", SHARE, **KEPT, receive_maximum=1)
    for number, topic in enumerate((FILLER, "open/x", FILLER)):
        peer.publish(topic, b'{"value": 1}', qos=1, packet_id=number + 1)
    (sent,) = reader.take()
    hurried.replace_admission(compile_admission(access=OPEN_ONLY))
    reader.send(Puback(sent.packet_id))
    peer.publish(FILLER, b'{"value": 2}')
    peer.publish(FILLER, b'{"value": 2}', qos=1, packet_id=9)
    peer.publish("open/x", b"0")
    peer.publish("open/x", b"last", qos=1, packet_id=9)
    assert set(payloads(reader)) == {b"0"}, "QoS 0 does not wait"
    work_off(hurried)
    got = []
    while packets := [each for each in reader.take() if isinstance(each, Publish)]:
        got += [packet.payload for packet in packets]
        reader.send(*(Puback(packet.packet_id) for packet in packets))
    assert got == [b'{"value": 1}', b'{"value": 1}', b"last", b"last"], "of open/x, by each of two subscriptions"
    assert set(reader.connection.session.subscriptions) == {"open/x", SHARE}


def test_a_review_hands_a_lost_share_to_a_member_that_keeps_it(hurried: Broker, peer: Peer) -> None:
    viewer = Peer(hurried)
    viewer.connect("viewer", username="viewer")
    viewer.send_subscribe("$share/g/acme/#", qos=1)
    loser = join(hurried, "loser", "$share/g/acme/#")
    viewer.take()
    loser.take()
    hurried.replace_admission(compile_admission(access=OPEN_ONLY))
    for number in range(4):
        peer.publish(FILLER, b'{"value": 1}', qos=number % 2, packet_id=number + 1 if number % 2 else None)
    assert payloads(loser) == []
    work_off(hurried)
    assert len(payloads(viewer)) == 4
    assert payloads(loser) == []


@pytest.mark.parametrize("is_hurried", [False, True])
def test_a_client_that_returns_with_another_role_hears_connack_first(clock: FakeClock, is_hurried: bool) -> None:
    """Whether the review of its subscriptions is over by then or not."""
    roles = ["engineer"]
    broker = Broker(compile_admission(), clock, authenticate=lambda _, answer: answer(Granted("one", roles[-1])))
    if is_hurried:
        hurry(broker)
    publisher, reader = join(broker, "publisher"), join(broker, "reader", FILLER, "open/x", **KEPT)
    for number in range(2):
        publisher.publish(FILLER, b'{"value": %d}' % number, qos=1, packet_id=1)
        publisher.publish("open/x", b"lost", qos=1, packet_id=2)
        reader.take()
        reader.lose()
    roles.append("viewer")
    again = Peer(broker)
    assert again.connect("reader", clean=False, properties=KEPT).session_present
    work_off(broker)
    assert [each.payload for each in again.backlog] + payloads(again) == [b'{"value": 0}', b'{"value": 1}']


def test_what_is_left_is_passed_on_before_a_stop(hurried: Broker, peer: Peer) -> None:
    heir = join(hurried, "heir", SHARE, **KEPT)
    heir.lose()
    gone = join(hurried, "gone", SHARE, receive_maximum=1)
    for number in range(5):
        peer.publish("open/x", b"%d" % number, qos=1, packet_id=number + 1)
    gone.take()
    hurried.shut_down()
    assert len(hurried.sessions.get("heir").queue) == 5


def test_a_second_review_takes_the_place_of_the_first(hurried: Broker, peer: Peer) -> None:
    reader = join(hurried, "reader", "acme/#", **KEPT)
    hurried.replace_admission(compile_admission(access=OPEN_ONLY))
    hurried.replace_admission(compile_admission())
    work_off(hurried)
    peer.publish(FILLER, b'{"value": 1}', qos=1)
    assert payloads(reader) == [b'{"value": 1}']


def test_a_retained_message_that_is_owed_waits_for_the_review(hurried: Broker, peer: Peer) -> None:
    peer.publish(FILLER, b'{"value": 1}', retain=True)
    peer.publish("open/x", b"1", retain=True)
    reader = join(hurried, "reader")
    reader.connection.congested = True
    reader.send_subscribe("open/#", "acme/#", qos=1)
    hurried.replace_admission(compile_admission(access=OPEN_ONLY))
    reader.connection.congested = False
    reader.connection.proceed()
    assert payloads(reader) == []
    work_off(hurried)
    reader.connection.proceed()
    assert payloads(reader) == [b"1"]


def test_a_crash_while_messages_are_passed_on_loses_none(clock: FakeClock, limits: Limits) -> None:
    broker = make_broker(clock, limits)
    hurry(broker)
    disk = Disk(broker)
    peers = [Peer(broker) for _ in range(3)]
    for number, peer in enumerate(peers):
        peer.connect(f"m{number}", properties=KEPT)
    peers[0].send_subscribe(SHARE, qos=1)
    for number in range(40):
        peers[2].publish("open/x", b"%d" % number, qos=1, packet_id=number + 1)
        disk.write()
        peers[2].take()
    peers[1].send_subscribe(SHARE, qos=1)
    peers[0].send(END)
    broker.turns._unfinished[0].__next__()
    disk.write()
    assert 0 < len(broker.sessions.get("m1").queue) < 35, "some of it is passed on"
    again = make_broker(clock, limits)
    again.restore(disk.snapshot())
    heir = again.sessions.get("m1")
    assert sorted(int(each.message.payload) for each in (*heir.inflight.values(), *heir.queue)) == list(range(40))
    assert again.sessions.get("m0") is None
    after = Disk(again)
    after.__dict__.update({name: each for name, each in disk.__dict__.items() if name != "ledger"})
    after.write()
    assert {each.session for each in after.deliveries.values()} == {heir.number}


def test_what_is_sent_while_a_session_leaves_the_disk_goes_to_nobody_else_after_a_crash(
    clock: FakeClock, limits: Limits
) -> None:
    """[MQTT-4.8.2-5], when a kept session is taken up by a connection that it ends with."""
    broker = make_broker(clock, limits)
    disk = Disk(broker)
    member, publisher, heir = Peer(broker), Peer(broker), Peer(broker)
    for name, peer in (("member", member), ("publisher", publisher), ("heir", heir)):
        peer.connect(name, properties=KEPT)
    member.send_subscribe(SHARE, qos=2)
    member.lose()
    publisher.publish("open/x", b"1", qos=2)
    publisher.send(Pubrel(1))
    heir.send_subscribe(SHARE, qos=2)
    disk.write()
    hurry(broker)
    again = Peer(broker)
    again.connect("member", clean=False)
    disk.write()
    assert payloads(again) + [each.payload for each in again.backlog] == [b"1"]
    restarted = make_broker(clock, limits)
    restarted.restore(disk.snapshot())
    session = restarted.sessions.get("heir")
    assert not session.held_bytes


def test_options_of_the_last_subscribe_count(hurried: Broker) -> None:
    reader = join(hurried, "reader", "open/a", qos=0)
    reader.send(Unsubscribe(1, ["open/a"]))
    reader.send_subscribe("open/a", qos=2)
    work_off(hurried)
    assert reader.connection.session.subscriptions == {"open/a": SubscriptionOptions(2)}


def test_unsubscribing_twice_in_one_packet_is_told(peer: Peer) -> None:
    peer.subscribe("open/a")
    peer.send(Unsubscribe(1, ["open/a", "open/a", "open/b"]))
    none = ReasonCode.NO_SUBSCRIPTION_EXISTED
    assert peer.take_one().reason_codes == [0, none, none]

"""Nothing is acknowledged before it is kept: what waits for which batch, and what never needs the disk."""

import pytest

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Batch, Broker, Limits, Reading, Retained, SessionRow, Snapshot, Urgency, Will
from uns.errors import Finding
from uns.mqtt import (
    Connack,
    ConnectWill,
    Disconnect,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Unsuback,
    Unsubscribe,
)

KEPT = {"session_expiry_interval": 60}
FULL = Finding(id="storage.write_failed", what="the message cannot be kept: the disk is full.", hint="Free space.")


class Disk:
    """Writes the batches of a broker into memory, when it is told to."""

    def __init__(self, broker: Broker) -> None:
        self.ledger = broker.ledger
        self.sessions: dict[int, SessionRow] = {}
        self.subscriptions: dict = {}
        self.messages: dict = {}
        self.deliveries: dict = {}
        self.taken: set = set()
        self.wills: dict[str, Will] = {}
        self.retained: dict[str, Retained] = {}
        self.clock: Reading | None = None
        self.writes = 0

    def take(self) -> Batch | None:
        return self.ledger.take()

    def write(self) -> None:
        batch = self.ledger.take()
        if batch is not None:
            self.apply(batch)
            self.ledger.settled(batch)

    def apply(self, batch: Batch) -> None:
        self.writes += 1
        self.clock = batch.clock
        for key, options in batch.subscriptions.items():
            _put(self.subscriptions, key, options)
        for number, session in batch.sessions.items():
            _put(self.sessions, number, session)
            if session is None:
                self.subscriptions = {key: each for key, each in self.subscriptions.items() if key[0] != number}
                self.taken = {key for key in self.taken if key[0] != number}
        for stored in batch.messages:
            self.messages[stored.number] = stored.message
        for delivery in batch.deliveries:
            assert not delivery.shared or delivery.shared in self.messages
            self.deliveries[delivery.number] = delivery
        for number in batch.messages_done:
            del self.messages[number]
        for number in batch.deliveries_done:
            del self.deliveries[number]
        for key, is_taken in batch.taken.items():
            if is_taken and batch.sessions.get(key[0], True) is not None:
                self.taken.add(key)
            else:
                self.taken.discard(key)
        for client_id, will in batch.wills.items():
            _put(self.wills, client_id, will)
        for topic, retained in batch.retained.items():
            _put(self.retained, topic, retained)

    def snapshot(self) -> Snapshot:
        return Snapshot(
            list(self.sessions.values()),
            [(*key, options) for key, options in self.subscriptions.items()],
            dict(self.messages),
            [self.deliveries[number] for number in sorted(self.deliveries)],
            sorted(self.taken),
            list(self.wills.values()),
            list(self.retained.values()),
            self.clock,
        )


def _put(table: dict, key, value) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def make_broker(clock: FakeClock, limits: Limits) -> Broker:
    return Broker(compile_admission(), clock, limits=limits, authenticate=by_username, keeps=True)


@pytest.fixture
def broker(clock: FakeClock, limits: Limits) -> Broker:
    return make_broker(clock, limits)


@pytest.fixture
def disk(broker: Broker) -> Disk:
    return Disk(broker)


@pytest.fixture
def restarted(broker: Broker, disk: Disk, clock: FakeClock, limits: Limits):
    """The broker after a crash: only what the disk took is left."""

    def restart() -> Broker:
        again = make_broker(clock, limits)
        again.restore(disk.snapshot())
        return again

    return restart


@pytest.fixture
def sleeper(broker: Broker, disk: Disk) -> Peer:
    """A client that subscribed to open/# at QoS 2, and whose session stays; it is connected."""
    sleeper = Peer(broker)
    sleeper.connect("sleeper", properties=KEPT)
    sleeper.send_subscribe("open/#", qos=2)
    disk.write()
    assert isinstance(sleeper.take_one(), Suback)
    sleeper.connection.proceed()  # as the server does: there are no retained messages to be sent
    return sleeper


# --- what waits ---------------------------------------------------------------------------------------------------


def test_a_publish_that_nobody_keeps_is_acknowledged_at_once(broker: Broker, peer: Peer) -> None:
    peer.publish("open/x", qos=1)
    assert peer.take_one() == Puback(1)
    assert broker.ledger.urgency is Urgency.NONE


def test_a_retained_message_is_acknowledged_when_it_is_on_disk(peer: Peer, disk: Disk) -> None:
    peer.publish("open/x", b"1", qos=1, retain=True)
    assert peer.take() == []
    disk.write()
    assert peer.take_one() == Puback(1)
    assert disk.retained["open/x"].message.payload == b"1"


def test_a_retained_message_of_qos_0_is_written_without_hurry(broker: Broker, peer: Peer, disk: Disk) -> None:
    for value in (b"1", b"2", b"3"):
        peer.publish("open/x", value, retain=True)
    assert broker.ledger.urgency is Urgency.LAZY
    disk.write()
    assert (disk.writes, disk.retained["open/x"].message.payload) == (1, b"3")


def test_a_cleared_message_leaves_the_disk(peer: Peer, disk: Disk) -> None:
    peer.publish("open/x", b"1", qos=1, retain=True)
    disk.write()
    peer.publish("open/x", b"", qos=1, retain=True)
    disk.write()
    assert disk.retained == {}
    assert peer.take() == [Puback(1), Puback(1)]


@pytest.mark.parametrize("qos", [1, 2])
def test_a_message_for_a_sleeping_session_is_acknowledged_when_it_is_on_disk(peer, sleeper, disk, qos) -> None:
    sleeper.lose()
    peer.publish("open/x", b"1", qos=qos, packet_id=1)
    assert peer.take() == []
    disk.write()
    assert peer.take_one() == (Puback(1) if qos == 1 else Pubrec(1))
    assert [delivery.qos for delivery in disk.deliveries.values()] == [qos]


def test_acknowledgements_keep_their_order(peer: Peer, sleeper: Peer, disk: Disk) -> None:
    """MQTT-4.6.0-2: one that need not wait does not overtake one that must."""
    peer.publish("open/kept", b"1", qos=1, packet_id=1, retain=True)
    peer.publish("acme/ghent/packaging/line1/filler/temperature", b'{"value": 1}', qos=1, packet_id=2)
    assert peer.take() == []
    disk.write()
    assert peer.take() == [Puback(1), Puback(2)]


def test_a_subscriber_that_is_quicker_than_the_disk_makes_the_write_needless(broker, peer, sleeper, disk) -> None:
    writes = disk.writes
    peer.publish("open/x", qos=1)
    assert broker.ledger.urgency is Urgency.SOON
    sleeper.send(Puback(sleeper.take_one().packet_id))
    assert peer.take_one() == Puback(1)
    disk.write()
    assert (disk.deliveries, disk.messages) == ({}, {})
    assert disk.writes == writes + 1


def test_a_subscriber_that_acknowledges_while_the_batch_is_written_frees_the_publisher(peer, sleeper, disk) -> None:
    peer.publish("open/x", qos=1)
    batch = disk.take()
    sleeper.send(Puback(sleeper.take_one().packet_id))
    assert peer.take_one() == Puback(1)
    disk.apply(batch)
    disk.ledger.settled(batch)
    disk.write()
    assert (disk.deliveries, disk.messages) == ({}, {})
    assert peer.take() == []


def test_a_message_for_many_sessions_is_stored_once(broker: Broker, peer: Peer, disk: Disk) -> None:
    for name in ("a", "b", "c"):
        client = Peer(broker)
        client.connect(name, properties=KEPT)
        client.send_subscribe("open/#", qos=1)
        client.lose()
    peer.publish("open/x", qos=1)
    disk.write()
    assert (len(disk.messages), len(disk.deliveries)) == (1, 3)
    for name in ("a", "b", "c"):
        Peer(broker).send_connect(name)  # a clean start
        disk.write()
    assert (len(disk.messages), len(disk.deliveries)) == (0, 0)


def test_subscribing_and_unsubscribing_are_acknowledged_when_they_are_on_disk(broker: Broker, disk: Disk) -> None:
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    client.send_subscribe("open/#", qos=1)
    assert client.take() == []
    disk.write()
    assert client.take_one() == Suback(7, [1], None)
    client.send(Unsubscribe(8, ["open/#"], None))
    assert client.take() == []
    disk.write()
    assert client.take_one() == Unsuback(8, [0], None)
    assert disk.subscriptions == {}


def test_qos_2_is_sent_when_its_packet_id_is_on_disk(peer: Peer, sleeper: Peer, disk: Disk) -> None:
    peer.publish("open/x", b"1", qos=2, packet_id=9)
    assert sleeper.take() == []
    disk.write()
    publish = sleeper.take_one()
    sleeper.send(Pubrec(publish.packet_id))
    assert sleeper.take() == []  # PUBREL promises that it will never be sent again
    disk.write()
    assert sleeper.take_one() == Pubrel(publish.packet_id)
    sleeper.send(Pubcomp(publish.packet_id))
    disk.write()
    assert (disk.deliveries, disk.messages) == ({}, {})


def test_pubcomp_waits_until_the_packet_id_is_free_on_disk(broker: Broker, disk: Disk) -> None:
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    client.publish("open/x", qos=2, packet_id=3)
    disk.write()
    assert client.take_one() == Pubrec(3)
    assert len(disk.taken) == 1
    client.send(Pubrel(3))
    assert client.take() == []
    disk.write()
    assert client.take_one() == Pubcomp(3)
    assert disk.taken == set()


def test_a_repeated_qos_2_message_is_acknowledged_once_the_first_is_on_disk(broker: Broker, disk: Disk) -> None:
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    client.publish("open/x", qos=2, packet_id=3)
    client.publish("open/x", qos=2, packet_id=3, dup=True)
    assert client.take() == []
    disk.write()
    assert client.take() == [Pubrec(3), Pubrec(3)]


def test_a_repeated_message_of_a_session_that_is_kept_no_more_waits_too(broker: Broker, disk: Disk) -> None:
    """What the first one noted is not on disk: it was sent for a session that was kept."""
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    client.publish("open/x", b"1", qos=2, packet_id=3, retain=True)
    batch = disk.take()
    again = Peer(broker)
    again.connect("s", clean=False)
    again.publish("open/x", b"1", qos=2, packet_id=3, retain=True, dup=True)
    assert again.take() == []
    disk.apply(batch)
    broker.ledger.settled(batch)
    disk.write()
    assert again.take_one() == Pubrec(3)


def test_a_clean_start_waits_until_the_old_session_is_gone(broker: Broker, sleeper: Peer, disk: Disk) -> None:
    sleeper.lose()
    again = Peer(broker)
    again.send_connect("sleeper")
    assert again.take() == []
    disk.write()
    assert not again.take_one().session_present
    assert (disk.sessions, disk.subscriptions) == ({}, {})


def test_too_many_unacknowledged_messages_of_qos_1_are_refused(peer: Peer, broker: Broker) -> None:
    for number in range(1, broker.limits.receive_maximum + 2):
        peer.publish("open/x", qos=1, packet_id=number, retain=True)
    assert peer.take_one().reason_code == 0x93
    assert peer.is_closed


# --- after a crash ------------------------------------------------------------------------------------------------


def test_retained_messages_come_back(peer: Peer, disk: Disk, restarted) -> None:
    properties = {"user_property": [("batch", "4711")], "content_type": "text/plain", "correlation_data": b"\0\1"}
    peer.publish("open/x", b"1", qos=1, retain=True, properties=properties)
    disk.write()
    reader = Peer(restarted())
    reader.connect("reader")
    reader.subscribe("open/#")
    assert reader.backlog == [Publish("open/x", b"1", 0, True, properties=properties)]


def test_a_session_comes_back_with_what_waited_in_order(broker, peer, sleeper, disk, clock, restarted) -> None:
    peer.publish("open/x", b"in flight", qos=1, packet_id=1)
    sleeper.lose()
    for number in range(2, 5):
        peer.publish("open/x", str(number).encode(), qos=1, packet_id=number)
    disk.write()
    again = Peer(restarted())
    assert again.connect("sleeper", clean=False, properties=KEPT).session_present
    assert [(each.payload, each.dup) for each in again.backlog] == [
        (b"in flight", True),
        (b"2", False),
        (b"3", False),
        (b"4", False),
    ]
    again.send(*(Puback(each.packet_id) for each in again.backlog))
    again.publish("open/y", b"still subscribed")
    assert [each.payload for each in again.take()] == [b"still subscribed"]


def test_qos_2_goes_on_where_it_was(peer: Peer, sleeper: Peer, disk: Disk, restarted) -> None:
    for number in (1, 2):
        peer.publish("open/x", str(number).encode(), qos=2, packet_id=number)
    disk.write()
    first, second = sleeper.take()
    sleeper.send(Pubrec(first.packet_id))
    disk.write()
    again = Peer(restarted())
    again.connect("sleeper", clean=False, properties=KEPT)
    assert again.backlog[0] == Pubrel(first.packet_id)
    assert [(each.packet_id, each.dup, each.payload) for each in again.backlog[1:]] == [(second.packet_id, True, b"2")]


def test_a_qos_2_message_repeated_after_the_crash_is_not_delivered_again(broker, sleeper, disk, restarted) -> None:
    sleeper.lose()
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    client.publish("open/x", b"once", qos=2, packet_id=3)
    disk.write()
    after = restarted()
    again = Peer(after)
    again.connect("s", clean=False, properties=KEPT)
    again.publish("open/x", b"once", qos=2, packet_id=3, dup=True)
    assert again.take_one() == Pubrec(3)
    assert len(after.sessions.get("sleeper").queue) == 1


def test_what_waits_after_its_batch_holds_no_promise(peer: Peer, sleeper: Peer, disk: Disk, broker: Broker) -> None:
    sleeper.lose()
    peer.publish("open/x", b"1", qos=1)
    (waiting,) = broker.sessions.get("sleeper").queue
    assert waiting.promise is not None
    disk.write()
    assert waiting.promise is None


def test_a_message_expires_on_time_across_the_crash(peer, sleeper, disk, clock, restarted) -> None:
    sleeper.lose()
    peer.publish("open/x", b"1", qos=1, properties={"message_expiry_interval": 10})
    disk.write()
    after = restarted()
    clock.advance(4_000)
    again = Peer(after)
    again.connect("sleeper", clean=False, properties=KEPT)
    assert again.backlog[0].properties == {"message_expiry_interval": 6}


def test_a_session_expires_counting_from_when_its_client_left(sleeper: Peer, disk: Disk, clock, restarted) -> None:
    sleeper.lose()
    disk.write()
    clock.advance(59_000)
    after = restarted()
    assert after.stats.sessions == 1
    clock.advance(1_000)
    after.tick()
    assert after.stats.sessions == 0


def test_a_session_that_was_connected_at_the_crash_has_its_whole_time(sleeper, disk, clock, restarted) -> None:
    clock.advance(600_000)
    after = restarted()
    after.tick()
    assert after.stats.sessions == 1


def test_a_session_without_expiry_leaves_nothing(broker: Broker, sleeper: Peer, disk: Disk) -> None:
    sleeper.send(Disconnect(0, {"session_expiry_interval": 0}))
    disk.write()
    assert (disk.sessions, disk.subscriptions, disk.deliveries) == ({}, {}, {})


def test_a_session_of_another_user_stays_closed_after_the_crash(broker: Broker, disk: Disk, restarted) -> None:
    client = Peer(broker)
    client.connect("s", username="engineer", properties=KEPT)
    disk.write()
    thief = Peer(restarted())
    assert thief.connect("s", username="viewer", clean=False).reason_code == 0x85


def test_numbers_are_not_given_twice(broker: Broker, peer: Peer, sleeper: Peer, disk: Disk, restarted) -> None:
    sleeper.lose()
    peer.publish("open/x", b"1", qos=1)
    disk.write()
    after = restarted()
    disk.ledger = after.ledger
    publisher = Peer(after)
    publisher.connect("p")
    publisher.publish("open/x", b"2", qos=1)
    disk.write()
    assert sorted(delivery.message.payload for delivery in disk.deliveries.values()) == [b"1", b"2"]


# --- the disk refuses -----------------------------------------------------------------------------------------------


def test_answers_that_were_given_are_not_counted_as_owed(peer: Peer, disk: Disk) -> None:
    peer.publish("open/x", b"1", qos=1, packet_id=1, retain=True)
    peer.publish("open/x", b"2", qos=2, packet_id=2, retain=True)
    peer.publish("open/x", b"3", qos=1, packet_id=3, retain=True)
    assert peer.connection.unacknowledged == 3
    batch = disk.take()
    disk.ledger.failed(batch, FULL)
    assert [type(each) for each in peer.take()] == [Puback, Puback]
    assert peer.connection.unacknowledged == 1
    disk.apply(batch)
    disk.ledger.settled(batch)
    assert peer.take() == [Pubrec(2)]
    assert peer.connection.owed_pubacks == 0


@pytest.fixture
def failed(broker: Broker, peer: Peer, disk: Disk) -> Batch:
    """A batch with one retained message at QoS 1 that the disk did not take."""
    peer.publish("open/x", b"1", qos=1, retain=True)
    batch = disk.take()
    broker.ledger.failed(batch, FULL)
    return batch


def test_who_waits_is_told_and_the_batch_is_written_later(peer: Peer, disk: Disk, failed: Batch) -> None:
    refused = peer.take_one()
    assert refused.reason_code == 0x97
    assert "the disk is full" in refused.properties["reason_string"]
    assert peer.broker.stats.publishes_unkept == 1
    disk.apply(failed)
    disk.ledger.settled(failed)
    assert peer.take() == []
    assert disk.retained["open/x"].message.payload == b"1"


def test_what_must_be_kept_is_refused_and_the_rest_goes_on(broker: Broker, peer: Peer, failed: Batch) -> None:
    peer.take()
    peer.publish("open/x", b"2", qos=1, retain=True)
    assert peer.take_one().reason_code == 0x97
    assert broker.current("open/x").payload == b"1"
    peer.publish("open/y", b"2", qos=1)
    assert peer.take_one() == Puback(1)
    assert broker.stats.publishes_unkept == 2


def test_a_subscription_that_must_be_kept_is_refused(broker: Broker, failed: Batch) -> None:
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    client.send_subscribe("open/#", qos=1)
    assert client.take_one().reason_codes == [0x97]


def test_a_client_of_3_1_1_is_cut_rather_than_lied_to(broker: Broker, failed: Batch) -> None:
    old = Peer(broker, 4)
    old.connect("old")
    old.publish("open/x", b"2", qos=1, retain=True)
    assert old.take() == []
    assert old.is_closed


def test_everything_works_again_when_the_disk_does(broker: Broker, peer: Peer, disk: Disk, failed: Batch) -> None:
    peer.take()
    disk.apply(failed)
    disk.ledger.settled(failed)
    peer.publish("open/x", b"2", qos=1, retain=True)
    disk.write()
    assert peer.take_one() == Puback(1)
    assert disk.retained["open/x"].message.payload == b"2"


def test_when_kept_tells_whoever_has_no_connection(broker: Broker, disk: Disk) -> None:
    from uns.link import Message

    told = []
    broker.publish(Message("open/x", b"1", 1, True), "engineer")
    broker.when_kept(told.append)
    assert told == []
    disk.write()
    assert told == [None]
    broker.publish(Message("open/y", b"1", 1), "engineer")
    broker.when_kept(told.append)
    assert told == [None, None]


def test_qos_2_of_a_kept_session_is_refused_rather_than_left_waiting(broker: Broker, failed: Batch) -> None:
    """Its packet id could not be kept."""
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    client.publish("open/y", qos=2, packet_id=5)
    assert client.take_one().reason_code == 0x97
    client.publish("open/y", qos=2, packet_id=5)
    assert client.take_one().reason_code == 0x97


def test_qos_2_that_nobody_keeps_goes_on(broker: Broker, other: Peer, failed: Batch) -> None:
    other.publish("open/y", qos=2, packet_id=5)
    assert other.take_one() == Pubrec(5)
    other.send(Pubrel(5))
    assert other.take_one() == Pubcomp(5)


def test_unsubscribing_goes_on(broker: Broker, disk: Disk, peer: Peer, sleeper: Peer) -> None:
    peer.publish("open/x", b"1", qos=1, packet_id=1, retain=True)
    broker.ledger.failed(disk.take(), FULL)
    sleeper.take()
    sleeper.send(Unsubscribe(8, ["open/#"], None))
    assert sleeper.take_one() == Unsuback(8, [0], None)


def test_a_clean_start_that_cannot_be_kept_is_refused(broker: Broker, disk: Disk, peer: Peer, sleeper: Peer) -> None:
    """Else the session that it ended would be back after a crash."""
    sleeper.lose()
    peer.publish("open/x", b"1", qos=1, packet_id=1, retain=True)
    broker.ledger.failed(disk.take(), FULL)
    refused = Peer(broker).connect("sleeper", clean=True)
    assert refused.reason_code == 0x97
    assert "disk is full" in refused.properties["reason_string"]


def test_who_came_while_the_disk_was_failing_is_told_too(broker: Broker, disk: Disk, peer: Peer, other: Peer) -> None:
    peer.publish("open/x", b"1", qos=1, retain=True)
    batch = disk.take()
    other.publish("open/y", b"1", qos=1, retain=True)
    broker.ledger.failed(batch, FULL)
    assert other.take_one().reason_code == 0x97


def test_answers_pass_those_of_other_kinds_that_are_stuck(broker: Broker, disk: Disk) -> None:
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    disk.write()
    client.publish("open/x", qos=2, packet_id=1)
    broker.ledger.failed(disk.take(), FULL)
    client.publish("open/y", qos=1, packet_id=2)
    assert client.take() == [Puback(2)]


def test_what_a_client_is_owed_does_not_hold_up_what_it_gets(broker: Broker, disk: Disk, other: Peer) -> None:
    both = Peer(broker, 4)
    both.connect("both")
    both.subscribe("open/in", qos=1)
    both.publish("open/kept", qos=1, packet_id=1, retain=True)
    broker.ledger.failed(disk.take(), FULL)
    other.publish("open/in", b"live", qos=1)
    assert both.take_one().payload == b"live"


# --- order, and what goes wrong ---------------------------------------------------------------------------------------


def test_nothing_is_published_to_a_client_before_its_connack(broker: Broker, disk: Disk, other: Peer) -> None:
    """MQTT-3.2.0-1, also when the take-over publishes a will that must be kept."""
    first = Peer(broker)
    first.connect("a", properties=KEPT, will=ConnectWill("open/will", b"gone", 1, True))
    first.send_subscribe("open/#")
    disk.write()
    second = Peer(broker)
    second.send_connect("a", clean=False, properties=KEPT)
    other.publish("open/x", b"early")
    disk.write()
    connack, *messages = second.take()
    assert isinstance(connack, Connack)
    assert [each.payload for each in messages] == [b"gone", b"early"]


def test_a_refused_message_of_qos_2_waits_for_nothing(broker: Broker, disk: Disk) -> None:
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    disk.write()
    client.publish("acme/nowhere", qos=2, packet_id=1)
    assert client.take_one().reason_code == 0x90
    assert broker.ledger.urgency is Urgency.NONE


def test_an_answer_that_fails_holds_up_no_other(clock: FakeClock, limits: Limits) -> None:
    defects: list[str] = []
    broker = Broker(
        compile_admission(),
        clock,
        limits=limits,
        authenticate=by_username,
        keeps=True,
        on_defect=lambda what, topic, error: defects.append(f"{what}: {error}"),
    )
    disk = Disk(broker)
    bad, good = Peer(broker), Peer(broker)
    bad.connect("bad")
    good.connect("good")
    bad.publish("open/x", qos=1, retain=True)
    good.publish("open/y", qos=1, retain=True)

    def fail() -> None:
        raise ValueError("too long")

    broker.ledger._promises[0].on_kept = fail
    disk.write()
    assert good.take_one() == Puback(1)
    assert defects == ["an answer that waited for the disk failed: too long"]


def test_a_client_id_too_long_for_its_notices_gets_none(clock: FakeClock) -> None:
    broker = make_broker(clock, Limits(max_client_id_bytes=65_535))
    watcher, client = Peer(broker), Peer(broker)
    watcher.connect("watcher", username="admin")
    watcher.subscribe("$uns/rejected/#")
    client.connect("+" * 30_000)
    client.publish("acme/nowhere")
    client.publish("open/x", qos=1)
    assert client.take_one() == Puback(1)
    assert watcher.take() == []


def test_a_clock_set_back_between_two_runs_makes_no_session_older(sleeper: Peer, disk: Disk, clock, restarted) -> None:
    sleeper.lose()
    disk.write()
    clock.set_wall(clock.wall_ms() - 86_400_000)
    after = restarted()
    clock.advance(60_000)
    after.tick()
    assert after.stats.sessions == 0


HOUR_MS = 3_600_000


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS])
def test_a_clock_set_while_the_broker_runs_moves_nothing_in_the_next_run(
    sleeper: Peer, broker: Broker, disk: Disk, clock: FakeClock, restarted, jump_ms: int
) -> None:
    publisher = Peer(broker)
    publisher.connect("p")
    sleeper.lose()
    for topic in ("open/kept", "open/queued"):
        retain = topic == "open/kept"
        publisher.publish(topic, qos=1, retain=retain, properties={"message_expiry_interval": 50})
    disk.write()
    clock.advance(10_000)
    clock.set_wall(clock.wall_ms() + jump_ms)
    broker.tick()
    assert broker.ledger.urgency is Urgency.LAZY
    disk.write()
    broker.tick()
    assert broker.ledger.urgency is Urgency.NONE
    clock.advance(20_000)
    after = restarted()
    session = after.sessions.get("sleeper")
    assert {each.expires_ms for each in session.queue} == {clock.monotonic_ms() + 20_000}
    clock.advance(19_999)
    after.tick()
    assert len(list(after.retained("open/kept"))) == 1
    clock.advance(1)
    assert list(after.retained("open/kept")) == []
    clock.advance(9_999)
    after.tick()
    assert after.sessions.get("sleeper") is session
    assert after.clients()[0].since_ms == clock.wall_ms() - 59_999
    clock.advance(1)
    after.tick()
    assert after.sessions.get("sleeper") is None


def test_the_time_in_which_nobody_ran_counts_also_when_the_machine_started_anew(
    sleeper: Peer, disk: Disk, clock: FakeClock, limits: Limits
) -> None:
    sleeper.lose()
    disk.write()
    for gone_ms in (20_000, 30_000):
        clock.advance(gone_ms)
        clock = FakeClock(clock.wall_ms(), monotonic_ms=7)
        after = make_broker(clock, limits)
        after.restore(disk.snapshot())
        disk.ledger = after.ledger
        disk.write()
    clock.advance(9_999)
    after.tick()
    assert after.stats.sessions == 1
    clock.advance(1)
    after.tick()
    assert after.stats.sessions == 0


def test_what_was_written_before_the_disk_had_a_clock_is_in_utc(sleeper: Peer, disk: Disk, clock, restarted) -> None:
    sleeper.lose()
    disk.write()
    disk.clock = None
    clock.advance(59_999)
    after = restarted()
    assert after.stats.sessions == 1
    clock.advance(1)
    after.tick()
    assert after.stats.sessions == 0


@pytest.mark.parametrize("how", ["goodbye", "take-over"])
def test_a_session_said_to_be_gone_is_gone_on_disk(broker: Broker, disk: Disk, sleeper: Peer, how: str) -> None:
    if how == "goodbye":
        sleeper.send(Disconnect(0, {"session_expiry_interval": 0}))
    else:
        Peer(broker).send_connect("sleeper", clean=True)
    again = Peer(broker)
    again.send_connect("sleeper", clean=False)
    assert again.take() == []
    disk.write()
    assert not again.take_one().session_present
    assert disk.sessions == {}


def test_a_resumed_session_expires_from_the_restart(
    broker: Broker, disk: Disk, sleeper: Peer, clock, restarted
) -> None:
    sleeper.lose()
    disk.write()
    clock.advance(59_000)
    again = Peer(broker)
    again.connect("sleeper", clean=False, properties=KEPT)
    assert broker.ledger.urgency is Urgency.SOON
    disk.write()
    after = restarted()
    clock.advance(30_000)
    after.tick()
    assert after.stats.sessions == 1


def test_the_will_of_a_client_that_was_never_let_in_is_not_published(broker: Broker, disk: Disk, sleeper: Peer) -> None:
    sleeper.lose()
    waiting = Peer(broker)
    waiting.send_connect("sleeper", will=ConnectWill("open/will", b"gone", 0, True))
    waiting.lose()
    disk.write()
    assert list(broker.retained("open/will")) == []


def test_a_connection_that_is_gone_is_held_by_no_promise(broker: Broker, disk: Disk) -> None:
    """While the disk refuses, connections that come and go would pile up."""
    client = Peer(broker)
    client.connect("s", properties=KEPT)
    client.publish("open/x", qos=2, packet_id=1)
    client.lose()
    assert [promise.on_kept for promise in broker.ledger._promises] == [None]

"""What is written comes back whole, and what ended is gone."""

import sqlite3
from importlib import resources

import msgspec
import pytest

from uns.broker import (
    Batch,
    Delivery,
    Publisher,
    Reading,
    Retained,
    SessionRow,
    StoredMessage,
    SubscriptionOptions,
    Will,
)
from uns.link import Message
from uns.persistence import BrokerStore, rows

PROPERTIES = {"user_property": [("a", "1"), ("a", "2")], "correlation_data": b"\0\xff", "message_expiry_interval": 9}
SESSION = SessionRow(1, "robot \N{ROBOT FACE}", "alice", "engineer", 0xFFFFFFFF, 1_790_000_000_000)
OPTIONS = SubscriptionOptions(2, True, True, 1, 268_435_455)
MESSAGE = Message("a/\N{DEGREE SIGN}", b"\0\xff", 2, True, PROPERTIES, "plc", 1_790_000_000_001)
DELIVERY = Delivery(3, 1, None, 2, 2, True, 65_535, True, (1, 2), "$share/g/a", 1_790_000_000_002)
WILL = Will(Publisher("robot", "device", "192.0.2.1:4711", "MQTT 5.0 over TLS"), "alice", MESSAGE, 5, 1_790_000_000_004)
ALONE = Delivery(4, 1, MESSAGE, 0, 1, False, 0, False, (), "", None)
BODY = (
    "9b040197a4612fc2b0c40200ff02c383ad757365725f70726f70657274799292a161a13192a161a132b0636f7272656c6174696f6e5f64617461"
    "c40200ffb76d6573736167655f6578706972795f696e74657276616c09a3706c63cf000001a0c4506c010001c200c290a0c0"
)


def batch(**changes) -> Batch:
    empty = {
        "sessions": {},
        "subscriptions": {},
        "messages": [],
        "messages_done": [],
        "deliveries": [],
        "deliveries_done": [],
        "taken": {},
        "wills": {},
        "retained": {},
        "promises": [],
        "clock": Reading(1_790_000_000_004, 1_790_003_600_004),
    }
    return Batch(**empty | changes)


FULL = batch(
    sessions={1: SESSION},
    subscriptions={(1, "a/#"): OPTIONS},
    messages=[StoredMessage(2, MESSAGE)],
    deliveries=[DELIVERY, ALONE],
    taken={(1, 7): True},
    wills={WILL.client_id: WILL},
    retained={MESSAGE.topic: Retained(MESSAGE, 1_790_000_000_003)},
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "broker.db"


@pytest.fixture
def reopened(path):
    """What the next run finds after these batches."""

    def reopen(*batches: Batch):
        store = BrokerStore(path)
        for each in batches:
            store.write(each)
        store.close()
        again = BrokerStore(path)
        snapshot = again.load()
        retained = list(snapshot.retained)
        again.close()
        return snapshot, retained

    return reopen


def test_everything_comes_back(reopened) -> None:
    snapshot, retained = reopened(FULL)
    assert snapshot.sessions == [SESSION]
    assert snapshot.subscriptions == [(1, "a/#", OPTIONS)]
    assert snapshot.messages == {2: MESSAGE}
    assert snapshot.deliveries == [DELIVERY, ALONE]
    assert snapshot.taken == [(1, 7)]
    assert snapshot.wills == [WILL]
    assert snapshot.clock == FULL.clock
    assert retained == [Retained(MESSAGE, 1_790_000_000_003)]


def test_what_is_none_any_more_is_gone(reopened) -> None:
    ended = batch(
        sessions={1: None},
        messages_done=[2],
        deliveries_done=[3, 4],
        taken={(1, 8): True},
        wills={WILL.client_id: None},
        retained={MESSAGE.topic: None},
    )
    snapshot, retained = reopened(FULL, ended)
    assert (snapshot.sessions, snapshot.subscriptions) == ([], [])
    assert (snapshot.messages, snapshot.deliveries, snapshot.taken, snapshot.wills) == ({}, [], [], [])
    assert retained == []


def test_the_newest_state_counts(reopened) -> None:
    later = batch(
        subscriptions={(1, "a/#"): None, (1, "b"): SubscriptionOptions()},
        deliveries=[Delivery(3, 1, MESSAGE, 0, 1, False, 0, False, (), "", None)],
        taken={(1, 7): False},
    )
    snapshot, _ = reopened(FULL, later)
    assert snapshot.subscriptions == [(1, "b", SubscriptionOptions())]
    assert snapshot.deliveries == [*later.deliveries, ALONE]
    assert snapshot.taken == []


@pytest.mark.parametrize("count", [1, 15, 16, 17, 255, 256, 257, 1000])
def test_batches_of_every_size(reopened, count) -> None:
    many = [Message(f"t/{number}", b"%d" % number, 0, True) for number in range(count)]
    _, retained = reopened(batch(retained={each.topic: Retained(each, None) for each in many}))
    assert sorted(each.message.topic for each in retained) == sorted(each.topic for each in many)
    _, left = reopened(batch(retained=dict.fromkeys([each.topic for each in many[1:]])))
    assert [each.message.topic for each in left] == ["t/0"]


def test_a_file_with_a_delivery_in_columns_is_taken_up(path) -> None:
    """As schema 1 had it."""
    schema = resources.files("uns.persistence") / "migrations" / "0001_broker.sql"
    properties = msgspec.msgpack.encode(PROPERTIES)
    in_columns = (MESSAGE.topic, MESSAGE.payload, 2, 1, properties, "plc", MESSAGE.received_ms)
    plain = ("a", b"1", 1, 0, "", "", 0)
    old_rows = [
        (3, 1, 2, 2, 1, 65_535, 1, "1,2", "$share/g/a", 1_790_000_000_002, "", "", 0, 0, "", "", 0),
        (4, 1, 0, 1, 0, 0, 0, "", "", 0, *in_columns),
        (5, 1, 0, 1, 0, 0, 0, "", "", 0, *plain),
    ]
    old = sqlite3.connect(path)
    old.executescript(f"{schema.read_text('utf-8')} PRAGMA user_version = 1;")
    old.execute("INSERT INTO message VALUES (2, ?, ?, ?, ?, ?, ?, ?)", in_columns)
    old.executemany(f"INSERT INTO delivery VALUES ({','.join('?' * 17)})", old_rows)
    old.commit()
    old.close()
    store = BrokerStore(path)
    snapshot = store.load()
    store.close()
    assert snapshot.messages == {2: MESSAGE}
    last = Delivery(5, 1, Message("a", b"1", 1), 0, 1, False, 0, False, (), "", None)
    assert snapshot.deliveries == [DELIVERY, ALONE, last]


def test_the_body_of_a_delivery_stays_readable() -> None:
    """Files of earlier versions hold these bytes: a field that moves in Delivery or Message would misread them."""
    assert rows.to_delivery(bytes.fromhex(BODY)) == ALONE


def test_deliveries_ascend(reopened) -> None:
    numbers = [9, 5, 100_000, 7]
    deliveries = [Delivery(number, 1, MESSAGE, 0, 1, False, 0, False, (), "", None) for number in numbers]
    snapshot, _ = reopened(FULL, batch(deliveries=deliveries))
    assert [each.number for each in snapshot.deliveries] == sorted([3, 4, *numbers])


def test_a_batch_is_written_whole_or_not_at_all(path) -> None:
    store = BrokerStore(path)
    broken = batch(
        sessions={1: SESSION},
        retained={"t": Retained(Message("t", b"", 0, True, None, None, 0), None)},  # type: ignore[arg-type]
    )
    with pytest.raises(sqlite3.IntegrityError):
        store.write(broken)
    assert store.load().sessions == []
    store.close()


@pytest.mark.parametrize(("synced", "synchronous"), [(True, 2), (False, 1)])
def test_fsync_is_what_the_mode_says(path, synced, synchronous) -> None:
    """SQLite's own word: 2 waits for the disk at each commit, 1 at checkpoints only."""
    store = BrokerStore(path, synced=synced)
    with store._database.write() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)
    store.close()

"""Retained messages go when their time is over, though nobody asks."""

from tests.broker.conftest import by_username, compile_admission
from tests.broker.floor import Floor
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker
from uns.broker.expiries import SWEEP_MS, SWEPT_AT_ONCE
from uns.broker.kept import Retained, Snapshot
from uns.link import Message


def test_expired_retained_messages_go_though_nobody_asks() -> None:
    floor = Floor(max_retained_messages=1)
    peer = floor.peer("p")
    peer.publish("open/a", b"1", retain=True, properties={"message_expiry_interval": 10})
    floor.advance(9_500)
    assert floor.broker.stats.retained == 1
    floor.advance(SWEEP_MS)
    assert (floor.broker.stats.retained, floor.broker.stats.retained_bytes) == (0, 0)
    assert floor.broker.stats.expired == 1
    peer.publish("open/b", b"1", qos=1, retain=True)
    assert peer.take_one().reason_code == 0


def test_a_retained_message_that_is_set_again_expires_at_its_new_time() -> None:
    floor = Floor()
    peer = floor.peer("p")
    for later_s in (10, 20, 5, 30):
        peer.publish("open/a", b"1", retain=True, properties={"message_expiry_interval": later_s})
    peer.publish("open/b", b"1", retain=True, properties={"message_expiry_interval": 5})
    peer.publish("open/b", b"2", retain=True)
    for _ in range(29):
        floor.advance(1000)
    assert floor.broker.stats.retained == 2
    floor.advance(1000)
    floor.advance(1000)
    assert [message.topic for message in floor.broker.retained("#")] == ["open/b"]
    assert len(floor.broker.expiries) == 0


def test_what_is_cleared_before_its_time_leaves_nothing_behind() -> None:
    floor = Floor()
    peer = floor.peer("p")
    for number in range(1000):
        later = {"message_expiry_interval": 100_000 - number}
        peer.publish(f"open/{number}", b"1", retain=True, properties=later)
        peer.publish(f"open/{number}", b"", retain=True)
        peer.publish("open/again", b"1", retain=True, properties=later)
    assert len(floor.broker.expiries) == 1
    assert len(floor.broker.expiries._heap) <= 65


def test_many_that_expire_at_once_go_in_portions() -> None:
    floor = Floor()
    peer = floor.peer("p")
    for number in range(SWEPT_AT_ONCE + 10):
        peer.publish(f"open/{number}", b"1", retain=True, properties={"message_expiry_interval": 1})
    floor.advance(SWEEP_MS)
    assert floor.broker.stats.retained == 10
    floor.advance(10)
    assert floor.broker.stats.retained == 0


def test_what_expired_while_the_broker_was_away_goes_too() -> None:
    floor = Floor()
    now_ms = floor.clock.wall_ms()
    kept = [
        Retained(Message("open/dead", b"1", retain=True), now_ms - 5),
        Retained(Message("open/soon", b"1", retain=True), now_ms + 5000),
        Retained(Message("open/ever", b"1", retain=True), None),
    ]
    floor.broker.restore(Snapshot([], [], {}, [], [], [], kept))
    floor.advance(SWEEP_MS)
    assert floor.broker.stats.retained == 2
    for _ in range(6):
        floor.advance(SWEEP_MS)
    assert floor.broker.stats.retained == 1


def test_an_expired_retained_message_leaves_the_disk() -> None:
    clock = FakeClock()
    broker = Broker(compile_admission(), clock, authenticate=by_username, keeps=True)
    peer = Peer(broker)
    peer.connect("p")
    peer.publish("open/a", b"1", retain=True, properties={"message_expiry_interval": 1})
    batch = broker.ledger.take()
    assert batch is not None
    assert batch.retained["open/a"] is not None
    broker.ledger.settled(batch)
    clock.advance(2 * SWEEP_MS)
    broker.tick()
    batch = broker.ledger.take()
    assert batch is not None
    assert batch.retained == {"open/a": None}

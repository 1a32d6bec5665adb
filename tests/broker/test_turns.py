"""Does everybody get a turn, whoever sends more than fits into one?"""

from collections.abc import Callable, Iterator

import pytest

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker
from uns.broker.inlet import LATE_MS, SMALL_BYTES, SMALL_PACKETS
from uns.broker.turns import STEPS_MS, TURN_MS, Turns
from uns.mqtt import Connect, ConnectWill, Publish, Subscribe, Subscription, encode


class Slow(FakeClock):
    """Each look at it takes a millisecond."""

    def monotonic_ms(self) -> int:
        self.advance(1)
        return super().monotonic_ms()


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def turns(clock: FakeClock, asked: list[str]) -> Turns:
    turns = Turns(clock)
    turns.on_begin = lambda: asked.append("run")
    return turns


def worker(clock: FakeClock, done: list[str], name: str, ms: int) -> Callable[[], None]:
    def work() -> None:
        clock.advance(ms)
        done.append(name)

    return work


def test_who_waits_longest_goes_first_and_all_share_the_time(clock: FakeClock, turns: Turns, asked: list[str]) -> None:
    done: list[str] = []
    for name in "abcd":
        turns.wait(worker(clock, done, name, 3))
    assert asked == ["run"], "one turn is asked for, however many wait"
    turns.run()
    assert done == ["a", "b"]
    assert asked == ["run", "run"]
    turns.wait(worker(clock, done, "a again", 3))
    turns.run()
    assert done == ["a", "b", "c", "d"]
    turns.run()
    assert done[-1] == "a again"
    asked.clear()
    turns.run()
    assert asked == [], "nobody waits, so no turn is asked for"


def test_work_within_a_turn_shares_its_end(clock: FakeClock, turns: Turns) -> None:
    first = turns.until(clock.monotonic_ms())
    clock.advance(TURN_MS - 1)
    assert turns.until(clock.monotonic_ms()) == first
    turns.run()
    assert turns.until(clock.monotonic_ms()) == clock.monotonic_ms() + TURN_MS


def test_a_connection_out_of_time_keeps_what_came_and_is_called_again(clock: FakeClock) -> None:
    broker = Broker(compile_admission(), clock, authenticate=by_username)
    early, late, reader = Peer(broker), Peer(broker), Peer(broker)
    for number, peer in enumerate((early, late, reader)):
        peer.connect(f"c{number}")
    reader.subscribe("open/#")
    broker.turns.on_begin = lambda: None
    early.connection.receive(encode(Publish("open/early", b"1"), 5))
    clock.advance(TURN_MS)
    broker.ready.clear()
    late.connection.receive(encode(Publish("open/late", b"1" * SMALL_BYTES), 5))
    assert [packet.topic for packet in reader.take()] == ["open/early"]
    assert late.connection.busy
    assert not late.connection.wants_input
    assert broker.ready == [late.connection], "the server is told"
    broker.turns.run()
    late.connection.proceed()
    assert [packet.topic for packet in reader.take()] == ["open/late"]


def test_a_few_small_packets_are_not_put_off(clock: FakeClock) -> None:
    """To read them from the socket cost more than to work on them, and to come back to them costs most."""
    broker = Broker(compile_admission(), clock, authenticate=by_username)
    early, late, reader = Peer(broker), Peer(broker), Peer(broker)
    for number, peer in enumerate((early, late, reader)):
        peer.connect(f"c{number}")
    reader.subscribe("open/#")
    broker.turns.on_begin = lambda: None
    early.send(Publish("open/early", b"1"))
    clock.advance(TURN_MS)
    late.send(Publish("open/late", b"1"))
    assert [packet.topic for packet in reader.take()] == ["open/early", "open/late"]
    assert not late.connection.busy
    late.send(*(Publish("open/late", b"%d" % number) for number in range(SMALL_PACKETS + 1)))
    assert len(reader.take()) == SMALL_PACKETS
    assert late.connection.busy
    broker.turns.run()
    late.connection.proceed()
    assert len(reader.take()) == 1


def test_when_a_turn_is_long_over_small_packets_wait_as_well(clock: FakeClock) -> None:
    """Each is little work, and a thousand clients may have sent one in the same moment."""
    broker = Broker(compile_admission(), clock, authenticate=by_username)
    early, late, reader = Peer(broker), Peer(broker), Peer(broker)
    for number, peer in enumerate((early, late, reader)):
        peer.connect(f"c{number}")
    reader.subscribe("open/#")
    broker.turns.on_begin = lambda: None
    early.send(Publish("open/early", b"1"))
    clock.advance(TURN_MS + LATE_MS)
    late.send(Publish("open/late", b"1"))
    assert [packet.topic for packet in reader.take()] == ["open/early"]
    broker.turns.run()
    late.connection.proceed()
    assert [packet.topic for packet in reader.take()] == ["open/late"]


def test_a_small_connect_is_put_off_all_the_same(clock: FakeClock) -> None:
    """A thousand of them may come at once, and each makes a session."""
    broker = Broker(compile_admission(), clock, authenticate=by_username)
    early, late = Peer(broker), Peer(broker)
    broker.turns.on_begin = lambda: None
    early.send(Connect("early", 5))
    clock.advance(TURN_MS)
    late.send(Connect("late", 5))
    assert (len(early.take()), len(late.take())) == (1, 0)
    broker.turns.run()
    late.connection.proceed()
    assert len(late.take()) == 1


def test_what_must_be_done_soon_waits_for_a_turn_that_has_time(clock: FakeClock, turns: Turns) -> None:
    done: list[str] = []
    for name in "abc":
        turns.soon(worker(clock, done, name, TURN_MS - 1))
    assert done == ["a", "b"]
    turns.run()
    assert done == ["a", "b", "c"]


def test_timers_that_are_due_together_run_in_portions() -> None:
    clock = Slow()
    broker = Broker(compile_admission(), clock, authenticate=by_username)
    watch = Peer(broker)
    watch.connect("watch")
    watch.subscribe("open/#")
    for number in range(70):
        peer = Peer(broker)
        will = ConnectWill("open/will", b"1", properties={"will_delay_interval": 10})
        peer.send(Connect(f"c{number}", 5, True, 0, None, None, will, {"session_expiry_interval": 60}))
        peer.lose()
    clock.advance(20_000)
    due_ms = broker.tick()
    assert due_ms is not None
    assert due_ms <= clock.monotonic_ms()
    assert broker.stats.messages_out <= TURN_MS
    while broker.stats.messages_out < 70:
        sent = broker.stats.messages_out
        broker.tick()
        assert broker.stats.messages_out - sent <= TURN_MS


def steps_of(clock: FakeClock, done: list[str], name: str, count: int) -> Iterator[None]:
    for _ in range(count):
        clock.advance(1)
        done.append(name)
        yield


def test_steps_have_their_part_of_a_turn_in_order(clock: FakeClock, turns: Turns, asked: list[str]) -> None:
    done: list[str] = []
    turns.in_steps(steps_of(clock, done, "a", 8))
    assert done == ["a"] * TURN_MS, "what the present turn has time for, at once"
    turns.in_steps(steps_of(clock, done, "b", 3))
    turns.wait(worker(clock, done, "client", 1))
    done.clear()
    turns.run()
    assert done == ["a"] * STEPS_MS + ["client"]
    done.clear()
    turns.run()
    assert done == ["a", "b", "b", "b"], "all of the turn, when nobody else waits"
    asked.clear()
    turns.run()
    assert asked == []


def test_a_step_that_fails_holds_up_nothing_behind_it(clock: FakeClock, turns: Turns, asked: list[str]) -> None:
    def failing() -> Iterator[None]:
        clock.advance(TURN_MS)
        yield
        raise RuntimeError("no")

    done: list[str] = []
    turns.in_steps(failing())
    turns.in_steps(steps_of(clock, done, "b", 1))
    asked.clear()
    with pytest.raises(RuntimeError):
        turns.run()
    assert asked == ["run"]
    turns.run()
    assert done == ["b"]


def test_without_a_server_all_steps_are_done_at_once(clock: FakeClock) -> None:
    done: list[str] = []
    Turns(clock).in_steps(steps_of(clock, done, "a", 100))
    assert len(done) == 100


def test_a_search_that_finds_nothing_is_interrupted() -> None:
    """A long search ends its turn although nothing is found."""
    broker = Broker(compile_admission(), Slow(), authenticate=by_username)
    peer = Peer(broker)
    peer.connect("p")
    for number in range(5000):
        peer.publish(f"open/{number}/y", b"1")
    peer.take()
    peer.send(Subscribe(1, [Subscription("open/+/x"), Subscription("open/7/+")]))
    assert peer.connection.busy
    turns = 0
    while peer.connection.busy:
        peer.connection.proceed()
        turns += 1
    assert turns > 2

"""What came alone is answered at once; what came together is written together, when the loop has turned."""

import asyncio

import pytest

from tests.support.clock import FakeClock
from uns.broker import Broker, Connection
from uns.mqtt import Connect, Pingreq, encode
from uns.policy.alias import PathAliases
from uns.server.writes import Writes

NEVER_NS, ALWAYS_NS = 1 << 62, -1


class Line:
    """One connection and what was written to it, as its socket would be."""

    def __init__(self, broker: Broker, flushes: Writes, client_id: str) -> None:
        self.connection: Connection = broker.accept("127.0.0.1:1")
        self.written: list[bytes] = []
        self.aborted = False
        self._writes = flushes
        flushes.protocols[self.connection] = self  # type: ignore[assignment]
        self.receive(encode(Connect(client_id, 5), 5))

    def receive(self, data: bytes) -> None:
        self._writes.begin()
        try:
            self.connection.receive(data)
        finally:
            self._writes.end()

    def ping(self) -> None:
        self.receive(encode(Pingreq(), 5))

    def flush(self) -> None:
        self.written.append(self.connection.take())

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture
def broker(clock: FakeClock) -> Broker:
    return Broker(_Open(), clock)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class _Open:
    """Nothing is published here."""

    aliases = PathAliases()

    def rule(self, topic: str) -> None:
        raise AssertionError(topic)

    def may_subscribe(self, role: str, topic_filter: str) -> None:
        return None


async def test_what_came_alone_is_written_at_once(broker: Broker) -> None:
    line = Line(broker, Writes(broker, asyncio.get_running_loop(), ALWAYS_NS), "a")
    line.ping()
    assert len(line.written) == 2, "CONNACK and PINGRESP, without a turn of the loop"


async def test_what_came_together_is_written_together(broker: Broker) -> None:
    line = Line(broker, Writes(broker, asyncio.get_running_loop(), NEVER_NS), "a")
    line.ping()
    assert line.written == []
    await asyncio.sleep(0)
    assert len(line.written) == 1


async def test_a_shared_turn_is_no_lone_one(broker: Broker) -> None:
    """Somebody has work left for the next turn: writing can wait for it too."""
    begun: list[None] = []
    broker.turns.on_begin = lambda: begun.append(None)
    line = Line(broker, Writes(broker, asyncio.get_running_loop(), ALWAYS_NS), "a")
    line.written.clear()
    broker.turns.wait(lambda: None)
    line.ping()
    assert (line.written, len(begun)) == ([], 1)
    await asyncio.sleep(0)
    assert len(line.written) == 1


async def test_a_receive_that_fails_holds_up_no_write(broker: Broker) -> None:
    line = Line(broker, Writes(broker, asyncio.get_running_loop(), ALWAYS_NS), "a")
    line.written.clear()
    with pytest.raises(TypeError):
        line.receive(None)  # type: ignore[arg-type]
    line.ping()
    assert len(line.written) == 1


async def test_after_a_message_the_loop_looks_for_the_next_one(broker: Broker) -> None:
    loop = asyncio.get_running_loop()
    writes = Writes(broker, loop, ALWAYS_NS, busy_ns=5_000_000)
    line = Line(broker, writes, "a")
    begun_s, turns = loop.time(), 0
    line.ping()
    while writes.polls:
        turns += 1
        await asyncio.sleep(0)
    assert turns > 1
    assert loop.time() - begun_s >= 0.005


async def test_unless_asked_to_it_sleeps(broker: Broker) -> None:
    writes = Writes(broker, asyncio.get_running_loop(), ALWAYS_NS)
    Line(broker, writes, "a").ping()
    assert not writes.polls


async def test_a_turn_that_nobody_shared_is_renewed(broker: Broker, clock: FakeClock) -> None:
    begun: list[None] = []
    turns = broker.turns
    turns.on_begin = lambda: begun.append(None)
    first = turns.until(clock.monotonic_ms())
    assert not turns.is_shared
    clock.advance(100)
    turns.renew()
    assert turns.until(clock.monotonic_ms()) == first + 100
    assert begun == [], "a lone message takes no extra turn of the loop"
    turns.until(clock.monotonic_ms())
    assert turns.is_shared
    assert len(begun) == 1
    turns.renew()
    assert turns.until(clock.monotonic_ms()) == first + 100, "what is shared is over only when its turn comes"

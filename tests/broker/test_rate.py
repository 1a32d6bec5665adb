"""How fast may a client send? Past it, it is read more slowly."""

import pytest

from tests.broker.floor import Floor
from uns.broker import State, Trouble
from uns.mqtt import Publish, encode


@pytest.mark.parametrize("version", [4, 5])
def test_past_its_rate_a_client_is_read_more_slowly_and_loses_nothing(version: int) -> None:
    floor = Floor(max_publish_rate=100)
    fast, reader = floor.peer("fast", version=version, keep_alive=1), floor.peer("reader")
    reader.subscribe("open/#")
    frame = encode(Publish("open/x", b"x" * 100), version)
    for _ in range(3):
        fast.connection.receive(frame * 100)
    assert fast.connection.throttled
    assert not fast.connection.wants_input
    assert not fast.connection.busy
    first = len(reader.take())
    assert 100 < first <= 300
    for _ in range(22):
        floor.advance(100)
        fast.connection.proceed()
    assert first + len(reader.take()) == 300
    assert fast.connection.state is State.OPEN, "the silence was the broker's, not the client's"
    assert not fast.connection.throttled
    assert fast.connection.wants_input
    assert floor.told == [(Trouble.TOO_FAST, "fast")]
    assert floor.broker.stats.reads_slowed >= 1


def test_a_client_within_its_rate_is_never_slowed() -> None:
    floor = Floor(max_publish_rate=100, max_publish_bytes_rate=100_000)
    peer = floor.peer("p")
    for _ in range(50):
        for _ in range(10):
            peer.publish("open/x", b"x" * 100)
        assert not peer.connection.throttled
        floor.advance(100)


def test_bytes_have_a_rate_too_and_the_server_is_woken_when_time_is_up() -> None:
    floor = Floor(max_publish_bytes_rate=10_000)
    peer = floor.peer("p")
    peer.publish("open/x", b"x" * 15_000)
    assert peer.connection.throttled
    floor.broker.ready.clear()
    peer.connection.ready = False
    floor.advance(400)
    assert peer.connection.throttled
    floor.advance(110)
    assert not peer.connection.throttled
    assert floor.broker.ready == [peer.connection]


def test_a_throttled_connection_that_closes_leaves_no_timer() -> None:
    floor = Floor(max_publish_bytes_rate=10)
    peer = floor.peer("p")
    peer.publish("open/x", b"x" * 100)
    peer.lose()
    floor.advance(60_000)
    assert peer.is_closed

"""Does the sum that the memory budget makes come near to what Python holds?"""

import gc
import tracemalloc

import pytest

from tests.broker.floor import KEEP, Floor, offline
from uns.link import Properties
from uns.mqtt import Publish, Subscribe, Subscription, encode

NEAR = 1.5
COUNT = 300
PROPERTIES: list[Properties | None] = [
    None,
    {"message_expiry_interval": 1000},
    {"content_type": "text/plain"},
    {"response_topic": "open/answer", "correlation_data": b"x" * 16},
    {"user_property": [("", "")]},
    {"user_property": [("", "")] * 100},
    {"user_property": [("k", "v")] * 100},
    {"user_property": [("unit", "Cel")] * 10},
    {"user_property": [("größe", "höhe")] * 10},
    {"user_property": [("k" * 300, "名" * 300)] * 10},
]


class Watch:
    """bytes: how much more Python holds at the end than at the beginning."""

    def __enter__(self) -> "Watch":
        gc.collect()
        tracemalloc.start()
        self.bytes = -tracemalloc.get_traced_memory()[0]
        return self

    def __exit__(self, *_: object) -> None:
        gc.collect()
        self.bytes += tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()


def assert_near(counted: int, held: int) -> None:
    assert held / NEAR <= counted <= held * NEAR


@pytest.mark.parametrize("properties", PROPERTIES)
def test_a_message_that_waits_counts_as_what_it_takes(properties: Properties | None) -> None:
    floor = Floor(receive_maximum=COUNT)
    offline(floor, "away")
    peer = floor.peer("p")
    frames = [encode(Publish("open/x", b"1", 1, packet_id=1, properties=properties), 5) for _ in range(COUNT)]
    with Watch() as watch:
        for frame in frames:
            peer.connection.receive(frame)
            peer.connection.take()
    assert_near(floor.broker.sessions.held.bytes, watch.bytes)


@pytest.mark.parametrize("topic_filter", ["open/{}/a", "open/{}", "open/{}" + "/a" * 28, "open/{}/" + "x" * 3000])
def test_a_subscription_counts_as_what_it_takes(topic_filter: str) -> None:
    floor = Floor()
    peer = floor.peer("p")
    before = floor.broker.stats.client_bytes
    frames = [encode(Subscribe(1, [Subscription(topic_filter.format(number))]), 5) for number in range(COUNT)]
    with Watch() as watch:
        for frame in frames:
            peer.connection.receive(frame)
            peer.connection.take()
        assert peer.connection.session is not None
        peer.connection.session.feeds.clear()
    assert_near(floor.broker.stats.client_bytes - before, watch.bytes)


def test_a_session_counts_as_what_it_takes() -> None:
    floor = Floor()
    floor.peer("first", properties=KEEP).lose()
    before = floor.broker.stats.client_bytes
    with Watch() as watch:
        for number in range(COUNT):
            peer = floor.peer(f"{number}" * 10, properties=KEEP)
            peer.lose()
            peer.take()
            floor.broker.ready.clear()
            floor.broker.laden.clear()
    assert_near(floor.broker.stats.client_bytes - before, watch.bytes)

"""uns.api.stream: what is buffered, shed, conflated and told."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import Put
from tests.api.plant import FILLER, ROLES, TEMPERATURE, make_policy
from tests.support.clock import FakeClock
from tests.support.hurried import hurry, work_off
from uns.api import replace_policy
from uns.api import stream as stream_module
from uns.api.stream import ValueStream, overlap
from uns.api.streams import MAX_STREAMS, Streams
from uns.broker import Broker
from uns.errors import UnsError
from uns.link import Message
from uns.security import Identity

ANN = Identity("ann", "operator")
OVERLAPS = [
    ("a/b", "a/b", True),
    ("a/b", "a/c", False),
    ("a/+", "a/b", True),
    ("a/+", "+/b", True),
    ("a/+", "a/b/c", False),
    ("a/#", "a", True),
    ("a/#", "b/#", False),
    ("+/x/#", "a/+/c", True),
    ("#", "anything/at/all", True),
    ("a/b/#", "a/+", True),
    ("a/b/c/#", "a/+", False),
]


@pytest.mark.parametrize(("one", "other", "expected"), OVERLAPS)
def test_overlap(one: str, other: str, expected: bool) -> None:
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


def message(topic: str, value: Any) -> Message:
    return Message(topic, json.dumps(value).encode(), received_ms=1_790_000_000_000)


class Reader:
    """Reads a stream's events as (name, data)."""

    def __init__(self, stream: ValueStream) -> None:
        self._events: AsyncIterator[bytes] = stream.events()

    async def next(self) -> tuple[str, Any]:
        async with asyncio.timeout(5):
            while True:
                text = (await anext(self._events)).decode()
                if text.startswith("event: "):
                    name, data = text.strip().split("\n")
                    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    async def values(self) -> list[tuple[str, Any]]:
        name, data = await self.next()
        assert name == "values"
        return [(value["topic"], value["value"]) for value in data]


async def test_waiting_messages_come_in_one_event_in_order() -> None:
    stream = ValueStream(["#"])
    for number in range(3):
        stream.offer(message("a", number))
    assert await Reader(stream).values() == [("a", 0), ("a", 1), ("a", 2)]


async def test_event_tells_value_quality_time_or_text() -> None:
    stream = ValueStream(["#"])
    stream.offer(Message("a", b'{"value": 1, "quality": "Bad", "timestamp": "2026-01-01T00:00:00Z"}', received_ms=5))
    stream.offer(Message("b", b"<b>\xff\n\ndata: x", received_ms=5))
    stream.offer(Message("c", b"", received_ms=5))
    received = "1970-01-01T00:00:00.005Z"
    assert (await Reader(stream).next())[1] == [
        {"topic": "a", "value": 1, "quality": "Bad", "timestamp": "2026-01-01T00:00:00.000Z"},
        {"topic": "b", "value": None, "quality": None, "timestamp": received, "payload": "<b>\ufffd\n\ndata: x"},
        {"topic": "c", "value": None, "quality": "GoodNoData", "timestamp": received},
    ]


async def test_a_current_value_not_heard_for_its_max_age_is_uncertain(
    client: httpx.AsyncClient, app: FastAPI, put: Put, clock: FakeClock
) -> None:
    put(TEMPERATURE, 21.5)
    put(f"{FILLER}/state", "execute")
    clock.advance(5001)
    put(f"{FILLER}/speed/setpoint", 1.0)
    shown = await first_values(app.state.context.streams.open(["acme/#"], 0, ANN))
    assert shown == {TEMPERATURE: "Uncertain", f"{FILLER}/state": "Good", f"{FILLER}/speed/setpoint": "Good"}
    for topic, quality in shown.items():
        assert (await client.get(f"/api/v1/topics/{topic}")).json()["quality"] == quality
        node = (await client.get("/api/v1/tree", params={"path": topic.rpartition("/")[0]})).json()["nodes"]
        assert [found["quality"] for found in node if found["path"] == topic] == [quality]


async def first_values(events: AsyncIterator[bytes]) -> dict[str, str]:
    """Topic and quality of the first values."""
    async with asyncio.timeout(5):
        async for event in events:
            if event.startswith(b"event: values"):
                return {found["topic"]: found["quality"] for found in json.loads(event.partition(b"data: ")[2])}
    raise EOFError


async def test_slow_client_loses_the_oldest_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "BUFFERED", 3)
    stream = ValueStream(["#"])
    for number in range(5):
        stream.offer(message("a", number))
    reader = Reader(stream)
    assert await reader.next() == ("dropped", {"count": 2})
    assert await reader.values() == [("a", 2), ("a", 3), ("a", 4)]
    for number in range(4):
        stream.offer(message("a", number))
    assert await reader.next() == ("dropped", {"count": 1})
    assert stream.dropped == 3


async def test_large_messages_are_shed_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "BUFFERED_BYTES", 1000)
    stream = ValueStream(["#"])
    for number in range(9):
        stream.offer(Message(f"a/{number}", b"x" * 297, received_ms=5))
    assert (stream.buffered, stream.dropped) == (3, 6)
    stream.offer(Message("b", b"x" * 2000, received_ms=5))  # never fits, and is still told
    reader = Reader(stream)
    assert await reader.next() == ("dropped", {"count": 9})
    assert [value["topic"] for value in (await reader.next())[1]] == ["b"]
    for number in range(3):
        stream.offer(Message(f"c/{number}", b"x" * 297, received_ms=5))
    assert [value["topic"] for value in (await reader.next())[1]] == ["c/0", "c/1", "c/2"]
    assert stream.dropped == 9


async def test_conflated_values_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "BUFFERED_BYTES", 1000)
    stream = ValueStream(["#"], interval_ms=10)
    for number in range(50):
        stream.offer(Message(f"a/{number % 3}", b"x" * 297, received_ms=5))
    assert (stream.buffered, stream.dropped) == (3, 0)


@pytest.mark.parametrize("retained", [True, False])
async def test_one_event_is_bounded_by_bytes(broker: Broker, monkeypatch: pytest.MonkeyPatch, retained: bool) -> None:
    monkeypatch.setattr(stream_module, "BATCH_BYTES", 1000)
    stream = ValueStream(["acme/ghent/_raw/#"])
    client = broker.local("page", "operator")
    messages = [Message(f"acme/ghent/_raw/{number}", b"x" * 600, retain=retained) for number in range(4)]
    if not retained:
        stream.subscribe(client)
    for message in messages:
        broker.publish(message, "internal")
    if retained:
        stream.subscribe(client)
    reader = Reader(stream)
    assert [len((await reader.next())[1]) for _ in range(2)] == [2, 2]


def test_properties_of_a_message_are_not_held() -> None:
    stream = ValueStream(["#"])
    stream.offer(Message("a", b"1", properties={"correlation_data": b"x" * 60_000}))
    (kept,) = stream._waiting.values()
    assert (kept.payload, kept.properties) == (b"1", None)


async def test_interval_keeps_the_last_value_of_each_topic() -> None:
    stream = ValueStream(["#"], interval_ms=10)
    for number in range(3):
        stream.offer(message("a", number))
        stream.offer(message("b", -number))
    reader = Reader(stream)
    assert await reader.values() == [("a", 2), ("b", -2)]
    stream.offer(message("b", 7))
    assert await reader.values() == [("b", 7)]
    assert stream.dropped == 0


async def test_idle_stream_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "PING_S", 0.01)
    events = ValueStream(["#"]).events()
    assert await anext(events) == b"retry: 2000\n\n"
    assert await anext(events) == b": ping\n\n"


@pytest.mark.parametrize("interval_ms", [0, 60_000])
async def test_close_ends_the_events_at_once(interval_ms: int) -> None:
    stream = ValueStream(["#"], interval_ms)
    stream.offer(message("a", 1))
    events = stream.events()
    async with asyncio.timeout(5):
        taken = [await anext(events), await anext(events)]
        asyncio.get_running_loop().call_soon(stream.close)
        taken += [event async for event in events]
    assert [event.partition(b"\n")[0] for event in taken] == [b"retry: 2000", b"event: values"]


async def read_all(events: AsyncIterator[bytes], topics: int) -> list[str]:
    """The topics of the first values, in order."""
    found: list[str] = []
    async with asyncio.timeout(5):
        async for event in events:
            if event.startswith(b"event: values"):
                found += [value["topic"] for value in json.loads(event.partition(b"data: ")[2])]
            if len(found) >= topics:
                break
    return found


async def test_retained_values_come_first_and_are_never_shed(
    broker: Broker, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "BUFFERED", 3)
    names = [f"acme/ghent/_raw/{number}" for number in range(1200)]
    for name in names:
        put(name, 1)
    assert await read_all(Streams(broker).open(["acme/#"], 0, ANN), 1200) == names


@pytest.mark.parametrize("filters", [["acme/#", "acme/ghent/#", TEMPERATURE], [TEMPERATURE, f"{FILLER}/+", "acme/#"]])
async def test_topic_that_several_filters_match_comes_once(broker: Broker, put: Put, filters: Iterable[str]) -> None:
    put(TEMPERATURE, 1)
    put(f"{FILLER}/count", 1)
    events = Streams(broker).open(list(filters), 0, ANN)
    assert sorted(await read_all(events, 2)) == [f"{FILLER}/count", TEMPERATURE]
    put(TEMPERATURE, 2)
    put("acme/ghent/_raw/end", 3)
    assert await read_all(events, 2) == [TEMPERATURE, "acme/ghent/_raw/end"]


async def test_stream_leaves_the_broker_when_it_is_abandoned(broker: Broker, put: Put) -> None:
    put(TEMPERATURE, 1)
    streams = Streams(broker)
    events = streams.open(["acme/#"], 0, ANN)
    await anext(events)
    (shown,) = broker.clients()
    assert (shown.client_id, shown.protocol, shown.subscriptions) == ("http-stream-1", "HTTP", ["acme/#"])
    assert len(streams) == 1
    await events.aclose()
    assert (broker.clients(), len(streams)) == ([], 0)


async def test_too_many_streams_and_a_stopping_server(broker: Broker) -> None:
    streams = Streams(broker)
    opened = [streams.open(["a"], 0, ANN) for _ in range(MAX_STREAMS)]
    for events in opened:
        await anext(events)
    with pytest.raises(UnsError, match=r"quota\.streams"):
        streams.open(["a"], 0, ANN)
    streams.close()
    for events in opened:
        assert [event async for event in events] == []
    assert len(streams) == 0
    with pytest.raises(UnsError, match=r"unreachable\.stopping"):
        streams.open(["a"], 0, ANN)


async def texts(events: AsyncIterator[bytes]) -> list[tuple[str, Any]]:
    """Everything until the stream ends."""
    found = []
    async with asyncio.timeout(5):
        async for event in events:
            if event.startswith(b"event: "):
                name, data = event.decode().strip().split("\n")
                found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def next_event(events: AsyncIterator[bytes]) -> tuple[str, Any]:
    name, data = (await asyncio.wait_for(anext(events), 5)).decode().strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def test_a_right_that_is_lost_is_lost_by_open_streams_too(broker: Broker, put: Put) -> None:
    streams = Streams(broker)
    reader = streams.open([f"{FILLER}/#", TEMPERATURE, "acme/ghent/_raw/#"], 0, ANN)
    await anext(reader)
    put(TEMPERATURE, 1)
    put("acme/ghent/_raw/x", 2)
    streams.review(lambda role, topic_filter: topic_filter != f"{FILLER}/#", {"ann": "operator"}.get)
    put(TEMPERATURE, 3)
    put(f"{FILLER}/state", "execute")
    put("acme/ghent/_raw/x", 4)
    assert await next_event(reader) == ("refused", {"filters": [f"{FILLER}/#"]})
    name, values = await next_event(reader)
    shown = [(value["topic"], value["value"]) for value in values]
    assert (name, shown) == (
        "values",
        [(TEMPERATURE, 1), ("acme/ghent/_raw/x", 2), (TEMPERATURE, 3), ("acme/ghent/_raw/x", 4)],
    )
    (client,) = (each for each in broker.clients() if each.protocol == "HTTP")
    assert client.subscriptions == ["acme/ghent/_raw/#", TEMPERATURE]
    await reader.aclose()


async def test_a_user_who_is_gone_is_told_and_let_go(broker: Broker, put: Put) -> None:
    streams = Streams(broker)
    reader = streams.open([TEMPERATURE], 0, ANN)
    await anext(reader)
    put(TEMPERATURE, 1)
    streams.review(lambda role, topic_filter: True, {}.get)
    put(TEMPERATURE, 2)
    assert await texts(reader) == [("refused", {"filters": [TEMPERATURE]})]
    assert len(streams) == 0


async def test_a_change_of_the_policy_reaches_open_streams(app: FastAPI, broker: Broker) -> None:
    reader = app.state.context.streams.open(["#", "acme/#"], 0, Identity("eve", "steward"))
    await anext(reader)
    replace_policy(app, make_policy(), {**ROLES, "eve": "line1-viewer"}.get)
    assert await texts(reader) == [("refused", {"filters": ["#", "acme/#"]})]


async def test_while_rights_are_looked_up_nothing_is_shown(broker: Broker, put: Put) -> None:
    hurry(broker)
    streams = Streams(broker)
    many = [f"acme/other/{number}" for number in range(300)]
    reader = streams.open([f"{FILLER}/#", TEMPERATURE, *many], 0, ANN)
    await anext(reader)
    streams.review(lambda role, topic_filter: True, {"ann": "operator"}.get)
    streams.review(lambda role, topic_filter: topic_filter != f"{FILLER}/#", {"ann": "operator"}.get)
    put(f"{FILLER}/state", "execute")
    put(TEMPERATURE, 1)
    waiting = asyncio.ensure_future(next_event(reader))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    work_off(broker)
    assert await waiting == ("refused", {"filters": [f"{FILLER}/#"]})
    name, values = await next_event(reader)
    assert (name, [value["topic"] for value in values]) == ("values", [TEMPERATURE])
    await reader.aclose()

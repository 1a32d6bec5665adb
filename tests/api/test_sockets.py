"""The API on a real socket: percent-encoding, event streams, and a stop with streams open."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import Put, error_of
from tests.api.plant import PASSWORD, TEMPERATURE
from tests.support.until import until_async
from uns.api import end_streams
from uns.broker import Broker
from uns.server.http import GRACE_S, HttpServer


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[HttpServer]:
    server = HttpServer(app, "127.0.0.1", 0, before_stop=partial(end_streams, app))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server: HttpServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        yield client


class Events:
    """The events of a streaming response as (name, data); comments are left out."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, Any]:
        name = ""
        async with asyncio.timeout(5):
            async for line in self._lines:
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    return name, json.loads(line[6:])
        raise EOFError

    async def ended(self) -> bool:
        try:
            await self.next()
        except EOFError:
            return True
        return False


async def test_serves_the_api(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/info")
    assert response.json()["name"] == "test plant"
    assert "server" not in response.headers


@pytest.mark.parametrize("name", ["caf%C3%A9", "100%25", "%22%3Cb%3E", "a%20b", "%3F", "%ff"])
async def test_percent_encoded_topics(client: httpx.AsyncClient, put: Put, name: str) -> None:
    topic = "acme/ghent/_raw/" + httpx.URL(f"http://x/{name}").path[1:]
    put(topic, 1)
    response = await client.get(f"/api/v1/topics/acme/ghent/_raw/{name}")
    assert (response.status_code, response.json().get("topic")) == (200, topic)


async def test_stream_gives_what_is_retained_and_then_what_changes(
    client: httpx.AsyncClient,
    broker: Broker,
    put: Put,
) -> None:
    put(TEMPERATURE, 21.4)
    async with client.stream("GET", "/api/v1/stream?filter=acme/%23&filter=other/%23") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in response.headers
        events = Events(response)
        name, (value,) = await events.next()
        assert (name, value["topic"], value["value"]) == ("values", TEMPERATURE, 21.4)
        put(TEMPERATURE, 21.5)
        assert (await events.next())[1][0]["value"] == 21.5
        assert [shown.client_id for shown in broker.clients()] == ["http-stream-1"]
    await until_async(lambda: not broker.clients())


BAD = {
    "no filter": ("", 422, "request.missing"),
    "bad filter": ("filter=a/%23/b", 422, "request.filter"),
    "empty filter": ("filter=", 422, "request.filter"),
    "shared": ("filter=a&filter=$share/g/acme/%23", 422, "request.filter"),
    "shared without a filter": ("filter=$share", 422, "request.filter"),
    "interval": ("filter=a&interval_ms=-1", 422, "request.invalid"),
    "too many": ("&".join(["filter=a"] * 501), 422, "request.invalid"),
    "reserved": ("filter=$SYS/%23", 403, "access.subscribe"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_streams(client: httpx.AsyncClient, name: str) -> None:
    query, status, finding_id = BAD[name]
    response = await client.get(f"/api/v1/stream?{query}")
    assert (response.status_code, error_of(response).id) == (status, finding_id)


PATHS = [TEMPERATURE, "acme/+/+/+/filler/+", "acme/ghent/packaging/line2/#", "$SYS/#"]


async def test_stream_without_what_the_role_may_not_read(client: httpx.AsyncClient, put: Put) -> None:
    query = {"filter": PATHS, "skip_forbidden": True}
    async with client.stream("GET", "/api/v1/stream", params=query, auth=("ann", PASSWORD)) as response:
        events = Events(response)
        assert await events.next() == ("refused", {"filters": PATHS[1:]})
        put(TEMPERATURE.replace("line1", "line2"), 1)
        put(TEMPERATURE, 2)
        name, (value,) = await events.next()
    assert (name, value["topic"], value["value"]) == ("values", TEMPERATURE, 2)


async def test_stream_of_nothing_but_what_is_forbidden(client: httpx.AsyncClient) -> None:
    query = {"filter": "acme/#", "skip_forbidden": True}
    async with client.stream("GET", "/api/v1/stream", params=query, auth=("ann", PASSWORD)) as response:
        assert await Events(response).next() == ("refused", {"filters": ["acme/#"]})


async def test_stops_in_time_with_open_streams(
    server: HttpServer,
    client: httpx.AsyncClient,
    broker: Broker,
) -> None:
    async with (
        client.stream("GET", "/api/v1/stream?filter=acme/%23") as one,
        client.stream("GET", "/api/v1/stream?filter=acme/%23&interval_ms=60000") as two,
    ):
        await until_async(lambda: len(broker.clients()) == 2)
        async with asyncio.timeout(GRACE_S):
            await server.stop()
        assert await Events(one).ended()
        assert await Events(two).ended()
    assert broker.clients() == []
    with pytest.raises(httpx.ConnectError):
        await client.get("/livez")


async def test_client_that_reads_nothing_does_not_hold_up_the_stop(
    server: HttpServer, app: FastAPI, broker: Broker, put: Put
) -> None:
    for number in range(10_000):
        put(f"acme/ghent/_raw/{number}", "x" * 2000)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    writer.write(f"GET /api/v1/stream?filter=acme/%23 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
    await until_async(stands_still(lambda: app.state.context.streams.buffered))
    async with asyncio.timeout(GRACE_S + 1):
        await server.stop()
    await until_async(lambda: not broker.clients())
    writer.close()
    assert not reader.at_eof()


def stands_still(measure: Callable[[], int]) -> Callable[[], bool]:
    """True once a measure is above 0 and was the same fifty times."""
    seen: list[int] = []

    def same() -> bool:
        seen.append(measure())
        return seen[-1] > 0 and seen[-50:] == [seen[-1]] * 50

    return same

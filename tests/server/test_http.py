"""uns.server.http: listening, stopping in time, and leaving signals alone."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from uns.errors import UnsError
from uns.server.http import GRACE_S, HttpServer


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.client.host if request.client else "")


async def endless(_: Request) -> StreamingResponse:
    async def body() -> AsyncIterator[bytes]:
        yield b"begin"
        await asyncio.Event().wait()

    return StreamingResponse(body())


APP = Starlette(routes=[Route("/", hello), Route("/endless", endless)])


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    server = HttpServer(APP, "127.0.0.1", 0)
    await server.start()
    yield server
    await server.stop()


def connect(server: HttpServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False)


async def test_serves_on_the_port_it_names(server: HttpServer) -> None:
    async with connect(server) as client:
        response = await client.get("/")
    assert (server.port > 0, response.text, response.headers.get("server")) == (True, "127.0.0.1", None)


async def test_forwarded_headers_are_not_believed(server: HttpServer) -> None:
    async with connect(server) as client:
        response = await client.get("/", headers={"x-forwarded-for": "10.9.9.9"})
    assert response.text == "127.0.0.1"


async def test_stop_tells_the_app_and_frees_the_port() -> None:
    told: list[str] = []
    server = HttpServer(APP, "127.0.0.1", 0, before_stop=lambda: told.append("stop"))
    await server.start()
    await server.stop()
    await server.stop()
    await server.wait()
    assert told == ["stop"]
    again = HttpServer(APP, "127.0.0.1", server.port)
    await again.start()
    await again.stop()


async def test_stop_cuts_off_what_never_ends(server: HttpServer) -> None:
    async with connect(server) as client, client.stream("GET", "/endless") as response:
        chunks = response.aiter_bytes()
        assert await anext(chunks) == b"begin"
        async with asyncio.timeout(GRACE_S + 1):
            await server.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(chunks)


async def test_server_that_never_started_stops() -> None:
    await HttpServer(APP, "127.0.0.1", 0).stop()


async def test_signal_handlers_stay_as_they_were() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    server = HttpServer(APP, "127.0.0.1", 0)
    await server.start()
    async with connect(server) as client:
        await client.get("/")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    await server.stop()


BAD_PLACES = {"no such address": ("203.0.113.7", 0), "no such name": ("no-such-host.invalid", 0)}


@pytest.mark.parametrize("name", BAD_PLACES)
async def test_place_that_cannot_be_listened_on(name: str) -> None:
    with pytest.raises(UnsError, match=r"unreachable\.port"):
        await HttpServer(APP, *BAD_PLACES[name]).start()


async def test_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UnsError, match=r"unreachable\.port"):
            await HttpServer(APP, "127.0.0.1", taken.getsockname()[1]).start()

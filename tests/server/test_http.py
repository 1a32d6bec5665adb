"""uns.server.http: listening, stopping in time, and leaving signals alone."""

import asyncio
import contextlib
import json
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from tests.support.certificates import Authority
from tests.support.until import until_async
from uns.errors import UnsError
from uns.server import http_patience
from uns.server.certificate import TlsFiles
from uns.server.http import GRACE_S, HttpServer
from uns.server.renewal import Served


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.client.host if request.client else "")


async def endless(_: Request) -> StreamingResponse:
    async def body() -> AsyncIterator[bytes]:
        yield b"begin"
        await asyncio.Event().wait()

    return StreamingResponse(body())


async def length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def flood(_: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * 32_000_000)


async def certified(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.url.scheme} {request.scope['state'].get('certified')}")


APP = Starlette(
    routes=[
        Route("/certified", certified),
        Route("/", hello),
        Route("/endless", endless),
        Route("/length", length, methods=["POST"]),
        Route("/flood", flood),
    ]
)


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


# --- clients that take their time -------------------------------------------------------------------------------------

POST = b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 40\r\n"
WHOLE = POST + b"\r\n" + b"x" * 40
UNFINISHED = {
    "nothing": (b"", b""),
    "part of a header": (b"GET / HTTP/1.1\r\nhost: x\r\n", b"HTTP/1.1 408"),
    "part of a body": (POST + b"\r\nx", b"HTTP/1.1 408"),
    "an answer, then part of a header": (WHOLE + b"GET / HT", b"HTTP/1.1 200"),
}


@pytest.mark.parametrize("name", UNFINISHED)
async def test_unfinished_request_is_ended(server: HttpServer, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(http_patience, "REQUEST_S", 0.05)
    monkeypatch.setattr(http_patience, "BODY_S", 0.05)
    sent, answered = UNFINISHED[name]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    async with asyncio.timeout(5):
        text = await reader.read()
    assert text.startswith(answered)
    assert (b"HTTP/1.1 408" in text) == (sent != b"")
    if sent:
        assert json.loads(text.rpartition(b"\r\n")[2])["error"]["id"] == "request.slow"
    writer.close()


async def drip(server: HttpServer, begin: bytes, most_bytes: int) -> tuple[int, bytes]:
    """Send `begin`, then a byte each 10 ms until the server ends it. How many were taken, and what was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(begin)
    reading = asyncio.create_task(reader.read())
    sent_bytes = 0
    async with asyncio.timeout(5):
        while not reading.done():
            if sent_bytes < most_bytes:
                writer.write(b"x")
                sent_bytes += 1
            await asyncio.wait([reading], timeout=0.01)
    writer.close()
    return sent_bytes, reading.result()


@pytest.mark.parametrize("begin", [b"GET / HTTP/1.1\r\nhost: ", POST + b"\r\n"], ids=["header", "body"])
async def test_bytes_one_by_one_do_not_keep_a_connection(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, begin: bytes
) -> None:
    monkeypatch.setattr(http_patience, "REQUEST_S", 0.1)
    monkeypatch.setattr(http_patience, "BODY_S", 0.1)
    sent_bytes, answer = await drip(server, begin, 39)
    assert b"request.slow" in answer
    assert sent_bytes < 39


async def test_body_that_progresses_is_waited_for(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_patience, "BODY_S", 0.1)
    monkeypatch.setattr(http_patience, "BODY_BYTES", 1)
    sent_bytes, answer = await drip(server, POST + b"connection: close\r\n\r\n", 40)
    assert sent_bytes == 40
    assert answer.endswith(b"\r\n\r\n40")


async def test_kept_alive_connection_has_its_time_for_each_request(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_patience, "REQUEST_S", 0.3)
    loop = asyncio.get_running_loop()
    end = loop.time() + 2 * http_patience.REQUEST_S
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    while loop.time() < end:
        writer.write(WHOLE)
        async with asyncio.timeout(5):
            answer = await reader.readuntil(b"\r\n\r\n40")
        assert answer.startswith(b"HTTP/1.1 200")
    writer.close()


async def test_endless_answer_has_no_deadline(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_patience, "REQUEST_S", 0.02)
    monkeypatch.setattr(http_patience, "BODY_S", 0.02)
    monkeypatch.setattr(http_patience, "STALL_S", 0.02)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
    await reader.readuntil(b"begin\r\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.2)
    writer.close()


async def test_client_that_reads_nothing_is_cut_off(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_patience, "STALL_S", 0.1)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", server.port))
        await loop.sock_sendall(client, b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
        async with asyncio.timeout(5):
            while server.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_crowd_of_unfinished_requests_shuts_nobody_out() -> None:
    server = HttpServer(APP, "127.0.0.1", 0, max_connections=20)
    await server.start()
    crowd = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(60)]
    try:
        for index, (_, writer) in enumerate(crowd):
            writer.write([b"GET / HTTP/1.1\r\nhost", POST + b"\r\nx"][index % 2])
        for _ in range(5):
            async with connect(server) as client:
                assert (await client.get("/")).status_code == 200
        assert server.connections <= 20
    finally:
        for _, writer in crowd:
            writer.close()
        await server.stop()


async def test_full_house_of_answers_under_way_is_told() -> None:
    server = HttpServer(APP, "127.0.0.1", 0, max_connections=3)
    await server.start()
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            client = await stack.enter_async_context(connect(server))
            response = await stack.enter_async_context(client.stream("GET", "/endless"))
            assert response.status_code == 200
        async with connect(server) as client:
            assert (await client.get("/")).status_code == 503
    await server.stop()


# --- HTTPS -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def secured(authority: Authority) -> AsyncIterator[HttpServer]:
    """Without a plain port; clients show a certificate, which names them."""
    pair = authority.sign()
    served = Served(TlsFiles(pair.certificate, pair.key, authority.certificate, "http"))
    server = HttpServer(APP, "127.0.0.1", None, tls=served, names_user=True)
    await server.start()
    yield server
    await server.stop()


def trusting(authority: Authority) -> ssl.SSLContext:
    own = authority.sign("robot", client=True)
    context = ssl.create_default_context(cafile=authority.certificate)
    context.load_cert_chain(own.certificate, own.key)
    return context


async def test_https_serves_and_names_the_client(secured: HttpServer, authority: Authority) -> None:
    url = f"https://127.0.0.1:{secured.tls_port}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=trusting(authority)) as client:
        assert (await client.get("/certified")).text == "https robot"
        assert (await client.get("/")).text == "127.0.0.1"
    assert secured.port is None


async def test_plain_http_beside_https_names_nobody(authority: Authority) -> None:
    pair = authority.sign()
    served = Served(TlsFiles(pair.certificate, pair.key, section="http"))
    server = HttpServer(APP, "127.0.0.1", 0, tls=served, names_user=True)
    await server.start()
    async with connect(server) as client:
        assert (await client.get("/certified")).text == "http None"
    async with httpx.AsyncClient(
        base_url=f"https://127.0.0.1:{server.tls_port}", trust_env=False, verify=trusting(authority)
    ) as client:
        assert (await client.get("/certified")).text == "https None"
    await server.stop()
    again = HttpServer(APP, "127.0.0.1", server.port, tls=served, tls_port=server.tls_port or 0)
    await again.start()
    await again.stop()


async def test_a_client_without_certificate_is_counted(
    secured: HttpServer, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    context = ssl.create_default_context(cafile=authority.certificate)
    reader, writer = await asyncio.open_connection("127.0.0.1", secured.tls_port, ssl=context)
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    await until_async(lambda: secured.handshakes.failed == 1)
    assert "http.tls_client_ca demands a certificate" in caplog.text


async def test_a_slow_request_over_tls_is_told_and_cut(
    secured: HttpServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_patience, "REQUEST_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", secured.tls_port, ssl=trusting(authority))
    writer.write(b"GET / HTTP/1.1\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    assert answer.startswith(b"HTTP/1.1 408")
    writer.close()
    await until_async(lambda: secured.connections == 0)


async def test_a_taken_port_of_https_is_told_and_leaves_nothing(authority: Authority) -> None:
    pair = authority.sign()
    served = Served(TlsFiles(pair.certificate, pair.key, section="http"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = HttpServer(APP, "127.0.0.1", 0, tls=served, tls_port=taken.getsockname()[1])
        with pytest.raises(UnsError, match=r"unreachable\.port.*http\.tls_port"):
            await server.start()


async def test_stopping_ends_open_connections_over_tls(authority: Authority) -> None:
    pair = authority.sign()
    server = HttpServer(APP, "127.0.0.1", None, tls=Served(TlsFiles(pair.certificate, pair.key, section="http")))
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.tls_port, ssl=trusting(authority))
    waiting = asyncio.create_task(server.wait())
    await asyncio.wait_for(server.stop(), GRACE_S + 2)
    assert await reader.read() == b""
    await waiting
    writer.close()

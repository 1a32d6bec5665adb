"""uns.server.websocket: MQTT in frames of every cut, refusals that say why, and the same manners as over TCP."""

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import CloseCode, Frame, Opcode

from tests.broker.conftest import compile_admission
from tests.server.test_http import APP
from tests.support.until import until_async
from uns.broker import Broker, Limits
from uns.errors import Finding
from uns.mqtt import (
    Connack,
    Connect,
    ConnectWill,
    Decoder,
    Disconnect,
    Pingreq,
    Pingresp,
    Publish,
    ReasonCode,
    Side,
    Subscribe,
    Subscription,
    encode,
)
from uns.server import http_patience
from uns.server.clock import SystemClock
from uns.server.http import HttpServer
from uns.server.mqtt import MqttListener
from uns.server.websocket import PATH


class Client:
    """A WebSocket with a decoder."""

    def __init__(self, socket: ClientConnection, version: int = 5) -> None:
        self.socket = socket
        self._decoder = Decoder(Side.CLIENT, version=version)
        self._version = version
        self._packets: list[object] = []

    async def send(self, *packets: object) -> None:
        await self.socket.send(b"".join(encode(packet, self._version) for packet in packets))

    async def next(self) -> Any:
        while not self._packets:
            data = await asyncio.wait_for(self.socket.recv(), 5)
            assert isinstance(data, bytes)
            self._packets += self._decoder.receive(data)
        return self._packets.pop(0)


def gate(headers: Mapping[str, str], address: str) -> str | Finding:
    if "evil" in headers.get("origin", ""):
        return Finding(id="access.origin", what="no.")
    return address


@pytest.fixture
async def broker() -> Broker:
    limits = Limits(max_unsent_bytes=10_000, max_packet_bytes=2_000_000, connect_timeout_s=1)
    return Broker(compile_admission(), SystemClock(), limits=limits)


@pytest.fixture
async def listener(broker: Broker) -> AsyncIterator[MqttListener]:
    listener = MqttListener(broker)
    yield listener
    await listener.stop()


@pytest.fixture
async def server(listener: MqttListener) -> AsyncIterator[HttpServer]:
    server = HttpServer(APP, "127.0.0.1", 0, upgrades={PATH: lambda: listener.web_socket(gate)})
    await server.start()
    yield server
    await server.stop()


def opening(server: HttpServer, path: str = PATH, names: tuple[str, ...] = ("mqtt",), **options: Any) -> connect:
    options.setdefault("compression", None)
    return connect(
        f"ws://127.0.0.1:{server.port}{path}",
        subprotocols=names,
        proxy=None,
        max_size=None,
        **options,  # type: ignore[arg-type]
    )


@contextlib.asynccontextmanager
async def joined(server: HttpServer, client_id: str, version: int = 5, will: ConnectWill | None = None) -> Any:
    async with opening(server) as socket:
        client = Client(socket, version)
        await client.send(Connect(client_id, version, True, 0, None, None, will, None))
        connack = await client.next()
        assert isinstance(connack, Connack)
        assert connack.reason_code == 0
        yield client


async def read_to_the_end(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def closed_with(socket: ClientConnection) -> tuple[int, str]:
    """Code and reason of the server's close frame."""
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(read_to_the_end(socket), 5)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.mark.parametrize("version", [4, 5])
async def test_messages_cross(server: HttpServer, broker: Broker, version: int) -> None:
    async with joined(server, "p", version) as publisher, joined(server, "s", version) as subscriber:
        await subscriber.send(Subscribe(1, [Subscription("open/#", 0)], None))
        await subscriber.next()
        await publisher.send(*(Publish(f"open/{number}", b"x" * number) for number in range(100)))
        messages = [await subscriber.next() for _ in range(100)]
        shown = {shown.client_id: shown for shown in broker.clients()}["p"]
    assert [message.topic for message in messages] == [f"open/{number}" for number in range(100)]
    assert shown.protocol == {4: "MQTT 3.1.1 over WebSocket", 5: "MQTT 5.0 over WebSocket"}[version]
    assert shown.address.startswith("127.0.0.1:")


@pytest.mark.parametrize("names", [("mqtt",), ("mqttv3.1",), ("chat", "mqttv3.1", "mqtt")])
async def test_the_sub_protocol_is_answered(server: HttpServer, names: tuple[str, ...]) -> None:
    """MQTT-6.0.0-3, MQTT-6.0.0-4; compression is offered by the client and not taken."""
    async with opening(server, names=names, compression="deflate") as socket:
        assert socket.subprotocol == ("mqtt" if "mqtt" in names else "mqttv3.1")
        assert socket.protocol.extensions == []


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "another sub-protocol": ({"names": ("chat",)}, 422, "'mqtt'"),
    "no sub-protocol": ({"names": ()}, 422, "'mqtt'"),
    "a foreign page": ({"origin": "https://evil.example"}, 403, "access.origin"),
    "a key that is none": ({"additional_headers": {"Sec-WebSocket-Key": "x"}}, 400, "Sec-WebSocket-Key"),
    "two origins": ({"additional_headers": [("Origin", "a"), ("Origin", "b")]}, 422, "twice"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_upgrade_says_why(server: HttpServer, broker: Broker, name: str) -> None:
    options, status, says = REFUSED[name]
    with pytest.raises(InvalidStatus) as refused:
        async with opening(server, **{"names": ("mqtt",), **options}):
            pass
    assert refused.value.response.status_code == status
    assert says in (refused.value.response.body or b"").decode()
    assert broker.stats.connections == 0


async def test_elsewhere_and_without_upgrade_it_is_plain_http(server: HttpServer) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opening(server, path="/"):
            pass
    assert refused.value.response.status_code == 200
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://127.0.0.1:{server.port}{PATH}")).status_code == 404


@pytest.mark.parametrize(
    ("method", "version", "extra"),
    [
        ("POST", "1.1", "Content-Length: 0\r\n"),
        ("GET", "1.1", "Content-Length: 5\r\n"),
        ("GET", "1.1", "Transfer-Encoding: chunked\r\n"),
        ("GET", "1.0", ""),
    ],
)
async def test_only_a_get_without_a_body_is_upgraded(server: HttpServer, method: str, version: str, extra: str) -> None:
    """RFC 6455, 4.2.1: what is a body to a proxy must not be frames to us."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"{method} {PATH} HTTP/{version}\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: mqtt\r\n{extra}\r\n".encode()
    )
    async with asyncio.timeout(5):
        status = await reader.readline()
    assert b" 101 " not in status
    writer.close()


async def test_frames_and_packets_need_not_be_aligned(server: HttpServer) -> None:
    """MQTT-6.0.0-2: a frame of one byte, a fragmented message, a packet over three frames, many in one."""
    hello = encode(Connect("c", 5, True, 0, None, None, None, None), 5)
    async with opening(server) as socket:
        client = Client(socket)
        for byte in hello:
            await socket.send(bytes((byte,)))
        assert isinstance(await client.next(), Connack)
        subscribe = encode(Subscribe(1, [Subscription("open/#", 0)], None), 5)
        await socket.send([subscribe[:3], subscribe[3:5], b"", subscribe[5:]])
        assert (await client.next()).reason_codes == [0]
        stream = b"".join(encode(Publish("open/x", bytes((number,))), 5) for number in range(200))
        for begin in range(0, len(stream), 97):
            await socket.send(stream[begin : begin + 97])
        assert [(await client.next()).payload[0] for _ in range(200)] == list(range(200))


async def test_ten_thousand_tiny_frames_take_turns(server: HttpServer, broker: Broker) -> None:
    """Unwrapping them takes longer than a turn may; the answers come all the same, and in order."""
    async with joined(server, "c") as client:
        frame = Frame(Opcode.BINARY, b"").serialize(mask=True)
        ping = Frame(Opcode.BINARY, encode(Pingreq(), 5)).serialize(mask=True)
        client.socket.transport.write((frame * 1000 + ping) * 10)
        for _ in range(10):
            assert isinstance(await client.next(), Pingresp)


async def test_a_text_frame_ends_the_connection(server: HttpServer, broker: Broker) -> None:
    """MQTT-6.0.0-1. Told twice: in MQTT and in the close frame; and the will is due."""
    will = ConnectWill("open/will", b"gone", 0, False, None)
    async with joined(server, "watcher") as watcher, joined(server, "c", will=will) as client:
        await watcher.send(Subscribe(1, [Subscription("open/will", 0)], None))
        await watcher.next()
        await client.socket.send("text")
        goodbye = await client.next()
        assert isinstance(goodbye, Disconnect)
        assert goodbye.reason_code == ReasonCode.PROTOCOL_ERROR
        assert await closed_with(client.socket) == (CloseCode.UNSUPPORTED_DATA, "MQTT is sent in binary frames")
        assert (await watcher.next()).payload == b"gone"
    assert broker.stats.protocol_errors == 1


async def test_a_frame_that_never_ends_is_memory_too(server: HttpServer, broker: Broker) -> None:
    whole = Frame(Opcode.BINARY, b"x" * 500_000).serialize(mask=True)
    async with joined(server, "p") as client:
        broker.budget.measure()
        client.socket.transport.write(whole[:-100_000])
        await until_async(lambda: broker.budget.measure() or broker.stats.unfinished_bytes > 390_000)
        client.socket.transport.abort()
    await until_async(lambda: broker.budget.measure() or not broker.laden)


async def test_a_text_frame_before_connect(server: HttpServer) -> None:
    async with opening(server) as socket:
        await socket.send("text")
        assert (await closed_with(socket))[0] == CloseCode.UNSUPPORTED_DATA


UNFRAMED = {
    "unmasked": (b"\x82\x01x", CloseCode.PROTOCOL_ERROR),
    "reserved bits": (b"\xf2\x80\0\0\0\0", CloseCode.PROTOCOL_ERROR),
    "a continuation of nothing": (b"\x80\x80\0\0\0\0", CloseCode.PROTOCOL_ERROR),
    "announced too large": (b"\x82\xff" + struct.pack("!Q", 1 << 40) + b"\0\0\0\0", CloseCode.MESSAGE_TOO_BIG),
    "a byte more than a packet": (b"\x82\xff" + struct.pack("!Q", 2_000_001) + b"\0\0\0\0", CloseCode.MESSAGE_TOO_BIG),
}


@pytest.mark.parametrize("name", UNFRAMED)
async def test_broken_frames_end_the_connection(server: HttpServer, broker: Broker, name: str) -> None:
    sent, code = UNFRAMED[name]
    async with joined(server, "c") as client:
        client.socket.transport.write(sent)
        assert (await closed_with(client.socket))[0] == code
        await until_async(lambda: broker.stats.connections == 0)
    assert broker.stats.protocol_errors == 1


async def ping_to_the_end(socket: ClientConnection) -> None:
    while True:
        await (await socket.ping())


async def test_pings_of_the_frames_are_answered_and_keep_nothing_alive(server: HttpServer) -> None:
    """The keep-alive of MQTT counts packets; and who never sends CONNECT is closed in time, pings or not."""
    async with opening(server) as socket:
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(ping_to_the_end(socket), 5)
        assert socket.close_code == CloseCode.NORMAL_CLOSURE


async def test_disconnect_closes_both(server: HttpServer, broker: Broker) -> None:
    async with joined(server, "c") as client:
        await client.send(Disconnect(0, None))
        assert (await closed_with(client.socket))[0] == CloseCode.NORMAL_CLOSURE
        await until_async(lambda: broker.stats.connections == 0)


async def test_a_flood_after_the_goodbye_is_not_read(server: HttpServer, broker: Broker) -> None:
    async with joined(server, "c") as client:
        goodbye = Frame(Opcode.BINARY, encode(Disconnect(0, None), 5)).serialize(mask=True)
        client.socket.transport.write(goodbye + Frame(Opcode.BINARY, b"").serialize(mask=True) * 50_000)
        await until_async(lambda: broker.stats.connections == 0)
        await asyncio.wait_for(client.socket.wait_closed(), 5)


@pytest.mark.parametrize("abruptly", [True, False])
async def test_a_connection_without_disconnect_leaves_its_will(server: HttpServer, abruptly: bool) -> None:
    will = ConnectWill("open/will", b"gone", 0, False, None)
    async with joined(server, "watcher") as watcher:
        await watcher.send(Subscribe(1, [Subscription("open/will", 0)], None))
        await watcher.next()
        async with joined(server, "c", will=will) as client:
            if abruptly:
                client.socket.transport.abort()
            else:
                await client.socket.close()
        assert (await watcher.next()).payload == b"gone"


async def test_a_client_that_does_not_read_is_shed_and_others_go_on(server: HttpServer, broker: Broker) -> None:
    async with joined(server, "lazy") as lazy, joined(server, "keen") as keen, joined(server, "p") as publisher:
        for client in (lazy, keen):
            await client.send(Subscribe(1, [Subscription("open/#", 0)], None))
            await client.next()
        lazy.socket.transport.pause_reading()
        got = 0
        while broker.stats.slow_shed == 0:
            await publisher.send(Publish("open/x", b"x" * 1_000_000))
            assert isinstance(await keen.next(), Publish)
            got += 1
            assert got < 100, "the socket buffers of a client that never reads should be full by now"
        await publisher.send(Publish("open/last", b"1"))
        assert (await keen.next()).topic == "open/last"
        lazy.socket.transport.abort()


async def test_the_limit_of_connections_counts_web_sockets(listener: MqttListener) -> None:
    broker = Broker(compile_admission(), SystemClock(), limits=Limits(max_connections=1))
    other = MqttListener(broker)
    server = HttpServer(APP, "127.0.0.1", 0, upgrades={PATH: lambda: other.web_socket(gate)})
    await server.start()
    async with joined(server, "first"), opening(server) as socket:
        client = Client(socket)
        await client.send(Connect("second", 5, True, 0, None, None, None, None))
        assert (await client.next()).reason_code == ReasonCode.QUOTA_EXCEEDED
    await server.stop()
    await other.stop()


async def test_deadlines_of_http_end_with_the_upgrade(
    server: HttpServer, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_patience, "REQUEST_S", 0.05)
    async with joined(server, "c") as client:
        assert server.connections == 0
        with pytest.raises(TimeoutError):  # longer than HTTP would wait
            await asyncio.wait_for(client.socket.recv(), 0.2)
        await client.send(Pingreq())
        assert isinstance(await client.next(), Pingresp)


async def test_what_follows_the_request_at_once_is_not_lost(server: HttpServer) -> None:
    hello = encode(Connect("c", 5, True, 0, None, None, None, None), 5)
    request = (
        f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request.encode() + Frame(Opcode.BINARY, hello).serialize(mask=True))
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 101 ")
    assert (await asyncio.wait_for(reader.readexactly(3), 5))[0:3:2] == b"\x82\x20"
    writer.close()


async def test_stopping_says_goodbye_and_cuts_who_does_not_answer(broker: Broker) -> None:
    listener = MqttListener(broker)
    server = HttpServer(APP, "127.0.0.1", 0, upgrades={PATH: lambda: listener.web_socket(gate)})
    await server.start()
    async with joined(server, "c") as client, joined(server, "deaf") as deaf:
        deaf.socket.transport.pause_reading()
        async with asyncio.timeout(5):
            await server.stop()
            await client.send(Pingreq())
            assert isinstance(await client.next(), Pingresp), "the broker's clients stay until the broker stops"
            stopping = asyncio.create_task(listener.stop())
            goodbye = await client.next()
            assert isinstance(goodbye, Disconnect)
            assert goodbye.reason_code == ReasonCode.SERVER_SHUTTING_DOWN
            assert (await closed_with(client.socket))[0] == CloseCode.NORMAL_CLOSURE
            await stopping
        assert broker.stats.connections == 0
        deaf.socket.transport.abort()


async def test_the_refusal_is_the_usual_json(server: HttpServer) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opening(server, names=("chat",)):
            pass
    assert json.loads(refused.value.response.body or b"")["error"]["id"] == "request.upgrade"

"""uns.server.tls: handshakes that succeed, fail, dawdle or crowd, and what they cost the others."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.broker.conftest import compile_admission
from tests.server.test_mqtt import Client
from tests.support.certificates import Authority
from tests.support.until import until_async
from uns.broker import Broker, Limits
from uns.mqtt import Connack, Connect, Disconnect, Publish, ReasonCode, Subscribe, Subscription, encode
from uns.server import tls
from uns.server.certificate import TlsFiles
from uns.server.clock import SystemClock
from uns.server.mqtt import MqttListener
from uns.server.renewal import Served


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def broker() -> Broker:
    return Broker(compile_admission(), SystemClock(), limits=Limits(max_unsent_bytes=10_000, connect_timeout_s=1))


@pytest.fixture
async def listener(broker: Broker) -> AsyncIterator[MqttListener]:
    listener = MqttListener(broker)
    yield listener
    await listener.stop()


@pytest.fixture
async def port(listener: MqttListener, authority: Authority) -> int:
    pair = authority.sign()
    return await listener.start("127.0.0.1", 0, Served(TlsFiles(pair.certificate, pair.key)))


def trusting(authority: Authority, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.certificate)
    context.minimum_version = context.maximum_version = version
    return context


async def connect(port: int, context: ssl.SSLContext, client_id: str) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", port, ssl=context))
    client.send(Connect(client_id, 5, True, 0, None, None, None, None))
    connack = await client.next()
    assert isinstance(connack, Connack)
    assert connack.reason_code == 0
    return client


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_messages_cross(broker: Broker, port: int, authority: Authority, version: ssl.TLSVersion) -> None:
    client = await connect(port, trusting(authority, version), "c")
    client.send(Subscribe(1, [Subscription("open/#", 0)], None))
    await client.next()
    payload = b"x" * 300_000  # many TLS records, more than the socket takes at once
    for number in range(20):
        client.send(Publish(f"open/{number}", payload))
        message = await client.next()
        assert isinstance(message, Publish)
        assert (message.topic, message.payload) == (f"open/{number}", payload)
    (shown,) = [shown for shown in broker.clients() if shown.client_id == "c"]
    assert shown.protocol == "MQTT 5.0 over TLS"
    assert shown.address.startswith("127.0.0.1:")
    await client.close()


async def test_older_tls_is_refused_and_counted_and_told_once(
    listener: MqttListener, port: int, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    context = ssl.create_default_context(cafile=authority.certificate)
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with caplog.at_level(logging.WARNING, "uns.server.tls"):
        for _ in range(3):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection("127.0.0.1", port, ssl=context)
        await until_async(lambda: listener.handshakes.failed == 3)
    assert len(caplog.messages) == 1
    assert "127.0.0.1" in caplog.messages[0]


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"])
async def test_what_is_no_handshake_is_cut_in_time(
    listener: MqttListener, broker: Broker, port: int, authority: Authority, sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    other = await connect(port, trusting(authority), "other")
    async with asyncio.timeout(5):
        while True:
            try:
                if not await reader.read(1024):
                    break
            except ConnectionError:
                break
    assert listener.handshakes.failed == 1
    assert len(listener.handshakes) == 0
    assert broker.stats.connections == 1
    writer.close()
    await other.close()


async def test_a_crowd_that_never_finishes_shuts_nobody_out(
    listener: MqttListener, port: int, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "UNDER_WAY", 10)
    monkeypatch.setattr(tls, "PATIENCE_S", 0.05)
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
    client = await connect(port, trusting(authority), "c")
    assert len(listener.handshakes) <= 10
    assert listener.handshakes.failed >= 20
    await client.close()
    for _, writer in crowd:
        writer.close()


async def test_a_crowd_that_comes_at_once_is_served(listener: MqttListener, port: int, authority: Authority) -> None:
    """As after a restart: nobody is cut for others, they wait."""
    context = trusting(authority)
    crowd = await asyncio.gather(*(connect(port, context, f"c{number}") for number in range(3 * tls.UNDER_WAY)))
    assert listener.handshakes.failed == 0
    for client in crowd:
        await client.close()


async def test_only_clients_with_a_certificate_where_one_is_demanded(
    listener: MqttListener, authority: Authority
) -> None:
    pair, mine = authority.sign(), authority.sign("robot", client=True)
    port = await listener.start("127.0.0.1", 0, Served(TlsFiles(pair.certificate, pair.key, authority.certificate)))
    anonymous = trusting(authority)
    client = Client(*await asyncio.open_connection("127.0.0.1", port, ssl=anonymous))
    client.send(Connect("c", 5, True, 0, None, None, None, None))
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):  # TLS 1.3: the client learns it when it reads
        await client.next()
    client.writer.close()
    assert listener.handshakes.failed == 1
    known = trusting(authority)
    known.load_cert_chain(mine.certificate, mine.key)
    client = await connect(port, known, "robot")
    await client.close()


@pytest.mark.parametrize("given", ["nothing", "of the server", "of another authority"])
async def test_the_log_says_what_is_wrong_with_a_clients_certificate(
    listener: MqttListener, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture, given: str
) -> None:
    pair = authority.sign()
    port = await listener.start("127.0.0.1", 0, Served(TlsFiles(pair.certificate, pair.key, authority.certificate)))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    context = trusting(authority)
    if given != "nothing":
        mine = pair if given == "of the server" else Authority(elsewhere).sign("robot", client=True)
        context.load_cert_chain(mine.certificate, mine.key)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    await until_async(lambda: listener.handshakes.failed == 1)
    expected = {
        "nothing": "mqtt.tls_client_ca demands a certificate and the client sent none",
        "of the server": "(unsuitable certificate purpose): make it one for clients (extendedKeyUsage=clientAuth)",
        "of another authority": "give it one that is valid today and signed by an authority in mqtt.tls_client_ca",
    }
    assert expected[given] in caplog.text


@pytest.mark.parametrize(
    "sent", [encode(Connect("c", 5, True, 0, None, None, None, None), 5), b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_the_log_says_that_a_client_speaks_no_tls(
    listener: MqttListener, port: int, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await until_async(lambda: listener.handshakes.failed == 1)
    assert "the client speaks no TLS on this port: set it to TLS" in caplog.text
    writer.close()


@pytest.mark.parametrize("trusts", ["the public authorities", "another of the same name"])
async def test_the_log_says_that_a_client_does_not_trust_us(
    listener: MqttListener, port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture, trusts: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = trusting(Authority(elsewhere)) if trusts == "another of the same name" else ssl.create_default_context()
    inner = context.wrap_bio(downward, upward, server_hostname="localhost")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(5):
        while True:
            try:
                inner.do_handshake()
            except ssl.SSLWantReadError:
                writer.write(upward.read())
                downward.write(await reader.read(65_536))
            except ssl.SSLCertVerificationError:
                break
    writer.write(upward.read())  # the alert, which asyncio would keep to itself
    await until_async(lambda: listener.handshakes.failed == 1)
    assert "authority that signed it" in caplog.text
    writer.close()


async def test_a_connect_that_comes_with_the_end_of_the_handshake(port: int, authority: Authority) -> None:
    """TLS 1.3 lets a client send at once: the last of the handshake and CONNECT share a segment."""
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    inner = trusting(authority).wrap_bio(downward, upward, server_hostname="localhost")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(5):
        while True:
            try:
                inner.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(upward.read())
                downward.write(await reader.read(65_536))
        inner.write(encode(Connect("early", 5, True, 0, None, None, None, None), 5))
        writer.write(upward.read())
        answer = b""
        while not answer:
            downward.write(await reader.read(65_536))
            try:
                answer = inner.read(65_536)
            except ssl.SSLWantReadError:
                continue
    assert answer[0] == 0x20
    writer.close()


async def test_a_client_that_does_not_read_is_shed(broker: Broker, port: int, authority: Authority) -> None:
    lazy, publisher = await connect(port, trusting(authority), "lazy"), await connect(port, trusting(authority), "p")
    lazy.send(Subscribe(1, [Subscription("open/#", 0)], None))
    await lazy.next()
    lazy.reader._transport.pause_reading()  # type: ignore[attr-defined]
    async with asyncio.timeout(30):
        while broker.stats.slow_shed == 0:
            publisher.send(Publish("open/x", b"x" * 500_000))
            await publisher.writer.drain()
    await publisher.close()
    lazy.writer.transport.abort()


async def test_stopping_says_goodbye_and_cuts_handshakes(broker: Broker, authority: Authority) -> None:
    listener = MqttListener(broker)
    pair = authority.sign()
    port = await listener.start("127.0.0.1", 0, Served(TlsFiles(pair.certificate, pair.key)))
    client = await connect(port, trusting(authority), "c")
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await until_async(lambda: len(listener.handshakes) == 1)
    stopping = asyncio.create_task(listener.stop())
    goodbye = await client.next()
    assert isinstance(goodbye, Disconnect)
    assert goodbye.reason_code == ReasonCode.SERVER_SHUTTING_DOWN
    with pytest.raises(EOFError):
        await client.next()
    await client.close()
    await asyncio.wait_for(stopping, 5)
    assert len(listener.handshakes) == 0
    writer.close()

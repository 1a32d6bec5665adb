"""MQTT over real sockets: chunks, joined writes, slow readers, the goodbye."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.broker.conftest import by_username, compile_admission
from uns.broker import Broker, Limits
from uns.mqtt import Connack, Connect, Decoder, Disconnect, Publish, ReasonCode, Side, Subscribe, Subscription, encode
from uns.server.clock import SystemClock
from uns.server.mqtt import MqttListener


class Client:
    """A socket with a decoder."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._decoder = Decoder(Side.CLIENT, version=5)
        self._packets: list[object] = []

    def send(self, *packets: object) -> None:
        self.writer.write(b"".join(encode(packet, 5) for packet in packets))

    async def next(self) -> object:
        while not self._packets:
            data = await asyncio.wait_for(self.reader.read(65_536), 5)
            if not data:
                raise EOFError
            self._packets += self._decoder.receive(data)
        return self._packets.pop(0)

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


@pytest.fixture
async def broker() -> Broker:
    limits = Limits(max_unsent_bytes=10_000, max_packet_bytes=2_000_000, connect_timeout_s=1)
    return Broker(compile_admission(), SystemClock(), limits=limits, authenticate=by_username)


@pytest.fixture
async def listener(broker: Broker) -> AsyncIterator[MqttListener]:
    listener = MqttListener(broker)
    yield listener
    await listener.stop()


@pytest.fixture
async def port(listener: MqttListener) -> int:
    return await listener.start("127.0.0.1", 0)


async def connect(port: int, client_id: str) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    client.send(Connect(client_id, 5, True, 0, None, None, None, None))
    connack = await client.next()
    assert isinstance(connack, Connack)
    assert connack.reason_code == 0
    return client


async def test_a_message_crosses(port: int) -> None:
    publisher, subscriber = await connect(port, "p"), await connect(port, "s")
    subscriber.send(Subscribe(1, [Subscription("open/#", 0)], None))
    await subscriber.next()
    publisher.send(*(Publish(f"open/{number}", b"x" * number) for number in range(100)))
    messages = [await subscriber.next() for _ in range(100)]
    assert [message.topic for message in messages] == [f"open/{number}" for number in range(100)]
    await publisher.close()
    await subscriber.close()


async def test_a_packet_may_come_byte_by_byte(port: int) -> None:
    client = await connect(port, "slow")
    for byte in encode(Subscribe(1, [Subscription("open/#", 0)], None), 5):
        client.writer.write(bytes((byte,)))
        await client.writer.drain()
    assert (await client.next()).reason_codes == [0]
    await client.close()


async def test_a_client_that_does_not_read_is_shed_and_others_go_on(broker: Broker, port: int) -> None:
    lazy, keen, publisher = await connect(port, "lazy"), await connect(port, "keen"), await connect(port, "p")
    for client in (lazy, keen):
        client.send(Subscribe(1, [Subscription("open/#", 0)], None))
        await client.next()
    got = 0
    while broker.stats.slow_shed == 0:
        publisher.send(Publish("open/x", b"x" * 1_000_000))
        assert isinstance(await keen.next(), Publish)
        got += 1
        assert got < 100, "the socket buffers of a client that never reads should be full by now"
    publisher.send(Publish("open/last", b"1"))
    assert (await keen.next()).topic == "open/last"
    for client in (lazy, keen, publisher):
        await client.close()


async def test_a_refused_client_is_told_and_closed(port: int) -> None:
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    client.send(Connect("c", 5, True, 0, "nobody", b"x", None, None))
    assert (await client.next()).reason_code == ReasonCode.BAD_USER_NAME_OR_PASSWORD
    with pytest.raises(EOFError):
        await client.next()
    await client.close()


async def test_silence_is_closed(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()


async def test_stopping_says_goodbye_and_cuts_who_does_not_listen(broker: Broker) -> None:
    listener = MqttListener(broker)
    port = await listener.start("127.0.0.1", 0)
    client = await connect(port, "c")
    await asyncio.wait_for(listener.stop(), 5)
    goodbye = await client.next()
    assert isinstance(goodbye, Disconnect)
    assert goodbye.reason_code == ReasonCode.SERVER_SHUTTING_DOWN
    with pytest.raises(EOFError):
        await client.next()
    await client.close()
    assert broker.stats.connections == 0
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_taken_port_is_an_error(listener: MqttListener, port: int) -> None:
    with pytest.raises(OSError, match="in use"):
        await listener.start("127.0.0.1", port)

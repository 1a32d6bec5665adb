"""A client that takes little, or nothing, and pings in time: whose is the silence?"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest

from tests.broker.conftest import by_username, compile_admission
from tests.support.until import until_async
from uns.broker import Broker, Connection, Limits
from uns.link import Message
from uns.mqtt import Connect, Pingreq, Subscribe, Subscription, encode
from uns.server.clock import SystemClock
from uns.server.mqtt import MqttListener

GRACE_S = 1.5


@pytest.fixture
async def broker() -> Broker:
    limits = Limits(max_unsent_bytes=100_000)
    return Broker(compile_admission(), SystemClock(), limits=limits, authenticate=by_username)


@pytest.fixture
async def slow(broker: Broker) -> AsyncIterator[socket.socket]:
    """A socket of small buffers, subscribed, with more on its way than they hold. Its keep-alive is one second."""
    listener = MqttListener(broker)
    port = await listener.start("127.0.0.1", 0)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20_000)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", port))
        hello = encode(Connect("slow", 5, True, 1), 5) + encode(Subscribe(1, [Subscription("open/#")]), 5)
        await loop.sock_sendall(client, hello)
        await until_async(lambda: broker.stats.control_out == 2)
        while not broker.stats.slow_shed:
            broker.publish(Message("open/x", b"x" * 50_000), "engineer")
            await asyncio.sleep(0)
        yield client
    await listener.stop()


def connection_of(broker: Broker) -> Connection:
    (connection,) = broker.connections
    return connection


async def test_one_that_takes_little_and_pings_stays(broker: Broker, slow: socket.socket) -> None:
    loop, ends_s = asyncio.get_running_loop(), time.monotonic() + 3 * GRACE_S
    while time.monotonic() < ends_s:
        await loop.sock_sendall(slow, encode(Pingreq(), 5))
        assert await loop.sock_recv(slow, 20_000), "it was cut"
        await asyncio.sleep(GRACE_S / 10)
        broker.publish(Message("open/x", b"x" * 50_000), "engineer")
    assert broker.stats.keep_alive_timeouts == 0
    assert connection_of(broker).congested, "it has been slow to the end"


async def test_one_that_takes_nothing_and_pings_is_cut(broker: Broker, slow: socket.socket) -> None:
    loop, began_s = asyncio.get_running_loop(), time.monotonic()
    while not broker.stats.keep_alive_timeouts:
        await loop.sock_sendall(slow, encode(Pingreq(), 5))
        await asyncio.sleep(GRACE_S / 10)
        assert time.monotonic() - began_s < 10 * GRACE_S
    assert time.monotonic() - began_s > GRACE_S
    await until_async(lambda: not list(broker.connections))

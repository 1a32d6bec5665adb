"""How do the bytes of a play get to the broker: in memory, or over TCP?"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from tests.support.clock import FakeClock
from tests.support.until import until_async
from uns.broker import Broker, Connection, State
from uns.server.mqtt import MqttListener

PATIENCE_S = 5.0


class Wire(Protocol):
    """One client's connection. Nothing is in flight on its way to the broker when `send` or `lose` returns."""

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes:
        """Some bytes, waiting for them where they can be late; empty when the broker has closed the connection."""

    async def lose(self) -> None: ...

    async def close(self) -> None: ...

    @property
    def waits(self) -> bool:
        """Can bytes be late?"""

    @property
    def closed(self) -> bool:
        """Has the broker closed the connection?"""


class Network(Protocol):
    async def dial(self) -> Wire: ...

    async def pass_time(self, ms: int) -> None:
        """Let time pass, and the broker notice."""

    async def stop(self) -> None: ...


# --- in memory --------------------------------------------------------------------------------------------------------


class MemoryWire:
    waits = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def send(self, data: bytes) -> None:
        self._connection.receive(data)

    async def receive(self) -> bytes:
        return self._connection.take()

    async def lose(self) -> None:
        self._connection.lost()
        self._connection.take()

    async def close(self) -> None:
        self._connection.lost()

    @property
    def closed(self) -> bool:
        return self._connection.state is State.CLOSED


class MemoryNetwork:
    """The broker without a server: each call is answered when it returns."""

    def __init__(self, broker: Broker, clock: FakeClock) -> None:
        self._broker = broker
        self._clock = clock
        self._dialled = 0

    async def dial(self) -> MemoryWire:
        self._dialled += 1
        return MemoryWire(self._broker.accept(f"192.0.2.1:{40_000 + self._dialled}"))

    async def pass_time(self, ms: int) -> None:
        self._clock.advance(ms)
        self._broker.tick()

    async def stop(self) -> None:
        self._broker.ready.clear()


# --- over TCP ---------------------------------------------------------------------------------------------------------


class WatchedBroker(Broker):
    """A broker that tells which connection is whose, and how often it ticked."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.accepted: dict[str, Connection] = {}
        self.ticks = 0
        super().__init__(*arguments, **options)

    def accept(self, address: str, over: str = "", certified: str | None = None) -> Connection:
        connection = super().accept(address, over, certified)
        self.accepted[address] = connection
        return connection

    def tick(self) -> int | None:
        self.ticks += 1
        return super().tick()


class SocketWire:
    waits = True

    def __init__(self, broker: WatchedBroker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._broker = broker
        self._reader = reader
        self._writer = writer
        host, port = writer.get_extra_info("sockname")[:2]
        self._address = f"{host}:{port}"

    async def settle(self, done: Callable[[], bool] = lambda: True) -> None:
        """Wait until the broker has accepted this connection, and is done or has closed it."""
        await until_async(lambda: self._address in self._broker.accepted, PATIENCE_S)
        connection = self._broker.accepted[self._address]
        await until_async(lambda: connection.state is State.CLOSED or done(), PATIENCE_S)

    async def send(self, data: bytes) -> None:
        stats = self._broker.stats
        taken = stats.bytes_in + len(data)
        self._writer.write(data)
        await self.settle(lambda: stats.bytes_in >= taken)

    async def receive(self) -> bytes:
        try:
            return await asyncio.wait_for(self._reader.read(65_536), PATIENCE_S)
        except ConnectionResetError:  # closed with bytes unread: to the client the same
            return b""

    async def lose(self) -> None:
        self._writer.transport.abort()
        await self.settle(lambda: False)

    async def close(self) -> None:
        self._writer.transport.abort()
        with suppress(ConnectionError):  # how it ended is told by `receive`
            await self._writer.wait_closed()

    @property
    def closed(self) -> bool:
        return self._broker.accepted[self._address].state is State.CLOSED


class SocketNetwork:
    """The same broker behind `MqttListener` on a port of this machine, with the clock of the play."""

    def __init__(self, broker: WatchedBroker, clock: FakeClock) -> None:
        self._broker = broker
        self._clock = clock
        self._listener = MqttListener(broker)
        self._port = 0

    async def dial(self) -> SocketWire:
        if not self._port:
            self._port = await self._listener.start("127.0.0.1", 0)
        wire = SocketWire(self._broker, *await asyncio.open_connection("127.0.0.1", self._port))
        await wire.settle()
        return wire

    async def pass_time(self, ms: int) -> None:
        self._clock.advance(ms)
        before = self._broker.ticks
        await until_async(lambda: self._broker.ticks > before, PATIENCE_S)

    async def stop(self) -> None:
        await self._listener.stop()

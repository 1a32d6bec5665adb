"""MQTT over TCP: sockets on one side, the broker's connections on the other.

Each received chunk goes through the broker at once; what it makes ready is written once per turn of the event loop,
joined per connection. A socket that takes no more marks its connection congested, and the broker sheds or queues.
"""

import asyncio
import ssl
from typing import cast

from uns.broker import Broker, Connection, State

TICK_S = 0.05
GRACE_S = 1.0
"""How long a client may take to read its goodbye before its connection is cut."""


class MqttListener:
    """Serves one broker on any number of addresses. `start` raises OSError when an address is taken."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._protocols: dict[Connection, _MqttProtocol] = {}
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.get_running_loop()
        self._tick = self._loop.call_later(TICK_S, self._on_tick)
        broker.on_ready = self._on_ready

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; returns the port, which differs from `port` when that is 0."""
        server = await self._loop.create_server(self._protocol, host, port, ssl=tls, backlog=1024)
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Accept nobody more, say goodbye to everybody, close."""
        for server in self._servers:
            server.close()
        self._broker.shut_down()
        self._flush()
        self._tick.cancel()
        for protocol in list(self._protocols.values()):
            protocol.close()
        leaving = [protocol.closed for protocol in self._protocols.values()]
        if leaving:
            await asyncio.wait(leaving, timeout=GRACE_S)
        for protocol in list(self._protocols.values()):
            protocol.abort()
        for server in self._servers:
            await server.wait_closed()

    def _protocol(self) -> "_MqttProtocol":
        return _MqttProtocol(self._broker, self._protocols)

    def _on_ready(self) -> None:
        self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        ready, self._broker.ready = self._broker.ready, []
        for connection in ready:
            protocol = self._protocols.get(connection)
            if protocol is None:
                connection.take()
            else:
                protocol.flush()

    def _on_tick(self) -> None:
        self._broker.tick()
        self._tick = self._loop.call_later(TICK_S, self._on_tick)


class _MqttProtocol(asyncio.Protocol):
    """One socket."""

    def __init__(self, broker: Broker, protocols: dict[Connection, "_MqttProtocol"]) -> None:
        self._broker = broker
        self._protocols = protocols
        self._connection: Connection | None = None
        self._transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self._connection = self._broker.accept(f"{host}:{port}")
        self._protocols[self._connection] = self
        self._transport.set_write_buffer_limits(high=self._broker.limits.max_unsent_bytes)

    def data_received(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._connection is not None
        del self._protocols[self._connection]
        self._connection.lost()
        self.closed.set_result(None)

    def pause_writing(self) -> None:
        if self._connection is not None:
            self._connection.congested = True

    def resume_writing(self) -> None:
        if self._connection is not None:
            self._connection.congested = False

    def flush(self) -> None:
        assert self._connection is not None
        assert self._transport is not None
        data = self._connection.take()
        if data:
            self._transport.write(data)
        if self._connection.state is State.CLOSED:
            self._transport.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

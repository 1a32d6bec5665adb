"""MQTT over TCP: sockets on one side, the broker's connections on the other.

Each received chunk goes through the broker at once; what it makes ready is written once per turn of the event loop,
joined per connection. A socket that takes no more marks its connection congested, and the broker sheds or queues. From
a client that is behind nothing more is read, so that no client fills memory or takes the others' turn.
"""

import asyncio
import ssl
from typing import cast

from uns.broker import Broker, Connection, State

TICK_S = 0.05
CHUNK_BYTES = 65_536
"""A chunk of this size says that the peer sends faster than it is read."""
WRITES_PER_TURN = 500
"""Sockets that are written to before the loop sees to what came in: a message may go to ten thousand clients."""
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
        broker.turns.on_begin = self._on_turn

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; returns the port, which differs from `port` when that is 0."""
        server = await self._loop.create_server(self._protocol, host, port, ssl=tls, backlog=1024)
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    def is_serving(self) -> bool:
        """Does every address that was started still listen?"""
        return bool(self._servers) and all(server.is_serving() for server in self._servers)

    async def stop(self) -> None:
        """Accept nobody more, say goodbye to everybody, close."""
        for server in self._servers:
            server.close()
        self._broker.shut_down()
        while self._broker.ready:
            self._flush()
        self._tick.cancel()
        leaving = []
        for protocol in list(self._protocols.values()):
            protocol.close()
            leaving.append(protocol.closed)
        if leaving:
            await asyncio.wait(leaving)  # within GRACE_S: then they are cut
        for server in self._servers:
            await server.wait_closed()

    def _protocol(self) -> "_MqttProtocol":
        return _MqttProtocol(self._broker, self._protocols)

    def _on_ready(self) -> None:
        self._loop.call_soon(self._flush)

    def _on_turn(self) -> None:
        self._loop.call_soon(self._broker.turns.run)

    def _flush(self) -> None:
        ready, self._broker.ready = self._broker.ready[:WRITES_PER_TURN], self._broker.ready[WRITES_PER_TURN:]
        if self._broker.ready:
            self._on_ready()
        for connection in ready:
            protocol = self._protocols.get(connection)
            if protocol is None:
                connection.take()
            else:
                protocol.flush()

    def _on_tick(self) -> None:
        self._tick = self._loop.call_later(TICK_S, self._on_tick)  # first, so that a failing timer stops no other
        due_ms = self._broker.tick()
        if due_ms is not None and due_ms <= self._broker.clock.monotonic_ms():
            self._tick.cancel()
            self._tick = self._loop.call_later(0, self._on_tick)  # more is due than one turn of the loop takes


class _MqttProtocol(asyncio.Protocol):
    """One socket."""

    def __init__(self, broker: Broker, protocols: dict[Connection, "_MqttProtocol"]) -> None:
        self._broker = broker
        self._protocols = protocols
        self._connection: Connection | None = None
        self._transport: asyncio.Transport | None = None
        self._abort: asyncio.TimerHandle | None = None
        self._writable = True
        self._reading = True
        self._scheduled = False
        self._yields = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
        self._connection = self._broker.accept(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        self._protocols[self._connection] = self
        self._connection.buffered = self._transport.get_write_buffer_size
        self._transport.set_write_buffer_limits(high=self._broker.limits.max_unsent_bytes)

    def data_received(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.receive(data)
        self._regulate(yields=len(data) >= CHUNK_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._connection is not None
        if self._abort is not None:
            self._abort.cancel()
        del self._protocols[self._connection]
        self._connection.lost()
        self.closed.set_result(None)

    def pause_writing(self) -> None:
        assert self._connection is not None
        self._writable = False
        self._connection.congested = True
        self._regulate()

    def resume_writing(self) -> None:
        assert self._connection is not None
        self._writable = True
        self._connection.congested = False
        if self._connection.session is not None:
            self._connection.session.pump()
        self.flush()

    def flush(self) -> None:
        """Write what is ready, unless the socket is full: then it stays where it is bounded and counted."""
        assert self._connection is not None
        assert self._transport is not None
        closed = self._connection.state is State.CLOSED
        if self._writable or closed:
            data = self._connection.take()
            if data:
                self._transport.write(data)
        if closed:
            self.close()
        else:
            self._regulate()

    def _regulate(self, *, yields: bool = False) -> None:
        """Let a busy connection work on in a later turn, and read no more than it can take.

        yields: the chunk was a large one and more waits in the kernel, so the others get their turn first.
        """
        connection, transport = self._connection, self._transport
        assert connection is not None
        assert transport is not None
        if transport.is_closing():
            return
        self._yields = self._yields or yields
        if (connection.busy or yields) and not self._scheduled:
            self._scheduled = True
            self._broker.turns.wait(self._proceed)
        # Retained messages that are owed hold up no reading: the end of a client that has gone must be seen.
        reads = connection.wants_input and not self._yields
        if reads is not self._reading:
            self._reading = reads
            if reads:
                transport.resume_reading()
            else:
                transport.pause_reading()

    def _proceed(self) -> None:
        self._scheduled = self._yields = False
        if self._connection is not None and self._connection.state is not State.CLOSED:
            self._connection.proceed()
            self._regulate()

    def close(self) -> None:
        """Close once what is written has been read, or cut a peer that does not read in time."""
        if self._transport is not None and self._abort is None:
            self._transport.close()
            self._abort = asyncio.get_running_loop().call_later(GRACE_S, self._transport.abort)

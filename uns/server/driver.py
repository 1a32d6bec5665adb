"""How does one transport drive one connection of the broker: when to read, write, yield and close?

Each received chunk goes through the broker at once; what it makes ready is written once per turn of the event loop.
A transport that takes no more marks its connection congested, and the broker sheds or queues. From a client that is
behind nothing more is read, so that no client fills memory or takes the others' turn.

TCP and TLS carry the bytes as they are; what wraps them (WebSocket) overrides `data_received`, `_proceed_unread`,
`_write` and `close`.
"""

import asyncio
from functools import partial
from typing import Final, cast

from uns.broker import Broker, Connection, State
from uns.server.unacknowledged import unacknowledged_bytes
from uns.server.writes import Writes

CHUNK_BYTES: Final = 65_536
"""A chunk of this size says that the peer sends faster than it is read."""
GRACE_S: Final = 1.0
"""How long a client may take to read its goodbye before its connection is cut."""
_CLOSED: Final = State.CLOSED


class MqttProtocol:
    """One socket: the protocol that the event loop calls (`asyncio.Protocol`, which a compiled class cannot extend).

    over: what stands between TCP and MQTT, for people to look at; empty when nothing does. names_user:
    where the client has a certificate, its subject says who the client is.
    """

    over = ""

    def __init__(
        self,
        broker: Broker,
        writes: Writes,
        over: str = "",
        *,
        names_user: bool = False,
    ) -> None:
        self._broker = broker
        self._writes = writes
        self._connection: Connection | None = None
        self._transport: asyncio.Transport | None = None
        self._abort: asyncio.TimerHandle | None = None
        self._unread = b""
        """Received, and not yet unwrapped for the connection."""
        self._writable = True
        self._reading = True
        self._scheduled = False
        self._yields = False
        self.over = over or self.over
        self._names_user = names_user
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open(transport, peer_address(transport))

    def _open(self, transport: asyncio.BaseTransport, address: str) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        certified = certified_user(self._transport) if self._names_user else None
        self._connection = self._broker.accept(address, self.over, certified)
        self._writes.protocols[self._connection] = self
        self._connection.buffered = self._transport.get_write_buffer_size
        self._connection.unacknowledged_bytes = partial(unacknowledged_bytes, self._transport)
        self._transport.set_write_buffer_limits(high=self._broker.limits.max_unsent_bytes)

    def data_received(self, data: bytes) -> None:
        assert self._connection is not None
        self._writes.begin()
        try:
            at_rest = self._connection.receive(data)
        finally:
            self._writes.end()
        if len(data) >= CHUNK_BYTES:
            self._regulate(yields=True)
        elif not at_rest:
            self._regulate()

    def eof_received(self) -> bool:
        """The peer sends nothing more: the transport closes itself."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._abort is not None:
            self._abort.cancel()
        if self._connection is not None:
            del self._writes.protocols[self._connection]
            self._broker.turns.soon(self._connection.lost)  # a thousand may be lost at once, each with a will
        self.closed.set_result(None)

    def pause_writing(self) -> None:
        self._writable = False
        if self._connection is not None:
            self._connection.congested = True
            self._regulate()

    def resume_writing(self) -> None:
        self._writable = True
        if self._connection is None:
            return
        self._connection.congested = False
        if self._connection.session is not None:
            self._connection.session.pump()
        self.flush()

    def flush(self) -> None:
        """Write what is ready, unless the socket is full: then it stays where it is bounded and counted."""
        connection = self._connection
        assert connection is not None
        closed = connection.state is _CLOSED
        if self._writable or closed:
            data = connection.take()
            if data:
                self._write(data)
        if closed:
            self.close()
        elif not (connection.is_idle and self._reading and not self._unread):
            self._regulate()

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def _regulate(self, *, yields: bool = False) -> None:
        """Let a busy connection work on in a later turn, and read no more than it can take.

        yields: the chunk was a large one and more waits in the kernel, so the others get their turn first.
        """
        connection, transport = self._connection, self._transport
        assert connection is not None
        assert transport is not None
        if transport.is_closing():
            return
        wanted = self._wants_input(connection)
        self._yields = self._yields or yields
        if (connection.busy or yields or (wanted and self._unread)) and not self._scheduled:
            self._scheduled = True
            self._broker.turns.wait(self._proceed)
        # Retained messages that are owed hold up no reading: the end of a client that has gone must be seen.
        self._read(wanted and not self._yields and not self._unread)

    def _read(self, reads: bool) -> None:
        if reads is not self._reading and self._transport is not None:
            self._reading = reads
            if self._connection is not None:
                self._connection.reads(reads)
            if reads:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _proceed(self) -> None:
        self._scheduled = self._yields = False
        if self._connection is not None:
            if self._connection.state is not _CLOSED:
                self._connection.proceed()
            self._proceed_unread()
            self._regulate()

    def _wants_input(self, connection: Connection) -> bool:
        return connection.wants_input

    def _proceed_unread(self) -> None:
        """Unwrap more of what was received."""

    def close(self) -> None:
        """Close once what is written has been read, or cut a peer that does not read in time."""
        if self._transport is not None and self._abort is None:
            self._transport.close()
            self._cut_later()

    def abort(self) -> None:
        """Cut the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _cut_later(self) -> None:
        assert self._transport is not None
        self._abort = asyncio.get_running_loop().call_later(GRACE_S, self._transport.abort)


def peer_address(transport: asyncio.BaseTransport) -> str:
    """Where the socket says the peer is: `host:port`, or `[v6]:port`."""
    host, port = (transport.get_extra_info("peername") or ("", 0))[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def certified_user(transport: asyncio.BaseTransport) -> str | None:
    """The common name in the client's certificate, which OpenSSL has verified: empty when there is not exactly one,
    None when there is no certificate."""
    certificate = transport.get_extra_info("peercert")
    if not certificate:
        return None
    names = [value for part in certificate["subject"] for key, value in part if key == "commonName"]
    return names[0] if len(names) == 1 else ""

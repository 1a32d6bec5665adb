"""How long may an HTTP client take? Not forever: whoever sends no whole request, or reads no answer, is cut off.

    connect ──► HEADER ──whole header──► BODY ──whole body──► answering ──► HEADER (kept alive)
                REQUEST_S in all         BODY_BYTES each BODY_S   a stalled reader has STALL_S

Both kinds of waiting can be had by the thousand for nothing (slow loris). So they are also the first to go: when every
connection is taken, a new one gets the place of the one that has kept the server waiting longest.

A WebSocket is none of this any more: with its request it leaves for the protocol that knows its own deadlines.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Protocol

import h11
import msgspec
from uvicorn.protocols.http.h11_impl import H11Protocol

from uns.errors import Finding
from uns.server.driver import certified_user

REQUEST_S = 10.0
"""From the connect, or the last answer, to the end of the next request's header."""
BODY_S = 10.0
BODY_BYTES = 5_000
"""A body brings at least this in each `BODY_S`, or its end."""
STALL_S = 60.0
"""How long an answer may wait for a client that reads nothing."""
CUT_S = 2.0
"""How long a client that was cut off may take to see it; what it still sends is thrown away."""


class Wait(Enum):
    """What of a request is missing."""

    HEADER = "header"
    BODY = "body"


class Upgraded(Protocol):
    """What takes a connection over."""

    def upgrade(self, transport: asyncio.Transport, path: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Become the protocol of the transport and answer the request."""

    def data_received(self, data: bytes) -> None:
        """What followed the request."""


class PatientProtocol(H11Protocol):
    """One HTTP connection with deadlines. The application finds in `scope["state"]["certified"]` whom the client's
    certificate names, where that says who a client is."""

    names_user = False
    upgrades: Mapping[str, Callable[[], Upgraded]] = {}
    """Path to what takes over there."""
    _wait: Wait | None = None
    """None while the server answers."""
    _waiting_since_s = 0.0
    _received_bytes = 0
    _upgraded = False
    _is_cut = False
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.names_user:
            self.app_state = {**self.app_state, "certified": certified_user(transport)}
        self._follow()
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._begin(None)
        self._resumed()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_cut:
            return
        self._received_bytes += len(data)
        super().data_received(data)
        self._follow()

    def _should_upgrade(self) -> bool:
        """RFC 6455, 4.2.1: a GET of HTTP/1.1 without a body; what followed one would be read as frames."""
        if self._get_upgrade() != b"websocket" or self.scope["path"] not in self.upgrades:
            return False
        has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)
        return self.scope["method"] == "GET" and self.scope["http_version"] == "1.1" and not has_body

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._upgraded = True
        self._begin(None)
        self._resumed()
        self.connections.discard(self)
        protocol = self.upgrades[self.scope["path"]]()
        protocol.upgrade(self.transport, event.target.decode("ascii"), self.headers)
        followed = self.conn.trailing_data[0]
        if followed:
            protocol.data_received(followed)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._follow()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._follow()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._resumed()
        super().resume_writing()

    def _follow(self) -> None:
        """Wait for what the client has to send now, or for it to take the end of the last answer."""
        if self._upgraded:
            return
        if self.transport.is_closing():
            self._linger(STALL_S)
            return
        missing = {h11.IDLE: Wait.HEADER, h11.SEND_BODY: Wait.BODY}.get(self.conn.their_state)
        if missing is not self._wait:
            self._begin(missing)

    def _begin(self, wait: Wait | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._wait, self._deadline = wait, None
        if wait is not None:
            self._received_bytes = 0
            self._waiting_since_s = self.loop.time()
            self._deadline = self.loop.call_later(REQUEST_S if wait is Wait.HEADER else BODY_S, self._expire)

    def _expire(self) -> None:
        unwanted = self.flow.read_paused or self.conn.they_are_waiting_for_100_continue  # not yet read by the API
        if self._wait is Wait.BODY and (unwanted or self._received_bytes >= BODY_BYTES):
            self._begin(Wait.BODY)
        else:
            self._cut_off()

    def _cut_off(self) -> None:
        """End the connection; a request that was begun is told why (RFC 9110, section 15.5.9)."""
        begun = self._wait is Wait.BODY or bool(self.conn.trailing_data[0])
        self._begin(None)
        self.connections.discard(self)
        if begun and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            # Closing at once would answer what is still coming with a reset, which takes the answer with it.
            self._is_cut = True
            self.transport.write(TIMED_OUT)
            if self.transport.can_write_eof():
                self.transport.write_eof()
            else:
                self.transport.close()  # TLS, which says goodbye in both directions
            self._linger(CUT_S)
        else:
            self.transport.abort()

    def _linger(self, wait_s: float) -> None:
        self._begin(None)
        self._deadline = self.loop.call_later(wait_s, self.transport.abort)

    def _make_room(self) -> None:
        others = [other for other in self.connections if isinstance(other, PatientProtocol) and other is not self]
        waiting = [other for other in others if other._wait is not None]
        if waiting:
            min(waiting, key=lambda other: other._waiting_since_s)._cut_off()

    def _resumed(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


def _timed_out() -> bytes:
    finding = Finding(
        id="request.slow",
        what="the request did not arrive in time.",
        hint="Send it without pauses; the server waits for few seconds, and for less when it is busy.",
    )
    body = msgspec.json.encode({"error": finding})
    head = f"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + body


TIMED_OUT = _timed_out()

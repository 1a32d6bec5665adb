"""How does a connection become a TLS connection, and what becomes of one that does not?

    accepted ── handshake ──▶ handed to the protocol it was made for
                    └─ failed, or not done in time: cut, counted, told once per kind

What waits for its handshake costs a socket and nothing of the broker. When `UNDER_WAY` wait, a new one takes the place
of the one that has kept the server waiting longest.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import cast

from uns.server.driver import GRACE_S, peer_address

log = logging.getLogger(__name__)

UNDER_WAY = 256
KINDS_TOLD = 20
"""Of failures, in the log; the reasons of OpenSSL are a few dozen, and all are counted."""


class Handshakes:
    """Those of one server. failed: how many came to nothing. timeout_s: for each, from the connect."""

    def __init__(self, timeout_s: float) -> None:
        self.failed = 0
        self._timeout_s = timeout_s
        self._under_way: dict[asyncio.Task[None], _Entrance] = {}
        self._told: set[str] = set()

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    def entrance(self, tls: ssl.SSLContext, inner: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """A protocol factory for a listener; `inner` makes what speaks once the connection is secured."""
        return lambda: _Entrance(self, tls, inner)

    async def stop(self) -> None:
        """Cut what is under way."""
        tasks = list(self._under_way)
        for entrance in list(self._under_way.values()):
            entrance.cut()
        if tasks:
            await asyncio.wait(tasks)

    def begin(self, entrance: "_Entrance") -> None:
        if len(self._under_way) >= UNDER_WAY:
            next(iter(self._under_way.values())).cut()
        task = asyncio.get_running_loop().create_task(entrance.shake_hands(self._timeout_s), name="tls handshake")
        self._under_way[task] = entrance
        task.add_done_callback(self._ended)

    def fail(self, address: str, error: Exception | None) -> None:
        self.failed += 1
        reason = _reason(error)
        if reason not in self._told and len(self._told) < KINDS_TOLD:
            self._told.add(reason)
            log.warning("TLS handshake of %s failed: %s; further ones like it are only counted", address, reason)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("a TLS handshake ended in a defect", exc_info=task.exception())


class _Entrance(asyncio.Protocol):
    """One connection until it is secured."""

    def __init__(self, handshakes: Handshakes, tls: ssl.SSLContext, inner: Callable[[], asyncio.Protocol]) -> None:
        self._handshakes = handshakes
        self._tls = tls
        self._inner = inner
        self._early = b""
        """What came in one piece with the end of the handshake."""
        self._raw: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._raw = cast(asyncio.Transport, transport)
        self._raw.pause_reading()  # nothing may arrive before TLS takes over
        self._handshakes.begin(self)

    def data_received(self, data: bytes) -> None:
        self._early += data

    def cut(self) -> None:
        if self._raw is not None:
            self._raw.abort()

    async def shake_hands(self, timeout_s: float) -> None:
        raw = self._raw
        assert raw is not None
        address = peer_address(raw)
        try:
            secured = await asyncio.get_running_loop().start_tls(
                raw,
                self,
                self._tls,
                server_side=True,
                ssl_handshake_timeout=timeout_s,
                ssl_shutdown_timeout=GRACE_S,
            )
        except OSError as error:  # ssl.SSLError, a timeout and a lost connection are all of them
            self._handshakes.fail(address, error)
            raw.abort()
            return
        if secured is None or secured.is_closing():
            self._handshakes.fail(address, None)
            raw.abort()
            return
        protocol = self._inner()
        secured.set_protocol(protocol)
        protocol.connection_made(secured)
        if self._early:
            protocol.data_received(self._early)


def _reason(error: Exception | None) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, ConnectionAbortedError):
        return "it was not done in time"
    return "the client went away" if error is None or isinstance(error, ConnectionError) else type(error).__name__

"""When is what connections have ready written? Joined, once per turn of the loop; at once for what came alone.

To join writes costs one more turn of the loop, which pays as soon as two sockets had something to say in the same one.
A lone message would only be late for it. That it came alone is told by the gap before it: the loop has waited.
"""

import asyncio
import logging
import time
from typing import Final, Protocol

from uns.broker import Broker, Connection

log = logging.getLogger(__name__)

WRITES_PER_TURN: Final = 500
"""Sockets that are written to before the loop sees to what came in: a message may go to ten thousand clients."""
GAP_NS: Final = 20_000
"""The next socket of the same turn is read sooner than this after the last one was worked off."""

_monotonic_ns: Final = time.monotonic_ns


class Written(Protocol):
    """What writes for one connection: its driver."""

    closed: asyncio.Future[None]

    def flush(self) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Writes:
    """protocols: of the open connections, kept by whoever opens and closes them.

    busy_ns: after something has come, the loop looks for more for so long before it sleeps. To be woken takes longer
    than all that is done about a message.
    """

    def __init__(self, broker: Broker, loop: asyncio.AbstractEventLoop, gap_ns: int = GAP_NS, busy_ns: int = 0) -> None:
        self.protocols: dict[Connection, Written] = {}
        self._ready = broker.ready
        self._turns = broker.turns
        self._loop = loop
        self._gap_ns = gap_ns
        self._busy_ns = busy_ns
        self.polls = False
        """Is the loop kept from sleeping at this moment?"""
        self._receiving = False
        self._alone = False
        self._due = False
        self._last_ns = 0
        broker.on_ready = self._on_ready

    def begin(self) -> None:
        """A socket has brought something, which is worked on until `end`."""
        self._receiving = True
        self._alone = _monotonic_ns() - self._last_ns > self._gap_ns
        if self._alone:
            self._turns.renew()

    def end(self) -> None:
        self._receiving = False
        if self._due:
            self._due = False
            if self._alone and not self._turns.is_shared:
                self.flush()
            else:
                self._loop.call_soon(self.flush)
        self._last_ns = _monotonic_ns()
        if self._busy_ns and not self.polls:
            self.polls = True
            self._loop.call_soon(self._poll)

    def _poll(self) -> None:
        self.polls = _monotonic_ns() - self._last_ns < self._busy_ns
        if self.polls:
            self._loop.call_soon(self._poll)

    def _on_ready(self) -> None:
        if self._receiving:
            self._due = True
        else:
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write to those that have something ready, so many of them at a time."""
        if len(self._ready) == 1:
            self._flush(self._ready.pop())
            return
        ready = self._ready[:WRITES_PER_TURN]
        del self._ready[:WRITES_PER_TURN]
        if self._ready:
            self._on_ready()
        for connection in ready:
            self._flush(connection)

    def _flush(self, connection: Connection) -> None:
        protocol = self.protocols.get(connection)
        if protocol is None:
            connection.take()
            return
        try:
            protocol.flush()
        except Exception:  # its own trouble, not that of those behind it
            log.exception("writing to %s failed; its connection is cut", connection.address)
            protocol.abort()

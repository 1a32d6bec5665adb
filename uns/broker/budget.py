"""How much memory do messages take in the broker, and who gives some back when it is too much?

    retained values + queues and inflight of sessions + unsent bytes + packets that came in part

They are added up every LOOK_MS instead of with every message: the sum costs the fast path nothing and cannot drift. The
price is that a limit may be overrun by what arrives between two looks.

From PRESSED_AT of `max_memory_bytes` on, publishes of QoS 1 and 2 are refused with 0x97 (their senders keep them and
try again) and so are new retained messages. Past the whole of it, whoever holds most gives it back: a connection that
does not read or does not finish its packet is cut with 0x97, the fullest queue loses its oldest half.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from uns.broker.connection import Connection
from uns.broker.limits import Limits
from uns.broker.notices import Notices, Trouble
from uns.broker.session import Session
from uns.broker.stats import Stats
from uns.errors import Finding
from uns.mqtt import ReasonCode

if TYPE_CHECKING:
    from uns.broker.broker import Broker

LOOK_MS = 250
PRESSED_AT = 7 / 8
RELAXED_AT = 6 / 8
SMALLEST_CUT_BYTES = 65_536
"""A connection that holds less is not worth cutting."""


class Budget:
    """pressed: publishes that would add are refused. Driven by the broker's timers."""

    def __init__(self, broker: "Broker") -> None:
        self.pressed = False
        self._broker = broker
        self._limits: Limits = broker.limits
        self._stats: Stats = broker.stats
        self._notices: Notices = broker.notices
        self._next()

    def _next(self) -> None:
        self._broker.timers.at(self._broker.clock.monotonic_ms() + LOOK_MS, self._look)

    def _look(self) -> None:
        self._next()  # first, so that nothing that fails below stops the looking
        self.measure()

    def measure(self) -> None:
        """Add up, and act on it."""
        connections, sessions = self._broker.connections, list(self._broker.sessions)
        stats, limits = self._stats, self._limits
        stats.unsent_bytes = sum(connection.unsent_total_bytes for connection in connections)
        stats.unfinished_bytes = sum(connection.unfinished_bytes for connection in connections)
        stats.queued_bytes = sum(session.held_bytes for session in sessions)
        self._relieve_queues(sessions, limits.max_queued_total_bytes, "max_queued_total_bytes")
        self._relieve_memory(connections, sessions)
        stats.memory_bytes = total = self._total()
        mark = RELAXED_AT if self.pressed else PRESSED_AT
        self.pressed = total >= mark * limits.max_memory_bytes
        if self.pressed:
            holder, held = self._largest_holder(connections, sessions)
            detail = f"{total} bytes are held for messages, the largest share by {holder} ({held} bytes)"
            self._notices.raise_notice(Trouble.MEMORY_SHORT, "", "", "max_memory_bytes", detail)

    def _largest_holder(self, connections: Iterable[Connection], sessions: list[Session]) -> tuple[str, int]:
        """For the operator: who holds most, and how many bytes; a client with its queue and its connection."""
        holder, most = "retained messages", self._stats.retained_bytes
        queued = {session.client_id: session.held_bytes for session in sessions}
        for connection in connections:
            name, held = connection.client_id, _connection_bytes(connection)
            if name:
                queued[name] = queued.get(name, 0) + held
            elif held > most:
                holder, most = f"the connection from {connection.address}", held
        client_id = max(queued, key=queued.__getitem__, default="")
        if queued.get(client_id, 0) > most:
            holder, most = f"client {client_id!a}", queued[client_id]
        return holder, most

    def _total(self) -> int:
        stats = self._stats
        return self._stats.retained_bytes + stats.queued_bytes + stats.unsent_bytes + stats.unfinished_bytes

    def _relieve_memory(self, connections: Iterable[Connection], sessions: list[Session]) -> None:
        limit, stats = self._limits.max_memory_bytes, self._stats
        if self._total() <= limit:
            return
        fattest = sorted(connections, key=_connection_bytes, reverse=True)
        for connection in fattest:
            held = _connection_bytes(connection)
            if self._total() <= limit or held < SMALLEST_CUT_BYTES:
                break
            stats.unsent_bytes -= connection.unsent_total_bytes
            stats.unfinished_bytes -= connection.unfinished_bytes
            stats.memory_cut += 1
            connection.disconnect(
                ReasonCode.QUOTA_EXCEEDED,
                f"memory is short (mqtt.max_memory_bytes) and this connection holds {held} bytes of it",
                "max_memory_bytes",
            )
        excess = self._total() - limit
        if excess > 0:
            self._relieve_queues(sessions, max(0, stats.queued_bytes - excess), "max_memory_bytes")

    def _relieve_queues(self, sessions: list[Session], limit: int, setting: str) -> None:
        """Halve the fullest queues until all of them together are within the limit."""
        stats = self._stats
        if stats.queued_bytes <= limit:
            return
        for session in sorted(sessions, key=lambda session: session.held_bytes, reverse=True):
            before = session.held_bytes
            if stats.queued_bytes <= limit:
                return
            if not session.shed_half():
                continue
            stats.queued_bytes -= before - session.held_bytes
            address = session.connection.address if session.connection is not None else ""
            self._notices.raise_notice(Trouble.QUEUE_FULL, session.client_id, address, setting)

    def publish_finding(self) -> Finding | None:
        """Why no publish of QoS 1 or 2 is taken now, or None."""
        if not self.pressed:
            return None
        self._stats.memory_refused += 1
        return Finding(
            id="quota.memory",
            what=f"the broker holds {self._stats.memory_bytes} bytes for messages that are retained or not read yet.",
            hint="Try again later; the operator may raise mqtt.max_memory_bytes or find who does not read.",
        )


def _connection_bytes(connection: Connection) -> int:
    return connection.unsent_total_bytes + connection.unfinished_bytes

"""How much memory does the broker hold for its clients, and who gives some back when it is too much?

    retained values + large values that are not retained, names of topics
    + queues and inflight of sessions + unsent bytes + packets and frames that came in part
    + sessions with their names and filters, topic aliases and wills

What is kept is counted where it comes and goes. What is on its way in or out is added up every LOOK_MS, over the
connections that may have some: that costs the fast path nothing and cannot drift. The price is that a limit may be
overrun by what arrives between two looks.

From PRESSED_AT of `max_memory_bytes` on, publishes of QoS 1 and 2 are refused with 0x97 (their senders keep them and
try again) and so are long filters, large wills, and at QoS 0 what would be retained on one more topic. Past the whole
of it, whoever holds most gives it back: a connection that does not read, does not finish its packet or has many long
names is cut with 0x97, the session of a client that is away and left many of them ends, the fullest queue loses its
oldest half.
"""

from typing import TYPE_CHECKING

from uns.broker.connection import Connection
from uns.broker.limits import Limits
from uns.broker.notices import Notices, Trouble
from uns.broker.quota import message_bytes, weigh
from uns.broker.state import State
from uns.broker.stats import Stats
from uns.errors import Finding, shorten
from uns.link import Message, Properties
from uns.mqtt import ReasonCode

if TYPE_CHECKING:
    from uns.broker.broker import Broker

LOOK_MS = 250
PRESSED_AT = 7 / 8
RELAXED_AT = 6 / 8
SMALLEST_CUT_BYTES = 65_536
"""A connection or session that holds less is not worth cutting."""
SMALL_BYTES = 1024
"""A filter, will or new value of a topic up to this is taken also when memory is short: that is enough to go on."""


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
        stats, limits = self._stats, self._limits
        self._weigh_traffic()
        stats.queued_bytes = self._broker.sessions.held.bytes
        self._relieve_queues(limits.max_queued_total_bytes, "max_queued_total_bytes")
        self._relieve_memory()
        stats.memory_bytes = total = self._total()
        mark = RELAXED_AT if self.pressed else PRESSED_AT
        self.pressed = total >= mark * limits.max_memory_bytes
        if self.pressed:
            holder, held = self._largest_holder()
            detail = f"{total} bytes are held, the largest share by {holder} ({held} bytes)"
            self._notices.raise_notice(Trouble.MEMORY_SHORT, "", "", "max_memory_bytes", detail)

    def _weigh_traffic(self) -> None:
        """What is on its way in and out; a connection that has nothing of it is not looked at until it stirs."""
        laden = self._broker.laden
        unsent_bytes = unfinished_bytes = 0
        at_rest = []
        for connection in laden:
            unsent, unfinished = connection.unsent_total_bytes, connection.unfinished_bytes
            if connection.state is State.CLOSED or not (unsent or unfinished or connection.ready):
                at_rest.append(connection)
            else:
                unsent_bytes += unsent
                unfinished_bytes += unfinished
        laden.difference_update(at_rest)
        self._stats.unsent_bytes, self._stats.unfinished_bytes = unsent_bytes, unfinished_bytes

    def _largest_holder(self) -> tuple[str, int]:
        """For the operator: who holds most, and how many bytes; a client with its queue and its connection."""
        holder, most = "retained messages", self._stats.retained_bytes
        queued = {session.client_id: session.held_bytes for session in self._broker.sessions}
        for connection in self._broker.connections:
            name, held = connection.client_id, _connection_bytes(connection)
            if name:
                queued[name] = queued.get(name, 0) + held
            elif held > most:
                holder, most = f"the connection from {connection.address}", held
        client_id = max(queued, key=queued.__getitem__, default="")
        if queued.get(client_id, 0) > most:
            holder, most = f"client {shorten(client_id)!a}", queued[client_id]
        return holder, most

    def _total(self) -> int:
        stats = self._stats
        kept = stats.retained_bytes + stats.current_bytes + stats.client_bytes
        return kept + stats.queued_bytes + stats.unsent_bytes + stats.unfinished_bytes

    def _relieve_memory(self) -> None:
        limit, stats = self._limits.max_memory_bytes, self._stats
        if self._total() <= limit:
            return
        fattest = sorted(self._broker.connections, key=_connection_bytes, reverse=True)
        for connection in fattest:
            held = _connection_bytes(connection)
            if self._total() <= limit or held < SMALLEST_CUT_BYTES:
                break
            if connection in self._broker.laden:  # it was counted
                stats.unsent_bytes -= connection.unsent_total_bytes
                stats.unfinished_bytes -= connection.unfinished_bytes
            stats.memory_cut += 1
            connection.disconnect(
                ReasonCode.QUOTA_EXCEEDED,
                f"memory is short (mqtt.max_memory_bytes) and this connection holds {held} bytes of it",
                "max_memory_bytes",
            )
        if self._total() > limit:
            self._relieve_names(limit)
        excess = self._total() - limit
        if excess > 0:
            self._relieve_queues(max(0, stats.queued_bytes - excess), "max_memory_bytes")

    def _relieve_names(self, limit: int) -> None:
        """End the sessions of clients that are away and have left the most in filters and wills."""
        table = self._broker.sessions
        away = [session for session in table if session.connection is None]
        for session in sorted(away, key=table.kept_bytes, reverse=True):
            held = table.kept_bytes(session)
            if self._total() <= limit or held < SMALLEST_CUT_BYTES:
                return
            self._stats.memory_cut += 1
            detail = f"its session held {held} bytes in filters and a will, and has ended"
            self._notices.raise_notice(
                Trouble.CUT, session.client_id, session.client_id, "", "max_memory_bytes", detail
            )
            table.give_up(session)
            self._stats.queued_bytes = table.held.bytes

    def _relieve_queues(self, limit: int, setting: str) -> None:
        """Halve the fullest queues until all of them together are within the limit."""
        stats = self._stats
        if stats.queued_bytes <= limit:
            return
        for session in sorted(self._broker.sessions, key=lambda session: session.held_bytes, reverse=True):
            if stats.queued_bytes <= limit:
                return
            if not session.shed_half():
                continue
            stats.queued_bytes = self._broker.sessions.held.bytes
            address = session.connection.address if session.connection is not None else ""
            self._notices.raise_notice(Trouble.QUEUE_FULL, session.client_id, address, setting)

    def publish_finding(self, retain: bool, payload: bytes) -> Finding | None:
        """Why this publish of QoS 1 or 2 is not taken now, or None. One that clears what is retained makes room."""
        if not self.pressed or (retain and not payload):
            return None
        return self._refusal()

    def retaining_finding(
        self, before: Message | None, topic: str, payload: bytes, properties: Properties | None
    ) -> Finding | None:
        """Why this message of any QoS is not retained now in the place of `before`, or None: values go on."""
        if not self.pressed:
            return None
        size = weigh(topic, payload, properties)
        if before is not None and (size <= SMALL_BYTES or size <= message_bytes(before)):
            return None
        return self._refusal()

    def keeping_finding(self, size: int) -> Finding | None:
        """Why no filter or will of this size is taken now, or None."""
        if not self.pressed or size <= SMALL_BYTES:
            return None
        return self._refusal()

    def _refusal(self) -> Finding:
        self._stats.memory_refused += 1
        return Finding(
            id="quota.memory",
            what=f"the broker holds {self._stats.memory_bytes} bytes for its clients, retained or not read yet.",
            hint="Try again later; the operator may raise mqtt.max_memory_bytes or find who does not read.",
        )


def _connection_bytes(connection: Connection) -> int:
    return connection.unsent_total_bytes + connection.unfinished_bytes + connection.client_bytes

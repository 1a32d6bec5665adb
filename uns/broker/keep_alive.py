"""When is a client silent for too long, before its CONNECT and after (MQTT-3.1.2-22)?

Whole packets count, not bytes. Silence that is ours, while its socket is not read, is none of the client's; a client
that is not read because it does not read itself must at least take something of what waits for it.
"""

from functools import partial
from typing import TYPE_CHECKING

from uns.broker.notices import Trouble
from uns.mqtt import ReasonCode

if TYPE_CHECKING:
    from uns.broker.connection import Connection
    from uns.broker.timers import Timer

GRACE = 1.5
"""Times the keep-alive: so long may a client be silent."""


def await_connect(connection: "Connection") -> "Timer":
    """Close the connection unless its CONNECT comes in time; the timer, to be cancelled when it has."""
    due_ms = connection.last_seen_ms + connection.broker.limits.connect_timeout_s * 1000
    return connection.broker.timers.at(due_ms, partial(_connect_timed_out, connection))


def start(connection: "Connection", keep_alive_s: int) -> None:
    """Watch an open connection from now on; 0 is for ever."""
    connection.stop_timer()
    connection.keep_alive_ms = int(keep_alive_s * 1000 * GRACE)
    if connection.keep_alive_ms:
        _watch(connection)


def _connect_timed_out(connection: "Connection") -> None:
    connection.broker.stats.connects_refused += 1
    connection.broker.stats.connect_timeouts += 1
    connection.broker.notices.raise_for(connection, Trouble.REFUSED, "connect_timeout_s", "no CONNECT came in time")
    connection.close()


def _watch(connection: "Connection") -> None:
    due_ms = connection.last_seen_ms + connection.keep_alive_ms
    connection.timer = connection.broker.timers.at(due_ms, partial(_due, connection))


def _due(connection: "Connection") -> None:
    now_ms = connection.monotonic_ms()
    if not connection.is_read or not connection.wants_input:
        if connection.congested and not _has_taken_some(connection):
            _cut(connection, "nothing was read by the client")
            return
        connection.last_seen_ms = now_ms  # the silence is ours
    if now_ms - connection.last_seen_ms >= connection.keep_alive_ms:
        _cut(connection, "no whole packet came")
    else:
        _watch(connection)


def _has_taken_some(connection: "Connection") -> bool:
    """Has a congested client taken anything of what waits for it since it was last asked for here?"""
    left = connection.unacknowledged_bytes() if connection.unacknowledged_bytes is not None else 0
    before, connection.passed_on_bytes = connection.passed_on_bytes, connection.taken_bytes - left
    return connection.passed_on_bytes != before


def _cut(connection: "Connection", what: str) -> None:
    connection.broker.stats.keep_alive_timeouts += 1
    connection.disconnect(ReasonCode.KEEP_ALIVE_TIMEOUT, f"{what} for {connection.keep_alive_ms / 1000:g} s")

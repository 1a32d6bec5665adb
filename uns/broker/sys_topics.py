"""How is the broker doing, on the `$SYS` topics that dashboards know?

The names, units and texts are mosquitto's, so that what reads them there reads them here: `$SYS/broker/uptime` is
`1234 seconds`, a load is the number per minute as an exponentially weighted average over 1, 5 and 15 minutes. All are
retained; a value that has not changed is not sent again. Who may read them is said in access.yaml (`$SYS/#` in a
role's subscribe list); nobody may publish there, and no wildcard at the top of a filter reaches them (MQTT-4.7.2-1).
"""

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uns.broker.broker import Broker

PREFIX = "$SYS/broker/"
LOAD_MINUTES = (1, 5, 15)

MEANINGS = {
    "version": "Name and version of the server",
    "uptime": "Since the start, as `1234 seconds`",
    "clients/total": "Sessions, connected or waiting",
    "clients/connected": "Sessions that are connected",
    "clients/disconnected": "Sessions that wait for their client",
    "clients/active": "The older name of `clients/connected`",
    "clients/inactive": "The older name of `clients/disconnected`",
    "clients/maximum": "The most sessions that were connected at once",
    "clients/expired": "Sessions that ended because their client did not return in time",
    "messages/received": "Packets received, of any kind",
    "messages/sent": "Packets sent, of any kind",
    "publish/messages/received": "PUBLISH packets received",
    "publish/messages/sent": "PUBLISH packets sent",
    "publish/messages/dropped": "Messages shed: full queue, slow connection, larger than the client takes",
    "bytes/received": "Bytes received",
    "bytes/sent": "Bytes sent",
    "publish/bytes/received": "Bytes of the PUBLISH packets received",
    "publish/bytes/sent": "Bytes of the PUBLISH packets sent",
    "subscriptions/count": "Subscriptions, without the shared ones",
    "shared_subscriptions/count": "Shared subscriptions",
    "retained messages/count": "Retained messages",
    "messages/stored": "The older name of `store/messages/count`",
    "store/messages/count": "Messages held: retained, queued and in flight",
    "store/messages/bytes": "Their bytes",
    "heap/current": "Bytes of memory that the process takes; left out where the system does not tell",
    "heap/maximum": "The most that was seen of it",
    "load/messages/received": "Packets received per minute",
    "load/messages/sent": "Packets sent per minute",
    "load/publish/received": "PUBLISH packets received per minute",
    "load/publish/sent": "PUBLISH packets sent per minute",
    "load/publish/dropped": "Messages shed per minute",
    "load/bytes/received": "Bytes received per minute",
    "load/bytes/sent": "Bytes sent per minute",
    "load/sockets": "Network connections opened per minute",
    "load/connections": "CONNECT packets per minute",
}
"""Each topic after the prefix, for the reference page; a load stands for its three windows."""

MemoryBytes = Callable[[], int]
"""What the process takes of the machine's memory now."""


class SysTopics:
    """version: of the product; memory_bytes: None where nobody can say. Publishes at `start`, then each interval."""

    def __init__(self, broker: "Broker", interval_s: int, version: str, memory_bytes: MemoryBytes | None) -> None:
        self._broker = broker
        self._interval_ms = interval_s * 1000
        self._version = version
        self._memory_bytes = memory_bytes
        self._heap_maximum = 0
        self._started_ms = self._measured_ms = broker.clock.monotonic_ms()
        self._loads = {name: _Load(count) for name, count in self._counts()}
        self._said: dict[str, str] = {}

    def start(self) -> None:
        self._publish(dict(self._figures()))
        self._next()

    def _next(self) -> None:
        self._broker.timers.at(self._broker.clock.monotonic_ms() + self._interval_ms, self._due)

    def _due(self) -> None:
        self._next()  # first, so that nothing that fails below ends the series
        self._publish({**dict(self._figures()), **dict(self._measured_loads())})

    def _publish(self, figures: dict[str, str]) -> None:
        for name, text in figures.items():
            if self._said.get(name) != text:
                self._said[name] = text
                self._broker.door.announce(PREFIX + name, text.encode(), retain=True)

    def _figures(self) -> Iterator[tuple[str, str]]:
        yield "version", self._version
        yield "uptime", f"{(self._broker.clock.monotonic_ms() - self._started_ms) // 1000} seconds"
        for name, number in (*self._clients(), *self._traffic(), *self._store(), *self._memory()):
            yield name, str(number)

    def _clients(self) -> Iterator[tuple[str, int]]:
        stats = self._broker.stats
        connected, total = stats.sessions_connected, stats.sessions
        yield "clients/total", total
        yield "clients/connected", connected
        yield "clients/disconnected", total - connected
        yield "clients/active", connected  # the older names of the two above
        yield "clients/inactive", total - connected
        yield "clients/maximum", stats.sessions_maximum
        yield "clients/expired", stats.sessions_expired

    def _traffic(self) -> Iterator[tuple[str, int]]:
        stats = self._broker.stats
        yield "messages/received", _packets_in(self._broker)
        yield "messages/sent", _packets_out(self._broker)
        yield "publish/messages/received", stats.messages_in
        yield "publish/messages/sent", stats.messages_out
        yield "publish/messages/dropped", _dropped(self._broker)
        yield "bytes/received", stats.bytes_in
        yield "bytes/sent", stats.bytes_out
        # Whole packets. What is half received, or not yet written, makes no number negative.
        yield "publish/bytes/received", max(0, stats.bytes_in - stats.control_bytes_in)
        yield "publish/bytes/sent", max(0, stats.bytes_out - stats.control_bytes_out)

    def _store(self) -> Iterator[tuple[str, int]]:
        stats, subscriptions = self._broker.stats, self._broker.door.subscriptions
        messages, held_bytes = stats.retained, stats.retained_bytes
        for session in self._broker.sessions:
            messages += len(session.queue) + len(session.inflight)
            held_bytes += session.held_bytes
        yield "subscriptions/count", subscriptions.plain_count
        yield "shared_subscriptions/count", subscriptions.shared_count
        yield "retained messages/count", stats.retained
        yield "messages/stored", messages  # the older name of the next
        yield "store/messages/count", messages
        yield "store/messages/bytes", held_bytes

    def _memory(self) -> Iterator[tuple[str, int]]:
        if self._memory_bytes is not None:
            current = self._memory_bytes()
            self._heap_maximum = max(self._heap_maximum, current)
            yield "heap/current", current
            yield "heap/maximum", self._heap_maximum

    def _counts(self) -> Iterator[tuple[str, int]]:
        """What a load is made of."""
        stats = self._broker.stats
        yield "messages/received", _packets_in(self._broker)
        yield "messages/sent", _packets_out(self._broker)
        yield "publish/received", stats.messages_in
        yield "publish/sent", stats.messages_out
        yield "publish/dropped", _dropped(self._broker)
        yield "bytes/received", stats.bytes_in
        yield "bytes/sent", stats.bytes_out
        yield "sockets", stats.connections_opened
        yield "connections", stats.connects

    def _measured_loads(self) -> Iterator[tuple[str, str]]:
        now_ms = self._broker.clock.monotonic_ms()
        minutes, self._measured_ms = (now_ms - self._measured_ms) / 60_000, now_ms
        for name, count in self._counts():
            averages = self._loads[name].measure(count, minutes)
            for window, average in zip(LOAD_MINUTES, averages, strict=True):
                yield f"load/{name}/{window}min", f"{average:.2f}"


class _Load:
    """Three averages of one counter's growth per minute, each with its window."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._averages: list[float] | None = None

    def measure(self, count: int, minutes: float) -> list[float]:
        """`minutes`: since the last measurement, more than 0. The first rate is taken as it is."""
        rate, self._count = (count - self._count) / minutes, count
        before = self._averages or [rate] * len(LOAD_MINUTES)
        self._averages = [
            rate + math.exp(-minutes / window) * (average - rate)
            for window, average in zip(LOAD_MINUTES, before, strict=True)
        ]
        return self._averages


def _packets_in(broker: "Broker") -> int:
    return broker.stats.control_in + broker.stats.messages_in


def _packets_out(broker: "Broker") -> int:
    return broker.stats.control_out + broker.stats.messages_out


def _dropped(broker: "Broker") -> int:
    stats = broker.stats
    return stats.queue_shed + stats.slow_shed + stats.too_large_shed

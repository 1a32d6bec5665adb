"""How fast may one client send? Two token buckets, looked at once per slice of what was received, not per message.

Past its rate a client is not cut off: it is read more slowly, so that TCP tells it. Bursts of a second pass freely.
What a slice held beyond the rate becomes a debt, and nothing is read until it is worked off.
"""

from typing import TYPE_CHECKING

from uns.broker.limits import Limits
from uns.broker.notices import Trouble
from uns.broker.state import State
from uns.broker.timers import Timer

if TYPE_CHECKING:
    from uns.broker.connection import Connection


class Bucket:
    """`rate_per_s` tokens flow in per second, one second's worth at most is saved. It may be overdrawn."""

    __slots__ = ("_at_ms", "_rate_per_s", "_tokens")

    def __init__(self, rate_per_s: int, now_ms: int) -> None:
        self._rate_per_s = rate_per_s
        self._tokens = float(rate_per_s)
        self._at_ms = now_ms

    def take(self, count: int, now_ms: int) -> int:
        """Take so many; the milliseconds until it is no longer overdrawn, 0 when it is not."""
        self._refill(now_ms)
        self._tokens -= count
        return 0 if self._tokens >= 0 else int(-self._tokens * 1000 / self._rate_per_s) + 1

    def is_full(self, now_ms: int) -> bool:
        """Has it been left alone long enough to be forgotten?"""
        self._refill(now_ms)
        return self._tokens >= self._rate_per_s

    def _refill(self, now_ms: int) -> None:
        gained = (now_ms - self._at_ms) * self._rate_per_s / 1000
        self._tokens = min(self._tokens + gained, float(self._rate_per_s))
        self._at_ms = now_ms


class Meter:
    """What one connection sent, against `max_publish_rate` and `max_publish_bytes_rate`."""

    __slots__ = ("_bytes", "_connection", "_counted", "_messages", "_timer", "throttled")

    def __init__(self, connection: "Connection", limits: Limits, messages_before: int) -> None:
        now_ms = connection.monotonic_ms()
        self.throttled = False
        self._connection = connection
        self._counted = messages_before
        self._messages = Bucket(limits.max_publish_rate, now_ms) if limits.max_publish_rate else None
        self._bytes = Bucket(limits.max_publish_bytes_rate, now_ms) if limits.max_publish_bytes_rate else None
        self._timer: Timer | None = None

    def spend_bytes(self, count: int) -> None:
        """A slice of so many bytes came."""
        if self._bytes is not None:
            self._wait(self._bytes.take(count, self._connection.monotonic_ms()), "max_publish_bytes_rate")

    def spend_messages(self, messages_in: int) -> None:
        """The session has taken so many messages altogether."""
        count, self._counted = messages_in - self._counted, messages_in
        if self._messages is not None and count:
            self._wait(self._messages.take(count, self._connection.monotonic_ms()), "max_publish_rate")

    def _wait(self, wait_ms: int, setting: str) -> None:
        if not wait_ms:
            return
        connection = self._connection
        broker = connection.broker
        if not self.throttled:
            broker.stats.reads_slowed += 1
        self.throttled = True
        broker.notices.raise_for(connection, Trouble.TOO_FAST, setting)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = broker.timers.at(connection.monotonic_ms() + wait_ms, self._waited)

    def _waited(self) -> None:
        """Let the server read again. The silence was ours, so it is not held against the keep-alive."""
        self._timer = None
        self.throttled = False
        connection = self._connection
        connection.last_seen_ms = connection.monotonic_ms()
        if connection.state is State.OPEN and not connection.ready:
            connection.wake()

    def stop(self) -> None:
        """The connection is closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def meter_for(connection: "Connection", messages_before: int) -> Meter | None:
    """The meter of a connection, or None when no rate is set."""
    limits = connection.broker.limits
    wanted = limits.max_publish_rate or limits.max_publish_bytes_rate
    return Meter(connection, limits, messages_before) if wanted else None

"""May a host ask this node for its births now, or did it just ask? One throttle per node, over all causes."""

from enum import StrEnum

import msgspec

MAX_DOUBLINGS = 6


class Cause(StrEnum):
    """Why a host needs the births again."""

    NO_BIRTH = "message before the node's birth"
    NO_DEVICE_BIRTH = "message before the device's birth"
    UNKNOWN_METRIC = "unknown metric name or alias"
    SEQ_GAP = "message missing in the sequence"
    RETAINED_BIRTH = "retained birth, which may be stale"
    OPERATOR = "asked for by an operator"


class RebirthWanted(msgspec.Struct, frozen=True):
    """Send `Node Control/Rebirth` to this node now."""

    cause: Cause


class RebirthThrottle:
    """Lets one request through per `interval_ms`; what comes sooner waits, joined, for `tick`. A birth settles it all.

    A node that does not answer is asked ever more seldom: each time the interval doubles, up to 64 times.
    not_before_ms: nothing goes out before (monotonic); spreads the requests of a host that has just started.
    passive: only operators ask.
    """

    def __init__(self, interval_ms: int, not_before_ms: int, *, passive: bool = False) -> None:
        self._interval_ms = interval_ms
        self._next_ms = not_before_ms
        self._passive = passive
        self._pending: Cause | None = None
        self.requests = 0
        self.unanswered = 0
        self.last_cause: Cause | None = None

    def want(self, cause: Cause, now_ms: int) -> list[RebirthWanted]:
        if self._passive and cause is not Cause.OPERATOR:
            return []
        self._pending = self._pending or cause
        return self.tick(now_ms)

    def tick(self, now_ms: int) -> list[RebirthWanted]:
        if self._pending is None or now_ms < self._next_ms:
            return []
        cause, self._pending = self._pending, None
        self._next_ms = now_ms + (self._interval_ms << min(self.unanswered, MAX_DOUBLINGS))
        self.requests += 1
        self.unanswered += 1
        self.last_cause = cause
        return [RebirthWanted(cause)]

    def settle(self, now_ms: int) -> None:
        """A birth came: whatever was wanted is there."""
        self._pending = None
        self._next_ms = min(self._next_ms, now_ms + self._interval_ms)
        self.unanswered = 0

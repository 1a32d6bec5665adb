"""May a host ask this node for its births now, or did it just ask? One throttle per node, over all causes."""

from enum import StrEnum

import msgspec


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

    not_before_ms: nothing goes out before (monotonic); spreads the requests of a host that has just started.
    """

    def __init__(self, interval_ms: int, not_before_ms: int) -> None:
        self._interval_ms = interval_ms
        self._next_ms = not_before_ms
        self._pending: Cause | None = None
        self.requests = 0
        self.last_cause: Cause | None = None

    def want(self, cause: Cause, now_ms: int) -> list[RebirthWanted]:
        self._pending = self._pending or cause
        return self.tick(now_ms)

    def tick(self, now_ms: int) -> list[RebirthWanted]:
        if self._pending is None or now_ms < self._next_ms:
            return []
        cause, self._pending = self._pending, None
        self._next_ms = now_ms + self._interval_ms
        self.requests += 1
        self.last_cause = cause
        return [RebirthWanted(cause)]

    def settle(self) -> None:
        """A birth came: whatever was wanted is there."""
        self._pending = None

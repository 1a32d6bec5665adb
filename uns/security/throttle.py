"""How often may someone fail before having to wait?"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from uns.clock import Clock

K = TypeVar("K", bound=Hashable)


class FailureThrottle(Generic[K]):
    """A leaky bucket of failures per key: `burst` at once, then one every `refill_ms`.

    Bounded: past `capacity` keys the one that failed longest ago is forgotten, counted in `forgotten`.
    """

    def __init__(self, clock: Clock, *, burst: int, refill_ms: int, capacity: int) -> None:
        self._clock = clock
        self._burst_ms = burst * refill_ms
        self._refill_ms = refill_ms
        self._capacity = capacity
        self._empty_at_ms: OrderedDict[K, int] = OrderedDict()
        self.forgotten = 0

    def wait_ms(self, key: K) -> int:
        """How long this key has to wait before it may try again; 0 when it may now."""
        empty_at_ms = self._empty_at_ms.get(key, 0)
        return max(0, empty_at_ms + self._refill_ms - self._burst_ms - self._clock.monotonic_ms())

    def failed(self, key: K) -> None:
        """Count one failure."""
        now_ms = self._clock.monotonic_ms()
        self._empty_at_ms[key] = max(now_ms, self._empty_at_ms.get(key, 0)) + self._refill_ms
        self._empty_at_ms.move_to_end(key)
        if len(self._empty_at_ms) > self._capacity:
            self._empty_at_ms.popitem(last=False)
            self.forgotten += 1

    def cleared(self, key: K) -> None:
        """Forget the failures of a key that has succeeded."""
        self._empty_at_ms.pop(key, None)

"""Which retained messages are past their time? They go within a second, whether anybody asks for them or not.

One entry for each topic whose retained message expires: setting it again and clearing it leave nothing behind.
"""

import heapq

from uns.broker.door import Door
from uns.broker.timers import Timers
from uns.clock import Clock

SWEEP_MS = 1000
SWEPT_AT_ONCE = 500
"""Hundreds of thousands may expire in the same moment, after a restart all that did so meanwhile."""
AGAIN_MS = 5
REBUILT_FROM = 64


class Expiries:
    """Sweeps the retained messages of a `Door`, driven by the broker's timers."""

    def __init__(self, door: Door, clock: Clock, timers: Timers) -> None:
        self._door = door
        self._clock = clock
        self._timers = timers
        self._heap: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}
        """When each topic is looked at next; what the heap says otherwise is outdated."""
        self._next(SWEEP_MS)

    def __len__(self) -> int:
        return len(self._due)

    def note(self, topic: str, expires_ms: int | None) -> None:
        """The retained message of this topic expires at this monotonic time, or there is none that does any more."""
        due_ms = self._due.get(topic)
        if expires_ms is None:
            self._due.pop(topic, None)
        elif due_ms is None or expires_ms < due_ms:
            self._due[topic] = expires_ms
            heapq.heappush(self._heap, (expires_ms, topic))
        if len(self._heap) > max(REBUILT_FROM, 2 * len(self._due)):
            self._heap = [(due_ms, topic) for topic, due_ms in self._due.items()]
            heapq.heapify(self._heap)

    def _next(self, in_ms: int) -> None:
        self._timers.at(self._clock.monotonic_ms() + in_ms, self._sweep)

    def _sweep(self) -> None:
        now_ms = self._clock.monotonic_ms()
        for _ in range(SWEPT_AT_ONCE):
            heap = self._heap  # which is another one when it was rebuilt
            if not heap or heap[0][0] > now_ms:
                self._next(SWEEP_MS)
                return
            due_ms, topic = heapq.heappop(heap)
            if self._due.get(topic) == due_ms:
                del self._due[topic]
                later_ms = self._door.retaining.expire(topic, now_ms)
                if later_ms is not None:
                    self.note(topic, later_ms)
        self._next(AGAIN_MS)

"""What is due next? One heap for keep-alives, will delays and expiries."""

import heapq
from collections.abc import Callable

REBUILT_FROM = 64


class Timer:
    """A call due at a monotonic time in ms. Cancelling is a flag: the heap forgets it later."""

    __slots__ = ("_timers", "call", "due_ms")

    def __init__(self, due_ms: int, call: Callable[[], None], timers: "Timers") -> None:
        self.due_ms = due_ms
        self.call: Callable[[], None] | None = call
        self._timers = timers

    def cancel(self) -> None:
        if self.call is not None:
            self.call = None
            self._timers.cancelled()


class Timers:
    """Never early: a timer runs at the first `run` whose `now_ms` is at or past its due time."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Timer]] = []
        self._serial = 0
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, due_ms: int, call: Callable[[], None]) -> Timer:
        timer = Timer(due_ms, call, self)
        self._serial += 1
        heapq.heappush(self._heap, (due_ms, self._serial, timer))
        return timer

    def run(self, now_ms: int, is_over: Callable[[], bool]) -> int | None:
        """Run what is due, one at least, until the time for it `is_over`; the monotonic time of the next timer, or None
        when there is none."""
        heap = self._heap
        ran = False
        while heap:
            due_ms, _, timer = heap[0]
            if timer.call is not None and (due_ms > now_ms or (ran and is_over())):
                return due_ms
            heapq.heappop(heap)
            call, timer.call = timer.call, None
            if call is None:
                self._cancelled -= 1
            else:
                ran = True
                call()
        return None

    def cancelled(self) -> None:
        """Throw the cancelled out when they are the most: clients that come and go would pile theirs up for days."""
        self._cancelled += 1
        if len(self._heap) > REBUILT_FROM and self._cancelled > len(self._heap) // 2:
            self._heap[:] = [entry for entry in self._heap if entry[2].call is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

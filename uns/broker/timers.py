"""What is due next? One heap for keep-alives, will delays and expiries."""

import heapq
from collections.abc import Callable


class Timer:
    """A call due at a monotonic time in ms. Cancelling is a flag: the heap forgets it when it comes up."""

    __slots__ = ("call", "due_ms")

    def __init__(self, due_ms: int, call: Callable[[], None]) -> None:
        self.due_ms = due_ms
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class Timers:
    """Never early: a timer runs at the first `run` whose `now_ms` is at or past its due time."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Timer]] = []
        self._serial = 0

    def at(self, due_ms: int, call: Callable[[], None]) -> Timer:
        timer = Timer(due_ms, call)
        self._serial += 1
        heapq.heappush(self._heap, (due_ms, self._serial, timer))
        return timer

    def run(self, now_ms: int) -> int | None:
        """Run what is due; the monotonic time of the next timer, or None when there is none."""
        heap = self._heap
        while heap:
            due_ms, _, timer = heap[0]
            if timer.call is None:
                heapq.heappop(heap)
            elif due_ms <= now_ms:
                heapq.heappop(heap)
                timer.call()
            else:
                return due_ms
        return None

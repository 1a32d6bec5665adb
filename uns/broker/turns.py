"""Who works when more is to be done than fits into one turn of the event loop?

All who have work left from earlier share TURN_MS of each turn, in line; then what has just come in shares as much, so
that a small request does not wait behind all the large ones. Who is left when the time is up waits in line. Between
two turns the loop sees to its sockets and timers: the longest stall does not grow with the number of clients that ask
more than they should.
"""

from collections import deque
from collections.abc import Callable

from uns.clock import Clock

TURN_MS = 5


class Turns:
    """on_begin: set by the server; called when `run` must be called at the start of the next turn of its loop. Without
    a server each call is a turn of its own."""

    def __init__(self, clock: Clock) -> None:
        self.on_begin: Callable[[], None] | None = None
        self._clock = clock
        self._ends_ms: int | None = None
        self._waiting: deque[Callable[[], None]] = deque()
        self._begun = False

    def until(self, now_ms: int) -> int:
        """When the present turn is over, in monotonic ms; it begins with the first call after the last one."""
        if self.on_begin is None:
            return now_ms + TURN_MS
        if self._ends_ms is None:
            self._ends_ms = now_ms + TURN_MS
            self._begin()
        return self._ends_ms

    def wait(self, proceed: Callable[[], None]) -> None:
        """Call this in a later turn, after those who wait already."""
        self._waiting.append(proceed)
        self._begin()

    def run(self) -> None:
        """The next turn of the loop: whoever waits works, as far as the time goes."""
        self._begun = False
        self._ends_ms = self._clock.monotonic_ms() + TURN_MS
        try:
            for _ in range(len(self._waiting)):
                self._waiting.popleft()()
                if self._clock.monotonic_ms() >= self._ends_ms:
                    break
        finally:  # whoever fails holds up nobody behind it
            self._ends_ms = None
            if self._waiting:
                self._begin()

    def _begin(self) -> None:
        if not self._begun and self.on_begin is not None:
            self._begun = True
            self.on_begin()

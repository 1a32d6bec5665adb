"""Who works when more is to be done than fits into one turn of the event loop?

All who have work left from earlier share TURN_MS of each turn, in line; then what has just come in shares as much, so
that a small request does not wait behind all the large ones. Who is left when the time is up waits in line. Between
two turns the loop sees to its sockets and timers: the longest stall does not grow with the number of clients that ask
more than they should.

What one session or packet leaves to be done may be more than a turn alone. It comes as steps, which have a part of
every turn before those who wait: what is over must go faster than new can come.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from uns.clock import Clock

TURN_MS: Final = 5
STEPS_MS: Final = 2
"""The part of a turn that steps have when others wait as well."""
_DONE: Any = object()


class Turns:
    """on_begin: set by the server; called when `run` must be called at the start of the next turn of its loop. Without
    a server each call is a turn of its own."""

    def __init__(self, clock: Clock) -> None:
        self.on_begin: Callable[[], None] | None = None
        self._clock = clock
        self._ends_ms: int | None = None
        self._waiting: deque[Callable[[], None]] = deque()
        self._unfinished: deque[Iterator[None]] = deque()
        self._begun = False

    def until(self, now_ms: int) -> int:
        """When the present turn is over, in monotonic ms; it begins with the first call after the last one."""
        if self.on_begin is None:
            return now_ms + TURN_MS
        if self._ends_ms is None:
            self._ends_ms = now_ms + TURN_MS
        else:
            self._begin()  # it is shared: somebody must say when it is over
        return self._ends_ms

    @property
    def is_shared(self) -> bool:
        """Has the present turn been asked for twice, or is something left for the next one?"""
        return self._begun

    def renew(self) -> None:
        """The loop has turned since the last call; nobody else has noticed, as nothing was left to be done."""
        if not self._begun:
            self._ends_ms = None

    def soon(self, work: Callable[[], None]) -> None:
        """Do this now, or in a later turn when the present one is over."""
        now_ms = self._clock.monotonic_ms()
        if now_ms < self.until(now_ms):
            work()
        else:
            self.wait(work)

    def wait(self, proceed: Callable[[], None]) -> None:
        """Call this in a later turn, after those who wait already."""
        self._waiting.append(proceed)
        self._begin()

    def in_steps(self, steps: Iterator[None]) -> None:
        """Do this step by step: as much as the present turn has time for now, the rest in later ones, after what others
        have left so. A step should take well under a millisecond. Without a server all of it is done now."""
        if self.on_begin is None:
            for _ in steps:
                pass
            return
        self._unfinished.append(steps)
        try:
            if len(self._unfinished) == 1:
                self._step(self.until(self._clock.monotonic_ms()))
        finally:
            if self._unfinished:
                self._begin()

    def finish(self) -> None:
        """There are no more turns: do now what is left of all steps."""
        while self._unfinished:
            for _ in self._unfinished.popleft():
                pass

    def _step(self, until_ms: int) -> None:
        unfinished = self._unfinished
        while unfinished and self._clock.monotonic_ms() < until_ms:
            if next(unfinished[0], _DONE) is _DONE:  # also after a step that failed
                unfinished.popleft()

    def run(self) -> None:
        """The next turn of the loop: whoever waits works, as far as the time goes."""
        self._begun = False
        now_ms = self._clock.monotonic_ms()
        self._ends_ms = now_ms + TURN_MS
        try:
            self._step(now_ms + STEPS_MS if self._waiting else self._ends_ms)
            for _ in range(len(self._waiting)):
                self._waiting.popleft()()
                if self._clock.monotonic_ms() >= self._ends_ms:
                    break
        finally:  # whoever fails holds up nobody behind it
            self._ends_ms = None
            if self._waiting or self._unfinished:
                self._begin()

    def _begin(self) -> None:
        if not self._begun and self.on_begin is not None:
            self._begun = True
            self.on_begin()

"""How many per second arrive between the end of the warm-up and the end of a round, and how busy is the broker then?"""

import time

from bench.process import cpu_s
from bench.scenario import Effort, NoFigure


class TooSlow(NoFigure):
    """Not two readings fell into the measured time, so there is no rate."""


class Meter:
    """Starts when it is made. pid: of the broker."""

    def __init__(self, pid: int, effort: Effort) -> None:
        self._pid = pid
        self._warm_s = time.perf_counter() + effort.warm_up_s
        self._end_s = self._warm_s + effort.seconds
        self._first: tuple[float, int, float] | None = None
        self._last: tuple[float, int, float] | None = None

    def runs(self, count: int) -> bool:
        """Note how many have arrived so far; False when the time is over."""
        now = time.perf_counter()
        if self._last is not None:
            return False
        if self._first is None:
            if now >= self._warm_s:
                self._first = now, count, cpu_s(self._pid)
        elif now >= self._end_s:
            self._last = now, count, cpu_s(self._pid)
            return False
        return True

    def rate(self) -> tuple[float, float]:
        """(arrivals per second, cores that the broker kept busy). Raises TooSlow."""
        if self._first is None or self._last is None:
            raise TooSlow("the round was over before two readings were taken: give it more --seconds")
        (first_s, first, first_cpu_s), (last_s, last, last_cpu_s) = self._first, self._last
        passed_s = last_s - first_s
        return (last - first) / passed_s, (last_cpu_s - first_cpu_s) / passed_s

"""Which readings are worth reporting? Those that differ: beyond the deadband, in quality, or for the first time.

A value that stands still is reported again after `PointRules.refresh_ms`, as long as the connection vouches for it: the
very sample, with its time. So consumers hear that it is alive, and a history, which knows that time already, does not
grow.

Times are completed here too: what has none gets the platform's, and what lies in the future is brought back to now,
since a device whose clock is ahead would make every later value look old.
"""

import math
from collections.abc import Iterable, Mapping
from sys import maxsize

from uns.adapter import Point, Reading
from uns.clock import Clock
from uns.edge.deadband import Deadband
from uns.edge.spec import PointRules
from uns.samples import Quality, Sample

EVERY_CHANGE = Deadband()
MAX_AHEAD_MS = 1000
"""A source clock may be this much ahead before its times are replaced."""


class Report:
    """Report by exception for the points of one source, since it connected."""

    def __init__(self, rules: Mapping[Point, PointRules], clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        self._last: dict[Point, Sample] = {}
        self._reported_ms: dict[Point, int] = {}  # monotonic; of the points that are refreshed
        self._next_due_ms = maxsize  # no point is due before
        self.suppressed = 0
        self.ahead = 0

    def __len__(self) -> int:
        """How many points have a value."""
        return len(self._last)

    def reset(self) -> None:
        """Forget what was reported: after a reconnect every first value is reported again."""
        self._last.clear()
        self._reported_ms.clear()

    def forget(self, point: Point) -> None:
        """The connection vouches for this point no more."""
        self._last.pop(point, None)
        self._reported_ms.pop(point, None)

    def take(self, readings: Iterable[Reading]) -> list[tuple[Point, Sample]]:
        """The readings to report, as samples, in order."""
        wall_ms, now_ms = self._clock.wall_ms(), self._clock.monotonic_ms()
        changes = []
        for reading in readings:
            point = reading.point
            rules = self._rules[point]
            sample = self._sample(reading, wall_ms)
            last = self._last.get(point)
            if last is not None and _holds(rules, last, sample):
                if not self._due(point, now_ms):
                    self.suppressed += 1
                    continue
                sample = last
            self._last[point] = sample
            if rules.refresh_ms is not None:
                self._reported_ms[point] = now_ms
                self._next_due_ms = min(self._next_due_ms, now_ms + rules.refresh_ms)
            changes.append((point, sample))
        return changes

    def vouched(self) -> list[tuple[Point, Sample]]:
        """The samples to report again, now that the connection has shown that it lives. Costs nothing until one is."""
        now_ms = self._clock.monotonic_ms()
        if now_ms < self._next_due_ms:
            return []
        due = [point for point in self._reported_ms if self._due(point, now_ms)]
        self._reported_ms |= dict.fromkeys(due, now_ms)
        self._next_due_ms = min(map(self._due_ms, self._reported_ms), default=maxsize)
        return [(point, self._last[point]) for point in due]

    def _due(self, point: Point, now_ms: int) -> bool:
        return point in self._reported_ms and now_ms >= self._due_ms(point)

    def _due_ms(self, point: Point) -> int:
        return self._reported_ms[point] + (self._rules[point].refresh_ms or 0)

    def _sample(self, reading: Reading, now_ms: int) -> Sample:
        timestamp_ms = reading.timestamp_ms
        if timestamp_ms is None:
            timestamp_ms = now_ms
        elif timestamp_ms > now_ms + MAX_AHEAD_MS:
            timestamp_ms = now_ms
            self.ahead += 1
        value, quality = reading.value, reading.quality
        if isinstance(value, float) and not math.isfinite(value):
            value, quality = None, Quality.BAD  # JSON has no NaN, and nobody can work with one
        if quality is Quality.BAD or quality is Quality.GOOD_NO_DATA:
            value = None
        elif value is None:
            quality = Quality.GOOD_NO_DATA if quality is Quality.GOOD else Quality.BAD
        return Sample(value, quality, timestamp_ms)


def _holds(rules: PointRules, last: Sample, sample: Sample) -> bool:
    return last.quality is sample.quality and (rules.deadband or EVERY_CHANGE).holds(last.value, sample.value)

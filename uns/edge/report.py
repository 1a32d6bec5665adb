"""Which readings are worth reporting? Those that differ: beyond the deadband, in quality, or for the first time.

Times are completed here too: what has none gets the platform's, and what lies in the future is brought back to now,
since a device whose clock is ahead would make every later value look old.
"""

import math
from collections.abc import Iterable, Mapping

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
        self.suppressed = 0
        self.ahead = 0

    def __len__(self) -> int:
        """How many points have a value."""
        return len(self._last)

    def reset(self) -> None:
        """Forget what was reported: after a reconnect every first value is reported again."""
        self._last.clear()

    def take(self, readings: Iterable[Reading]) -> list[tuple[Point, Sample]]:
        """The readings to report, as samples, in order."""
        now_ms = self._clock.wall_ms()
        changes = []
        for reading in readings:
            point = reading.point
            sample = self._sample(reading, now_ms)
            last = self._last.get(point)
            if last is not None and self._holds(self._rules[point], last, sample):
                self.suppressed += 1
                continue
            self._last[point] = sample
            changes.append((point, sample))
        return changes

    def _holds(self, rules: PointRules, last: Sample, sample: Sample) -> bool:
        if last.quality is not sample.quality or not (rules.deadband or EVERY_CHANGE).holds(last.value, sample.value):
            return False
        return rules.refresh_ms is None or sample.timestamp_ms - last.timestamp_ms < rules.refresh_ms

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

"""When is each group of points due? At a fixed rate: the n-th poll at start + n × interval, so nothing drifts."""

from collections.abc import Iterable


class Schedule:
    """Times are milliseconds of one monotonic clock. Polls that came too late are skipped and counted, not queued."""

    def __init__(self, intervals_ms: Iterable[int], now_ms: float) -> None:
        self._due_ms = dict.fromkeys(intervals_ms, now_ms)
        self.skipped = 0

    def next_ms(self) -> float:
        """When the next poll is due."""
        return min(self._due_ms.values())

    def take(self, now_ms: float) -> list[int]:
        """The intervals due now, the shortest first; each is set to its next time on the grid."""
        due = sorted(interval for interval, at in self._due_ms.items() if at <= now_ms)
        for interval in due:
            missed = int((now_ms - self._due_ms[interval]) // interval)
            self.skipped += missed
            self._due_ms[interval] += (missed + 1) * interval
        return due

"""How many values per second arrived lately?"""

WINDOW_S = 10


class Rate:
    """A sliding window of one counter per second; `now_ms` is monotonic."""

    def __init__(self, now_ms: int) -> None:
        self._counts = [0] * WINDOW_S
        self._start_s = self._second = now_ms // 1000

    def add(self, count: int, now_ms: int) -> None:
        self._advance(now_ms // 1000)
        self._counts[self._second % WINDOW_S] += count

    def per_s(self, now_ms: int) -> float:
        """The mean over the last full seconds, fewer than the window shortly after the start."""
        second = now_ms // 1000
        self._advance(second)
        full = min(WINDOW_S - 1, second - self._start_s)
        if full <= 0:
            return float(self._counts[second % WINDOW_S])
        return (sum(self._counts) - self._counts[second % WINDOW_S]) / full

    def _advance(self, second: int) -> None:
        for passed in range(max(self._second + 1, second - WINDOW_S + 1), second + 1):
            self._counts[passed % WINDOW_S] = 0
        self._second = max(self._second, second)

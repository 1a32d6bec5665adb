"""How far apart do the messages of a topic come?"""

import msgspec

MAX_GAPS = 256


class Gaps(msgspec.Struct):
    """Every `step`th gap, thinned out by half whenever `MAX_GAPS` are kept; in milliseconds."""

    kept: list[int] = msgspec.field(default_factory=list)
    step: int = 1
    count: int = 0
    last_ms: int | None = None

    def see(self, time_ms: int) -> None:
        """Note when a message came; one that is not later than the one before says nothing about the rate."""
        if self.last_ms is None:
            self.last_ms = time_ms
        elif time_ms > self.last_ms:
            if self.count % self.step == 0:
                self.kept.append(time_ms - self.last_ms)
                if len(self.kept) >= MAX_GAPS:
                    self.kept = self.kept[::2]
                    self.step *= 2
            self.count += 1
            self.last_ms = time_ms

    def percentile_99(self) -> int | None:
        """Milliseconds that 99 of 100 gaps keep; None without a gap."""
        ordered = sorted(self.kept)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else None

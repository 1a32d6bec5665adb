"""The machine's time."""

import time


class SystemClock:
    """`uns.clock.Clock` on the operating system's clocks."""

    grain_ms = 1

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

"""The machine's time."""

import time
from typing import Final

_wall_ns: Final = time.time_ns
_monotonic_ns: Final = time.monotonic_ns
"""Asked for each message: to look a function up in its module takes as long as to call it."""


class SystemClock:
    """`uns.clock.Clock` on the operating system's clocks."""

    grain_ms = 1

    def wall_ms(self) -> int:
        return _wall_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return _monotonic_ns() // 1_000_000

"""Time as an argument: pure code asks a `Clock`, so a test can hold it still."""

from typing import Protocol


class Clock(Protocol):
    """Two readings, both in integer milliseconds, rounded down.

    grain_ms: how much later the true time may be than a reading: 1 for a clock that runs, 0 for one that stands still.
    Who must not be early lets so much more pass.
    """

    grain_ms: int

    def wall_ms(self) -> int:
        """UTC since 1970; may jump when the machine's clock is set."""

    def monotonic_ms(self) -> int:
        """Since an arbitrary start; never goes back. For keep-alives, delays and expiries."""

"""Time as an argument: pure code asks a `Clock`, so a test can hold it still."""

from typing import Protocol


class Clock(Protocol):
    """Two readings, both in integer milliseconds."""

    def wall_ms(self) -> int:
        """UTC since 1970; may jump when the machine's clock is set."""

    def monotonic_ms(self) -> int:
        """Since an arbitrary start; never goes back. For keep-alives, delays and expiries."""

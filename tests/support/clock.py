"""A clock that moves only when a test says so."""


class FakeClock:
    """Implements `uns.clock.Clock`. Both readings advance together; `set_wall` alone moves the wall clock."""

    grain_ms = 0

    def __init__(self, wall_ms: int = 1_790_000_000_000, monotonic_ms: int = 0) -> None:
        self._wall_ms = wall_ms
        self._monotonic_ms = monotonic_ms

    def wall_ms(self) -> int:
        return self._wall_ms

    def monotonic_ms(self) -> int:
        return self._monotonic_ms

    def advance(self, ms: int) -> None:
        """Let time pass."""
        if ms < 0:
            raise ValueError("time does not go back; use set_wall")
        self._wall_ms += ms
        self._monotonic_ms += ms

    def set_wall(self, wall_ms: int) -> None:
        """Set the wall clock, as an operator or NTP does."""
        self._wall_ms = wall_ms

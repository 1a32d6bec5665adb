"""How many bottles wait between two machines: an accumulation conveyor."""


class Conveyor:
    """Holds whole bottles, never fewer than none and never more than `capacity`."""

    def __init__(self, capacity: int, bottles: int = 0) -> None:
        self.capacity = capacity
        self.bottles = bottles

    @property
    def room(self) -> int:
        return self.capacity - self.bottles

    @property
    def fill(self) -> float:
        """From 0 (empty) to 1 (full)."""
        return self.bottles / self.capacity

    def put(self, bottles: int) -> None:
        if bottles > self.room:
            raise ValueError(f"{bottles} bottles do not fit: room for {self.room}")
        self.bottles += bottles

    def take(self, bottles: int) -> None:
        if bottles > self.bottles:
            raise ValueError(f"{bottles} bottles asked for, {self.bottles} are there")
        self.bottles -= bottles

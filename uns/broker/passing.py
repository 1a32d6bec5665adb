"""Which topics and values may be forgotten when there are too many? Those that are not retained, the oldest first.

A value of ordinary size is bounded by the number of topics; names and large values have a bound of their own in bytes.
"""

from collections.abc import Iterator
from typing import Final

from uns.broker.route import Current
from uns.broker.stats import Stats

LARGE_BYTES: Final = 1024
"""A value above this is counted. What is below costs the way of a message one comparison."""
SHARE = 8
"""Names and large values may each take this part of `max_memory_bytes`."""
NAME_COPIES = 2
"""The name of a topic lies in memory as text and as bytes."""


class Passing:
    """The topics that retain nothing, and the large values that are not retained, each in the order they came.

    Both sums stand together in `Stats.current_bytes`. That of the values may count one that a small one has replaced,
    until its turn to go comes.
    """

    __slots__ = ("_most_bytes", "_names", "_stats", "_values", "name_bytes", "value_bytes")

    def __init__(self, max_memory_bytes: int, stats: Stats) -> None:
        self.name_bytes = 0
        self.value_bytes = 0
        self._most_bytes = max_memory_bytes // SHARE
        self._names: dict[str, None] = {}
        self._values: dict[Current, int] = {}
        self._stats = stats

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    @property
    def is_full(self) -> bool:
        """The names take more than their part."""
        return self.name_bytes > self._most_bytes

    def add(self, topic: str) -> None:
        """This topic retains nothing, or no more."""
        if topic not in self._names:
            self._names[topic] = None
            self._count_name(NAME_COPIES * len(topic))

    def discard(self, topic: str) -> None:
        """This topic retains something, or is no more."""
        if topic in self._names:
            del self._names[topic]
            self._count_name(-NAME_COPIES * len(topic))

    def weigh(self, current: Current, payload: bytes) -> None:
        """A large value became current and is not retained: the oldest of its kind go when all are too much."""
        size = len(payload)
        before = self._values.get(current, 0)
        if before != size:
            self._values[current] = size
            self._count_value(size - before)
            while self.value_bytes > self._most_bytes:
                self._drop_oldest_value()

    def forget(self, current: Current) -> None:
        """The topic of this value is no more, or retains it."""
        size = self._values.pop(current, 0)
        if size:
            self._count_value(-size)

    def _drop_oldest_value(self) -> None:
        oldest = next(iter(self._values))
        self.forget(oldest)
        retained = oldest.retained
        if len(oldest.payload) > LARGE_BYTES and (retained is None or retained.payload is not oldest.payload):
            oldest.payload = b""

    def _count_name(self, size: int) -> None:
        self.name_bytes += size
        self._stats.current_bytes += size

    def _count_value(self, size: int) -> None:
        self.value_bytes += size
        self._stats.current_bytes += size

"""At which time does a value count that came without one? At its arrival, and no two values of a topic at the same.

A store keeps one sample per topic and millisecond, and several bare scalars can arrive in one: the later ones count a
millisecond later each. The same value again in the same millisecond is one that overlapping filters deliver twice.
"""

from typing import Any

from uns.samples import Sample

MAX_AHEAD_MS = 1000
"""A time is counted up no further than this past the arrival; a faster topic loses values."""
KNOWN_TOPICS = 100_000

_Last = tuple[int, Any]


class Arrivals:
    """The last time given per topic. What is given counts once `settle` is called: a batch may be tried again."""

    def __init__(self) -> None:
        self._settled: dict[str, _Last] = {}
        self._given: dict[str, _Last] = {}

    def begin(self) -> None:
        """A batch, perhaps one that failed before."""
        self._given = {}

    def stamp(self, topic: str, sample: Sample, received_ms: int) -> Sample:
        """The sample with its time; `received_ms`: UTC since 1970."""
        timestamp_ms, value = received_ms, sample.value
        last_ms, last = self._given.get(topic) or self._settled.get(topic) or (-1, None)
        if received_ms <= last_ms < received_ms + MAX_AHEAD_MS:
            repeated = type(value) is type(last) and value == last
            timestamp_ms = last_ms if repeated else last_ms + 1
        self._given[topic] = (timestamp_ms, value)
        return Sample(value, sample.quality, timestamp_ms)

    def settle(self) -> None:
        """The batch is stored."""
        if len(self._settled) > KNOWN_TOPICS:
            self._settled.clear()
        self._settled.update(self._given)
        self._given = {}

"""What does a reader get for a topic and a range of time? Points, raw or aggregated, up to a limit."""

from itertools import islice

import msgspec

from uns.history.aggregate import aggregate, parse_aggregation
from uns.history.store import HistoryStore
from uns.samples import Sample


class Series(msgspec.Struct, frozen=True):
    """points: oldest first; truncated: there are more after the last one.

    next_ms: the `start_ms` that goes on behind the last point, None unless truncated: 1 ms after a sample, the end of
    its bucket after an aggregate. UTC since 1970.
    """

    points: list[Sample]
    truncated: bool
    next_ms: int | None = None


def query(store: HistoryStore, topic: str, start_ms: int, end_ms: int, limit: int, agg: str = "") -> Series:
    """The points of `start_ms` <= source time < `end_ms`; agg: empty, or `avg:10s` and the like.

    The first bucket of an aggregation covers only what lies in the range, and is stamped with its own start. Blocks on
    the disk: call it in a thread. Raises UnsError `request.aggregate` or `request.duration`.
    """
    aggregation = parse_aggregation(agg) if agg else None
    samples = store.read(topic, start_ms, end_ms)
    points = aggregate(samples, aggregation) if aggregation else samples
    taken = list(islice(points, limit + 1))
    if len(taken) <= limit:
        return Series(taken, truncated=False)
    width_ms = aggregation.width_ms if aggregation else 1
    return Series(taken[:limit], truncated=True, next_ms=taken[limit - 1].timestamp_ms + width_ms)

"""How do many samples become one point per interval? Buckets aligned to UTC, streamed in one pass.

A bucket begins at a multiple of its width since 1970-01-01T00:00Z, so that the same question asked a second later
gives the same buckets; an interval without samples gives no point.
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import groupby
from typing import Any

import msgspec

from uns.errors import Finding, UnsError, nearest
from uns.history.duration import parse_duration
from uns.samples import Quality, Sample, format_timestamp


class Function(StrEnum):
    """What is made of the values in a bucket."""

    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    FIRST = "first"
    LAST = "last"


class Aggregation(msgspec.Struct, frozen=True):
    """One function over buckets of one width in milliseconds."""

    function: Function
    width_ms: int


_FOLDS: dict[Function, Callable[[Any, Any], Any]] = {
    Function.AVG: operator.add,
    Function.MIN: min,
    Function.MAX: max,
    Function.SUM: operator.add,
    Function.COUNT: lambda so_far, _: so_far,
    Function.FIRST: lambda so_far, _: so_far,
    Function.LAST: lambda _, value: value,
}
_ADDS = frozenset({Function.AVG, Function.SUM})
_TAKES_ANY_VALUE = frozenset({Function.COUNT, Function.FIRST, Function.LAST})
_DISTRUST = {Quality.GOOD: 0, Quality.GOOD_NO_DATA: 1, Quality.UNCERTAIN: 2, Quality.BAD: 3}


def parse_aggregation(text: str) -> Aggregation:
    """`avg:10s` and the like; UnsError `request.aggregate` or `request.duration`."""
    name, _, width = text.partition(":")
    try:
        function = Function(name)
    except ValueError:
        known = [function.value for function in Function]
        raise UnsError(
            Finding(
                id="request.aggregate",
                what=f"'{text}' names no aggregate (known: {', '.join(known)}).",
                where="agg",
                hint="Write a function, a colon and the width of a bucket, for example avg:10s.",
                nearest=nearest(name, known),
            )
        ) from None
    return Aggregation(function, parse_duration(width))


def aggregate(samples: Iterable[Sample], aggregation: Aggregation) -> Iterator[Sample]:
    """One sample per bucket that holds any: stamped with the bucket's start, its quality the worst one inside.

    samples: ordered by time. Samples without a value (null, NaN) count for the quality alone; a bucket of nothing else
    has the value None, and 0 for `count`. Booleans are 0 and 1 to `avg` and `sum`. Raises UnsError `request.aggregate`
    when a function of numbers meets something else.
    """
    width_ms = aggregation.width_ms
    for number, bucket in groupby(samples, lambda sample: sample.timestamp_ms // width_ms):
        yield _fold(bucket, aggregation.function, number * width_ms)


def _fold(bucket: Iterable[Sample], function: Function, start_ms: int) -> Sample:
    fold = _FOLDS[function]
    numbers_only = function not in _TAKES_ANY_VALUE
    folded, count, worst = None, 0, Quality.GOOD
    for sample in bucket:
        value = sample.value
        if sample.quality is not worst and _DISTRUST[sample.quality] > _DISTRUST[worst]:
            worst = sample.quality
        if value is None or value != value:
            continue
        if numbers_only and not isinstance(value, int | float):
            raise _no_number(function, sample)
        if isinstance(value, bool) and function in _ADDS:
            value = int(value)
        folded = fold(folded, value) if count else value
        count += 1
    if function is Function.COUNT:
        folded = count
    elif function is Function.AVG and folded is not None:
        folded /= count
    return Sample(folded, worst, start_ms)


def _no_number(function: Function, sample: Sample) -> UnsError:
    shown = repr(sample.value)
    return UnsError(
        Finding(
            id="request.aggregate",
            what=f"'{function}' needs numbers; the value at {format_timestamp(sample.timestamp_ms)} is "
            f"{shown if len(shown) <= 40 else shown[:37] + '...'}.",
            where="agg",
            hint="Use first, last or count here.",
        )
    )

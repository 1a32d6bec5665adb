"""Buckets: their edges, their values, their quality, and what cannot be averaged."""

import math
from collections.abc import Iterator
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.errors import UnsError
from uns.history import Aggregation, Function, aggregate, parse_aggregation
from uns.samples import Quality, Sample

GOOD, UNCERTAIN, BAD, NO_DATA = Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.GOOD_NO_DATA


def buckets(text: str, *samples: tuple[int, Any] | tuple[int, Any, Quality]) -> list[tuple[int, Any, Quality]]:
    made = [Sample(value, rest[0] if rest else GOOD, at_ms) for at_ms, value, *rest in samples]
    return [(point.timestamp_ms, point.value, point.quality) for point in aggregate(made, parse_aggregation(text))]


@pytest.mark.parametrize(
    ("function", "expected"),
    [("avg", 2.5), ("min", 1), ("max", 4), ("sum", 10), ("count", 4), ("first", 3), ("last", 2)],
)
def test_each_function(function: str, expected: float) -> None:
    assert buckets(f"{function}:1s", (0, 3), (1, 1), (2, 4), (999, 2)) == [(0, expected, GOOD)]


@pytest.mark.parametrize(
    ("function", "one", "three"),
    [("sum", 1, 2), ("avg", 1.0, 2 / 3), ("min", True, False), ("last", True, True)],
)
def test_booleans_are_0_and_1_to_sum_and_average(function: str, one: Any, three: Any) -> None:
    found = buckets(f"{function}:1s", (0, True), (1000, True), (1001, False), (1002, True))
    assert [value for _, value, _ in found] == [one, three]
    assert [type(value) for _, value, _ in found] == [type(one), type(three)]


def test_buckets_are_aligned_to_utc_and_empty_ones_are_left_out() -> None:
    assert buckets("sum:10s", (9_999, 1), (10_000, 2), (19_999, 4), (40_000, 8)) == [
        (0, 1, GOOD),
        (10_000, 6, GOOD),
        (40_000, 8, GOOD),
    ]


def test_times_before_1970_fall_into_the_bucket_below() -> None:
    assert buckets("last:10s", (-1, "a"), (0, "b")) == [(-10_000, "a", GOOD), (0, "b", GOOD)]


@pytest.mark.parametrize(
    ("inside", "worst"),
    [
        ([GOOD, GOOD], GOOD),
        ([GOOD, NO_DATA], NO_DATA),
        ([NO_DATA, UNCERTAIN, GOOD], UNCERTAIN),
        ([BAD, UNCERTAIN], BAD),
    ],
)
def test_the_quality_is_the_worst_inside(inside: list[Quality], worst: Quality) -> None:
    assert buckets("avg:1s", *((0, 1, quality) for quality in inside)) == [(0, 1.0, worst)]


@pytest.mark.parametrize("function", [function.value for function in Function if function is not Function.COUNT])
def test_a_bucket_without_values_has_none(function: str) -> None:
    assert buckets(f"{function}:1s", (0, None, BAD), (1, math.nan)) == [(0, None, BAD)]


def test_samples_without_values_do_not_count() -> None:
    assert buckets("count:1s", (0, None, BAD), (1, 5), (2, None)) == [(0, 1, BAD)]
    assert buckets("count:1s", (0, None, BAD)) == [(0, 0, BAD)]
    assert buckets("first:1s", (0, None, BAD), (1, 5), (2, None)) == [(0, 5, BAD)]


def test_integers_are_summed_exactly() -> None:
    assert buckets("sum:1s", (0, 2**63 - 1), (1, 2**63 - 1)) == [(0, 2**64 - 2, GOOD)]


def test_the_average_of_a_switch_is_its_share_of_true() -> None:
    assert buckets("avg:1s", (0, True), (1, False), (2, True), (3, True)) == [(0, 0.75, GOOD)]


@pytest.mark.parametrize("function", ["first", "last", "count"])
@pytest.mark.parametrize("value", ["execute", {"a": 1}, [1], b"\1"], ids=repr)
def test_anything_has_a_first_a_last_and_a_count(function: str, value: object) -> None:
    assert buckets(f"{function}:1s", (0, value)) == [(0, 1 if function == "count" else value, GOOD)]


@pytest.mark.parametrize("function", ["avg", "min", "max", "sum"])
@pytest.mark.parametrize("value", ["execute", "12", {"a": 1}, "x" * 100], ids=lambda value: repr(value)[:12])
def test_what_is_no_number_is_named(function: str, value: object) -> None:
    with pytest.raises(UnsError) as raised:
        buckets(f"{function}:1s", (0, 1), (500, value))
    finding = raised.value.finding
    assert finding.id == "request.aggregate"
    assert f"'{function}' needs numbers" in finding.what
    assert "1970-01-01T00:00:00.500Z" in finding.what
    assert repr(value)[:20] in finding.what
    assert len(finding.what) < 150


def test_parse() -> None:
    assert parse_aggregation("avg:10s") == Aggregation(Function.AVG, 10_000)
    assert parse_aggregation("last:1d") == Aggregation(Function.LAST, 86_400_000)


@pytest.mark.parametrize(
    ("text", "finding_id", "nearest"),
    [
        ("mean:10s", "request.aggregate", ""),
        ("averag:10s", "request.aggregate", "avg"),
        ("AVG:10s", "request.aggregate", "avg"),
        ("", "request.aggregate", ""),
        (":10s", "request.aggregate", ""),
        ("avg", "request.duration", ""),
        ("avg:", "request.duration", ""),
        ("avg:0s", "request.duration", ""),
        ("avg:10s:1", "request.duration", ""),
    ],
)
def test_parse_bad(text: str, finding_id: str, nearest: str) -> None:
    with pytest.raises(UnsError) as raised:
        parse_aggregation(text)
    assert (raised.value.finding.id, raised.value.finding.nearest) == (finding_id, nearest)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.floats(-1e6, 1e6)), min_size=1), st.integers(1, 3_000))
def test_buckets_partition_the_samples(pairs: list[tuple[int, float]], width_ms: int) -> None:
    pairs.sort(key=lambda pair: pair[0])
    samples = [Sample(value, GOOD, at_ms) for at_ms, value in pairs]
    points = list(aggregate(samples, Aggregation(Function.AVG, width_ms)))
    assert [point.timestamp_ms for point in points] == sorted({at_ms // width_ms * width_ms for at_ms, _ in pairs})
    for point in points:
        inside = [value for at_ms, value in pairs if 0 <= at_ms - point.timestamp_ms < width_ms]
        assert point.value == pytest.approx(fmean(inside), abs=1e-6)


def test_samples_are_consumed_as_they_come() -> None:
    def endless() -> Iterator[Sample]:
        at_ms = 0
        while True:
            yield Sample(1, GOOD, at_ms)
            at_ms += 500

    points = aggregate(endless(), Aggregation(Function.COUNT, 1_000))
    assert [next(points).value for _ in range(3)] == [2, 2, 2]

"""A range as a reader gets it: raw or aggregated, cut at a limit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.history.support import START_MS, sample
from uns.errors import UnsError
from uns.history import Row, SqliteHistory, query
from uns.samples import Sample


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteHistory]:
    store = SqliteHistory(tmp_path / "history.db")
    store.append([Row("a/b", sample(number, number * 1000), 0) for number in range(100)])
    yield store
    store.close()


def test_all_of_it(store: SqliteHistory) -> None:
    series = query(store, "a/b", START_MS, START_MS + 100_000, limit=100)
    assert [point.value for point in series.points] == list(range(100))
    assert not series.truncated


def test_the_limit_keeps_the_oldest_and_says_that_there_is_more(store: SqliteHistory) -> None:
    series = query(store, "a/b", START_MS, START_MS + 100_000, limit=10)
    assert [point.value for point in series.points] == list(range(10))
    assert series.truncated
    assert series.next_ms is not None
    rest = query(store, "a/b", series.next_ms, START_MS + 100_000, limit=90)
    assert [point.value for point in rest.points] == list(range(10, 100))
    assert (rest.truncated, rest.next_ms) == (False, None)


@pytest.mark.parametrize("agg", ["", "count:1s", "count:7s", "last:10s"])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_page_by_page_is_the_same_as_at_once(store: SqliteHistory, agg: str, limit: int) -> None:
    start_ms: int | None = START_MS + 5_500
    end_ms = START_MS + 60_000
    whole = query(store, "a/b", START_MS + 5_500, end_ms, 1000, agg).points
    paged: list[Sample] = []
    while start_ms is not None:
        series = query(store, "a/b", start_ms, end_ms, limit, agg)
        paged += series.points
        start_ms = series.next_ms
    assert paged == whole


def test_the_limit_counts_buckets(store: SqliteHistory) -> None:
    series = query(store, "a/b", START_MS, START_MS + 100_000, 10, "count:10s")
    assert [point.value for point in series.points] == [10] * 10
    assert not series.truncated
    assert query(store, "a/b", START_MS, START_MS + 100_000, 9, "count:10s").truncated


def test_the_first_bucket_covers_only_the_range(store: SqliteHistory) -> None:
    series = query(store, "a/b", START_MS + 5_000, START_MS + 12_000, 10, "first:10s")
    assert [(point.timestamp_ms - START_MS, point.value) for point in series.points] == [(0, 5), (10_000, 10)]


def test_an_unknown_topic_has_no_points(store: SqliteHistory) -> None:
    assert query(store, "a/c", 0, START_MS * 2, 10).points == []


@pytest.mark.parametrize(("agg", "finding_id"), [("mean:1s", "request.aggregate"), ("avg:soon", "request.duration")])
def test_an_unknown_aggregation_is_refused(store: SqliteHistory, agg: str, finding_id: str) -> None:
    with pytest.raises(UnsError) as raised:
        query(store, "a/b", 0, START_MS * 2, 10, agg)
    assert raised.value.finding.id == finding_id

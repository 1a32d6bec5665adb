"""Samples that wait on the disk of an edge node: bounded, in order, exact, and there after a restart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.edge.backlog import Backlog, WhenFull
from uns.samples import Quality, Sample


@pytest.fixture
def path(tmp_path):
    return tmp_path / "line1.backlog.db"


def numbered(*numbers):
    return [(f"m{number}", Sample(number, Quality.GOOD, number)) for number in numbers]


def waiting(backlog, devices=("a", "b")):
    assert backlog.flush()
    return [row.sample.value for row in backlog.oldest(1000, 0, devices)]


def test_samples_come_back_exact_and_in_order(path):
    samples = [
        ("whole", Sample(2**63 - 1, Quality.GOOD, 1)),
        ("large", Sample(2**64 - 1, Quality.UNCERTAIN, 2)),
        ("bytes", Sample(b"\x00\xff", Quality.GOOD, 3)),
        ("text", Sample("é", Quality.GOOD, 4)),
        ("none", Sample(None, Quality.BAD, 5)),
        ("list", Sample([1, 2.5, "x"], Quality.GOOD, 6)),
        ("half", Sample(0.5, Quality.GOOD, 7)),
        ("true", Sample(True, Quality.GOOD_NO_DATA, 8)),
    ]
    backlog = Backlog(path)
    backlog.keep("press", samples)
    assert backlog.flush()
    assert [(row.metric, row.sample) for row in backlog.oldest(100, 0, ["press"])] == samples
    backlog.close()


def test_they_outlive_a_restart(path):
    first = Backlog(path)
    first.keep("a", numbered(1, 2, 3))
    first.close()
    second = Backlog(path)
    assert second.status().waiting == 3
    assert waiting(second) == [1, 2, 3]
    second.close()


def test_what_the_broker_has_is_forgotten(path):
    backlog = Backlog(path)
    backlog.keep("a", numbered(1, 2, 3))
    assert backlog.flush()
    backlog.forget(backlog.oldest(2, 0, ["a"]))
    assert waiting(backlog) == [3]
    assert backlog.status().waiting == 1
    backlog.close()


def test_they_are_read_on_from_the_last_one_and_by_device(path):
    backlog = Backlog(path)
    backlog.keep("a", numbered(1, 2))
    backlog.keep("b", numbered(3))
    backlog.keep("a", numbered(4))
    assert backlog.flush()
    first = backlog.oldest(2, 0, ["a", "b"])
    assert [row.sample.value for row in backlog.oldest(9, first[-1].id, ["a", "b"])] == [3, 4]
    assert waiting(backlog, ["b"]) == [3]
    assert waiting(backlog, []) == []
    backlog.close()


@pytest.mark.parametrize(
    ("when_full", "kept"),
    [(WhenFull.OLDEST, [5, 6, 7, 8]), (WhenFull.NEWEST, [1, 2, 3, 4])],
    ids=lambda value: str(value),
)
def test_what_gives_way_when_it_is_full_is_counted(path, when_full, kept):
    backlog = Backlog(path, max_samples=4, when_full=when_full)
    for number in range(1, 9):
        backlog.keep("a", numbered(number))
        assert backlog.flush()
    assert waiting(backlog) == kept
    assert (backlog.status().waiting, backlog.status().shed) == (4, 4)
    backlog.close()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.sampled_from(WhenFull))
def test_nothing_is_counted_twice_or_not_at_all(tmp_path_factory, batches, when_full):
    backlog = Backlog(tmp_path_factory.mktemp("backlog") / "b.db", max_samples=20, when_full=when_full)
    number = 0
    for batch in batches:
        backlog.keep("a", numbered(*range(number, number + batch)))
        number += batch
    values = waiting(backlog)
    status = backlog.status()
    assert len(values) == status.waiting == min(20, number)
    assert status.shed == number - len(values)
    assert values == (list(range(number))[-20:] if when_full is WhenFull.OLDEST else list(range(number))[:20])
    backlog.close()

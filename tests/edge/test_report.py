"""Report by exception."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.clock import FakeClock
from uns.adapter import Point, Reading
from uns.edge.deadband import Deadband, parse_deadband
from uns.edge.report import Report
from uns.edge.spec import PointRules
from uns.samples import Quality, Sample

POINT = Point("d", "m", {})


def reported(values: list[Any], deadband: Deadband) -> list[Any]:
    report = Report({POINT: PointRules(deadband)}, FakeClock())
    return [sample.value for value in values for _, sample in report.take([Reading(POINT, value)])]


@pytest.mark.parametrize(
    ("deadband", "values", "expected"),
    [
        ("0", [1, 1, 2, 2, 1], [1, 2, 1]),
        ("0.5", [10.0, 10.5, 10.6, 10.2, 10.0], [10.0, 10.6, 10.0]),
        ("0.5", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2], [0.0, 0.6, 1.2]),  # slow drift is seen
        ("10%", [100, 109, 111, 100.5, 99.5], [100, 111, 99.5]),
        ("10%", [-100, -109, -111], [-100, -111]),
        ("10%", [0, 0.001], [0, 0.001]),
        ("5", [True, False, False], [True, False]),
        ("5", ["a", "a", "b"], ["a", "b"]),
        ("0", [1, True], [1, True]),
        ("0", [1, 1.0], [1]),
        ("0", ["1", 1], ["1", 1]),
        ("0", [b"a", b"a"], [b"a"]),
        ("0", [2**63, 2**63 + 1], [2**63, 2**63 + 1]),
    ],
)
def test_a_value_is_reported_when_it_left_the_deadband(deadband: str, values: list[Any], expected: list[Any]) -> None:
    assert reported(values, parse_deadband(deadband)) == expected


def test_a_change_of_quality_is_always_reported() -> None:
    report = Report({POINT: PointRules(Deadband(absolute=100))}, FakeClock())
    readings = [
        Reading(POINT, 1.0, quality) for quality in (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.GOOD)
    ]
    samples = [sample for reading in readings for _, sample in report.take([reading])]
    assert [sample.quality for sample in samples] == [reading.quality for reading in readings]
    assert [sample.value for sample in samples] == [1.0, 1.0, None, 1.0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_bad(value: float) -> None:
    report = Report({POINT: PointRules(Deadband())}, FakeClock())
    assert [sample.quality for _, sample in report.take([Reading(POINT, value)])] == [Quality.BAD]
    assert report.take([Reading(POINT, value)]) == []


def test_nothing_with_good_quality_is_no_data() -> None:
    report = Report({POINT: PointRules(Deadband())}, FakeClock(wall_ms=5))
    assert report.take([Reading(POINT, None)]) == [(POINT, Sample(None, Quality.GOOD_NO_DATA, 5))]


@pytest.mark.parametrize(
    ("source_ms", "expected_ms", "ahead"),
    [(None, 10_000, 0), (7_000, 7_000, 0), (10_900, 10_900, 0), (11_001, 10_000, 1), (99_999_999, 10_000, 1)],
)
def test_times_are_filled_in_and_kept_out_of_the_future(source_ms: int | None, expected_ms: int, ahead: int) -> None:
    report = Report({POINT: PointRules(Deadband())}, FakeClock(wall_ms=10_000))
    ((_, sample),) = report.take([Reading(POINT, 1, timestamp_ms=source_ms)])
    assert sample.timestamp_ms == expected_ms
    assert report.ahead == ahead


def test_after_a_reset_the_same_value_is_reported_again() -> None:
    report = Report({POINT: PointRules(Deadband())}, FakeClock())
    assert len(report.take([Reading(POINT, 1), Reading(POINT, 1)])) == 1
    assert (len(report), report.suppressed) == (1, 1)
    report.reset()
    assert len(report) == 0
    assert len(report.take([Reading(POINT, 1)])) == 1


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "1 %%", None, True])
def test_what_is_no_deadband_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="no deadband"):
        parse_deadband(text)


OTHER = Point("d", "other", {})
STANDING = [Reading(POINT, 20.0, timestamp_ms=9_000_000), Reading(OTHER, 1)]


def standing(clock: FakeClock) -> Report:
    """One point that is refreshed every second, one that never is; both told by now."""
    report = Report({POINT: PointRules(Deadband(absolute=1), refresh_ms=1000), OTHER: PointRules()}, clock)
    assert len(report.take(STANDING)) == 2
    return report


def test_a_value_that_is_read_again_is_told_again_as_it_was() -> None:
    clock = FakeClock()
    report = standing(clock)
    told = []
    for _ in range(5):
        clock.advance(500)
        told.append([sample for _, sample in report.take([Reading(POINT, 20.5, timestamp_ms=9_000_001)])])
    again = [Sample(20.0, Quality.GOOD, 9_000_000)]
    assert told == [[], again, [], again, []]


def test_a_value_that_the_connection_vouches_for_is_told_again_as_it_was() -> None:
    clock = FakeClock()
    report = standing(clock)
    told = []
    for _ in range(5):
        clock.advance(500)
        told.append(report.vouched())
    again = [(POINT, Sample(20.0, Quality.GOOD, 9_000_000))]
    assert told == [[], again, [], again, []]


def test_a_change_puts_the_next_refresh_off() -> None:
    clock = FakeClock()
    report = standing(clock)
    clock.advance(600)
    assert len(report.take([Reading(POINT, 30.0)])) == 1
    clock.advance(600)
    assert report.vouched() == []
    clock.advance(400)
    assert [sample.value for _, sample in report.vouched()] == [30.0]


def test_a_change_of_the_wall_clock_refreshes_nothing() -> None:
    clock = FakeClock()
    report = standing(clock)
    clock.set_wall(clock.wall_ms() + 3_600_000)
    assert report.take([Reading(POINT, 20.0)]) == report.vouched() == []


@pytest.mark.parametrize("end", [Report.reset, lambda report: report.forget(POINT)], ids=["reset", "forget"])
def test_what_is_forgotten_is_not_vouched_for(end: Callable[[Report], None]) -> None:
    clock = FakeClock()
    report = standing(clock)
    end(report)
    clock.advance(1000)
    assert report.vouched() == []
    assert len(report.take(STANDING[:1])) == 1

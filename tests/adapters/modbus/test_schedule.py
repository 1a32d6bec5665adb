"""Polls on a grid."""

from adapters.modbus.schedule import Schedule


def test_polls_stay_on_the_grid_however_late_they_are_made() -> None:
    schedule = Schedule([1000], now_ms=0)
    assert schedule.take(0) == [1000]
    assert schedule.next_ms() == 1000
    assert schedule.take(1300) == [1000]
    assert schedule.next_ms() == 2000
    assert schedule.skipped == 0


def test_what_was_missed_is_skipped_and_counted() -> None:
    schedule = Schedule([1000], now_ms=0)
    schedule.take(0)
    assert schedule.take(3500) == [1000]
    assert schedule.next_ms() == 4000
    assert schedule.skipped == 2


def test_each_interval_has_its_own_times() -> None:
    schedule = Schedule([1000, 250], now_ms=0)
    assert schedule.take(0) == [250, 1000]
    assert schedule.take(249) == []
    assert schedule.take(260) == [250]
    assert schedule.take(1000) == [250, 1000]

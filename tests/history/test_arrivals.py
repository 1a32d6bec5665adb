"""Times for values that came without one."""

from tests.history.support import START_MS
from uns.history.arrivals import KNOWN_TOPICS, MAX_AHEAD_MS, Arrivals
from uns.samples import Quality, Sample


def stamp(arrivals: Arrivals, value: object, at_ms: int = 0, topic: str = "a") -> int:
    """The time given, in ms after the start."""
    stamped = arrivals.stamp(topic, Sample(value, Quality.GOOD, 0), START_MS + at_ms)
    assert (stamped.value, stamped.quality) == (value, Quality.GOOD)
    return stamped.timestamp_ms - START_MS


def test_it_is_the_arrival_or_the_next_free_millisecond() -> None:
    arrivals = Arrivals()
    assert [stamp(arrivals, value) for value in (1, 2, 2, 1, 1.0)] == [0, 1, 1, 2, 3]
    assert [stamp(arrivals, 7, at_ms) for at_ms in (2, 3, 10, 11)] == [4, 4, 10, 11]
    assert stamp(arrivals, 8, topic="b") == 0


def test_a_batch_that_failed_gets_the_same_times_again() -> None:
    arrivals = Arrivals()
    for _ in range(3):
        arrivals.begin()
        assert [stamp(arrivals, value) for value in (1, 2)] == [0, 1]
    arrivals.settle()
    arrivals.begin()
    assert stamp(arrivals, 3) == 2


def test_a_topic_that_is_too_fast_runs_no_further_ahead() -> None:
    arrivals = Arrivals()
    times = [stamp(arrivals, value) for value in range(MAX_AHEAD_MS + 2)]
    assert times == [*range(MAX_AHEAD_MS + 1), 0]


def test_what_is_remembered_is_bounded() -> None:
    arrivals = Arrivals()
    for number in range(KNOWN_TOPICS + 2):
        stamp(arrivals, 1, topic=str(number))
    arrivals.settle()
    arrivals.begin()
    stamp(arrivals, 2, topic="0")
    arrivals.settle()
    arrivals.begin()
    assert stamp(arrivals, 3, topic="1") == 0

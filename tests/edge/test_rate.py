"""Values per second."""

from uns.edge.rate import Rate


def test_the_mean_of_the_last_full_seconds() -> None:
    rate = Rate(0)
    for second in range(20):
        rate.add(5, second * 1000)
    assert rate.per_s(19_500) == 5
    assert rate.per_s(25_000) == 5 * 4 / 9  # nothing came for five of the nine seconds
    assert rate.per_s(60_000) == 0


def test_shortly_after_the_start_only_the_time_that_passed_counts() -> None:
    rate = Rate(0)
    rate.add(30, 100)
    assert rate.per_s(200) == 30
    assert rate.per_s(3000) == 10


def test_a_long_pause_leaves_nothing_behind() -> None:
    rate = Rate(0)
    rate.add(1000, 9000)
    rate.add(1, 1_000_000)
    assert rate.per_s(1_001_000) == 1 / 9

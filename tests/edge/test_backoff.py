"""Waiting before the next attempt."""

from random import Random

import pytest

from uns.edge.backoff import Backoff


@pytest.mark.parametrize(("attempt", "full"), [(0, 1), (1, 2), (4, 16), (5, 30), (1000, 30)])
def test_it_doubles_up_to_a_limit_and_half_of_it_is_random(attempt: int, full: float) -> None:
    backoff, random = Backoff(first_s=1, most_s=30), Random(7)
    delays = [backoff.delay_s(attempt, random) for _ in range(200)]
    assert full / 2 <= min(delays) < 0.6 * full
    assert 0.9 * full < max(delays) <= full

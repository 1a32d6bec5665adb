"""The laws keep their promises: no overshoot, bounded noise and drift, the right mean rate."""

import math
from random import Random

import pytest

from uns.simulator.process.physics import Drift, happens, lag, noise, ramp


def test_lag_has_done_63_percent_after_one_time_constant():
    assert lag(20.0, 120.0, 60.0, 60.0) == pytest.approx(20 + 100 * (1 - math.exp(-1)))


def test_lag_does_not_depend_on_the_step():
    value = 20.0
    for _ in range(100):
        value = lag(value, 120.0, 60.0, 0.5)
    assert value == pytest.approx(lag(20.0, 120.0, 60.0, 50.0))


@pytest.mark.parametrize(
    ("value", "target", "reached"),
    [(0.0, 100.0, 10.0), (100.0, 0.0, 90.0), (95.0, 100.0, 100.0), (3.0, 0.0, 0.0), (7.0, 7.0, 7.0)],
)
def test_ramp_moves_at_its_rate_and_stops_at_the_target(value, target, reached):
    assert ramp(value, target, 20.0, 0.5) == reached


def test_noise_is_cut_at_three_sigma():
    rng = Random(1)
    samples = [noise(rng, 0.5) for _ in range(10_000)]
    assert max(map(abs, samples)) == 1.5
    assert abs(sum(samples) / len(samples)) < 0.02


def test_drift_moves_and_stays_within_its_spread():
    drift = Drift(Random(2), mean=50.0, spread=2.0, time_constant_s=10.0)
    values = [drift.step(0.5) for _ in range(20_000)]
    assert 48.0 <= min(values) < 48.7
    assert 51.3 < max(values) <= 52.0


def test_an_event_comes_as_often_as_its_mean_time_says():
    rng = Random(3)
    events = sum(happens(rng, 60.0, 0.5) for _ in range(120_000))
    assert events == pytest.approx(1000, rel=0.1)


def test_nothing_happens_in_no_time():
    assert not any(happens(Random(seed), 60.0, 0.0) for seed in range(100))

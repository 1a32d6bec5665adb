"""The few laws every model uses: lag, ramp, sensor noise, slow drift, and chance per second."""

import math
from random import Random

Value = bool | int | float | str
"""What a tag holds."""


def clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def lag(value: float, target: float, time_constant_s: float, dt_s: float) -> float:
    """First-order lag: after one time constant 63 % of the way to the target is done."""
    return target + (value - target) * math.exp(-dt_s / time_constant_s)


def ramp(value: float, target: float, rate_per_s: float, dt_s: float) -> float:
    """Move to the target at a constant rate, without overshoot."""
    step = rate_per_s * dt_s
    return target if abs(target - value) <= step else value + math.copysign(step, target - value)


def noise(rng: Random, sigma: float) -> float:
    """Sensor noise, cut at three sigma so that a reading can be bounded."""
    return clamp(rng.gauss(0.0, sigma), -3 * sigma, 3 * sigma)


def happens(rng: Random, mean_time_s: float, dt_s: float) -> bool:
    """Does an event that comes every `mean_time_s` on average come within this step? (Poisson)"""
    return rng.random() < -math.expm1(-dt_s / mean_time_s)


class Drift:
    """A quantity that wanders around its mean and never leaves `spread` (Ornstein-Uhlenbeck, bounded)."""

    def __init__(self, rng: Random, mean: float, spread: float, time_constant_s: float) -> None:
        self._rng = rng
        self._mean = mean
        self._spread = spread
        self._time_constant_s = time_constant_s
        self.value = mean + rng.uniform(-spread / 3, spread / 3)

    def step(self, dt_s: float) -> float:
        pull = lag(self.value, self._mean, self._time_constant_s, dt_s)
        kick = self._spread / 3 * math.sqrt(-math.expm1(-2 * dt_s / self._time_constant_s))
        self.value = clamp(pull + self._rng.gauss(0.0, kick), self._mean - self._spread, self._mean + self._spread)
        return self.value

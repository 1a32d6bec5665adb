"""A screw capper: caps from a hopper that a person refills, tightened to a torque."""

from random import Random

from uns.simulator.process.conveyor import Conveyor
from uns.simulator.process.machine import Machine, Rating
from uns.simulator.process.physics import Drift, Value, clamp, happens, noise

HOPPER_CAPS = 12_000
LOW_CAPS_PCT, HOLD_PCT, RESUME_PCT = 20.0, 1.0, 30.0
REFILL_PCT_PER_S = 2.5
TORQUE_NM, TORQUE_TOLERANCE_NM = 1.8, 0.22


class Capper(Machine):
    """Holds when the hopper is empty; the refill comes a minute or so after the low-caps alarm, sometimes too late."""

    rating = Rating(speed=420.0, max_speed=500.0, standby_kw=2.0, load_kw=6.5, reject_share=0.002)

    def __init__(self, infeed: Conveyor, outfeed: Conveyor, rng: Random, good: int = 0) -> None:
        super().__init__(infeed, outfeed, rng, good)
        self.hopper_pct = rng.uniform(40.0, 90.0)
        self._torque_nm = Drift(rng, TORQUE_NM, 0.3, 120.0)
        self._used_caps = self.good + self.rejected
        self._refilling = self._holding = False

    def step_physics(self, dt_s: float) -> None:
        used = self.good + self.rejected
        self.hopper_pct -= 100.0 * (used - self._used_caps) / HOPPER_CAPS
        self._used_caps = used
        if self.hopper_pct < LOW_CAPS_PCT and happens(self.rng, 120.0, dt_s):
            self._refilling = True
        if self._refilling:
            self.hopper_pct += REFILL_PCT_PER_S * dt_s
            self._refilling = self.hopper_pct < 95.0
        self.hopper_pct = clamp(self.hopper_pct, 0.0, 100.0)
        self._torque_nm.step(dt_s)

    def supply_missing(self) -> bool:
        self._holding = self.hopper_pct < (RESUME_PCT if self._holding else HOLD_PCT)
        return self._holding

    def readings(self) -> dict[str, Value]:
        torque_nm = self._torque_nm.value
        return super().readings() | {
            "count/rejected": self.rejected,
            "torque": round(torque_nm + noise(self.rng, 0.01), 3),
            "hopper/level": round(clamp(self.hopper_pct + noise(self.rng, 0.1), 0.0, 100.0), 1),
            "motor/temperature": round(self.motor_cel + noise(self.rng, 0.15), 2),
            "alarm/low_caps": self.hopper_pct < LOW_CAPS_PCT,
            "alarm/torque": abs(torque_nm - TORQUE_NM) > TORQUE_TOLERANCE_NM,
        }

"""A three-phase energy meter: the load given in kW, seen as voltages, currents, power factor and an energy counter."""

import math
from random import Random

from uns.simulator.process.physics import Drift, Value, happens, noise

PHASE_SHARES = {"l1": 1.03, "l2": 0.98, "l3": 0.99}  # of a third of the load; they sum to 3
NOMINAL_V, SAG_V, LOW_V, HIGH_V = 230.0, 32.0, 207.0, 253.0


class Meter:
    """Energy is counted in whole watt-hours and never goes back."""

    def __init__(self, rng: Random, rated_kw: float, energy_wh: int) -> None:
        self.rng = rng
        self.rated_kw = rated_kw
        self.power_kw = 0.0
        self.energy_wh = float(energy_wh)
        self._volts = {phase: Drift(rng, NOMINAL_V + 1.5, 5.0, 120.0) for phase in PHASE_SHARES}
        self._power_factor = Drift(rng, 0.93, 0.04, 90.0)
        self._hertz = Drift(rng, 50.0, 0.06, 20.0)
        self._sag_s = 0.0

    def step(self, dt_s: float, load_kw: float) -> None:
        self.power_kw = load_kw
        self.energy_wh += load_kw * 1000 * dt_s / 3600
        self._sag_s = max(0.0, self._sag_s - dt_s)
        if happens(self.rng, 3600.0, dt_s):
            self._sag_s = self.rng.uniform(2.0, 5.0)
        for volts in self._volts.values():
            volts.step(dt_s)
        self._power_factor.step(dt_s)
        self._hertz.step(dt_s)

    def readings(self) -> dict[str, Value]:
        readings: dict[str, Value] = {}
        volts = {phase: drift.value - (SAG_V if self._sag_s else 0.0) for phase, drift in self._volts.items()}
        factor = self._power_factor.value
        for phase, share in PHASE_SHARES.items():
            amperes = self.power_kw * 1000 / 3 * share / (volts[phase] * factor)
            readings[f"voltage/{phase}"] = round(volts[phase] + noise(self.rng, 0.1), 1)
            readings[f"current/{phase}"] = round(amperes * (1 + noise(self.rng, 0.002)), 2)
        return readings | {
            "power/active": round(self.power_kw, 2),
            "power/reactive": round(self.power_kw * math.tan(math.acos(factor)), 2),
            "power/apparent": round(self.power_kw / factor, 2),
            "power_factor": round(factor, 3),
            "frequency": round(self._hertz.value + noise(self.rng, 0.003), 3),
            "energy/active": int(self.energy_wh),
            "alarm/overload": self.power_kw > self.rated_kw,
            "alarm/voltage": not all(LOW_V <= value <= HIGH_V for value in volts.values()),
        }

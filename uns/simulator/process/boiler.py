"""A gas-fired steam boiler: burner sequence, pressure, water level, flue gas (EN 12953)."""

import math
from enum import IntEnum
from random import Random

from uns.simulator.process.physics import Drift, Value, clamp, happens, lag, noise
from uns.simulator.process.setpoints import Limits, Setpoints

RATED_STEAM_KG_PER_H, GAS_M3_PER_KG = 1400.0, 0.075
STORAGE_KG_PER_BAR = 9.0
CUT_IN_BAR, CUT_OUT_BAR = 0.3, 0.5
SAFETY_VALVE_BAR, HIGH_PRESSURE_BAR = 11.0, 10.7
PUMP_ON_PCT, PUMP_OFF_PCT, LOW_WATER_PCT, LOCKOUT_WATER_PCT = 55.0, 70.0, 42.0, 30.0
PURGE_S, IGNITION_S = 8.0, 3.0


class Burner(IntEnum):
    OFF = 0
    PURGE = 1
    IGNITION = 2
    FIRING = 3
    LOCKOUT = 4


class Boiler:
    """Modulates around the pressure setpoint; a flame failure or low water locks the burner out until reset."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.setpoints = Setpoints({"pressure/setpoint": Limits(4.0, 10.0)}, {"pressure/setpoint": 8.0})
        self.burner = Burner.FIRING
        self.pressure_bar, self.water_pct = 7.9, 62.0
        self.modulation, self.flue_cel, self.oxygen_pct = 0.5, 170.0, 4.0
        self.steam_kg_per_h = 0.0
        self.gas_m3 = 41_250.0
        self.pump = False
        self.power_kw = 4.0
        self._feed_cel = Drift(rng, 88.0, 6.0, 200.0)
        self._state_s = self._reset_s = self._pump_trip_s = 0.0

    def step(self, dt_s: float, demand_kg_per_h: float) -> None:
        self._step_burner(dt_s)
        self._step_pressure(dt_s, demand_kg_per_h)
        self._step_water(dt_s)
        self._feed_cel.step(dt_s)
        firing = self.burner is Burner.FIRING
        self.flue_cel = lag(self.flue_cel, 130.0 + 90.0 * self.modulation if firing else 60.0, 90.0, dt_s)
        self.oxygen_pct = lag(self.oxygen_pct, 5.2 - 2.0 * self.modulation if firing else 20.9, 12.0, dt_s)
        self.gas_m3 += self.gas_m3_per_h * dt_s / 3600
        fan_kw = 0.0 if self.burner in (Burner.OFF, Burner.LOCKOUT) else 1.5 + 3.0 * self.modulation
        self.power_kw = 0.6 + fan_kw + (2.2 if self.pump else 0.0)

    @property
    def gas_m3_per_h(self) -> float:
        return self._raised_kg_per_h * GAS_M3_PER_KG

    @property
    def _raised_kg_per_h(self) -> float:
        return RATED_STEAM_KG_PER_H * self.modulation if self.burner is Burner.FIRING else 0.0

    def readings(self) -> dict[str, Value]:
        rng = self.rng
        bar = max(0.0, self.pressure_bar + noise(rng, 0.01))
        return {
            "pressure/actual": round(bar, 2),
            "pressure/setpoint": self.setpoints["pressure/setpoint"],
            "water/level": round(clamp(self.water_pct + noise(rng, 0.2), 0.0, 100.0), 1),
            "water/temperature": round(self._feed_cel.value + noise(rng, 0.2), 1),
            "steam/temperature": round(saturation_cel(bar) + noise(rng, 0.1), 1),
            "steam/flow": round(max(0.0, self.steam_kg_per_h + noise(rng, 3.0)), 1),
            "flue/temperature": round(self.flue_cel + noise(rng, 0.5), 1),
            "flue/oxygen": round(clamp(self.oxygen_pct + noise(rng, 0.05), 0.0, 21.0), 2),
            "burner/state": int(self.burner),
            "burner/modulation": round(100 * self.modulation, 1) if self.burner is Burner.FIRING else 0.0,
            "gas/flow": round(self.gas_m3_per_h, 2),
            "gas/volume": int(self.gas_m3),
            "feed_pump/running": self.pump,
            "alarm/low_water": self.water_pct < LOW_WATER_PCT,
            "alarm/high_pressure": self.pressure_bar > HIGH_PRESSURE_BAR,
            "alarm/burner_lockout": self.burner is Burner.LOCKOUT,
        }

    def _step_burner(self, dt_s: float) -> None:
        self._state_s += dt_s
        error_bar = self.setpoints.number("pressure/setpoint") - self.pressure_bar
        match self.burner:
            case Burner.OFF if error_bar > CUT_IN_BAR:
                self._enter(Burner.PURGE)
            case Burner.PURGE if self._state_s >= PURGE_S:
                self._enter(Burner.IGNITION)
            case Burner.IGNITION if self._state_s >= IGNITION_S:
                self.modulation = 0.25
                self._enter(Burner.FIRING)
            case Burner.FIRING if self.water_pct < LOCKOUT_WATER_PCT or happens(self.rng, 5400.0, dt_s):
                self._reset_s = self.rng.uniform(60.0, 120.0)
                self._enter(Burner.LOCKOUT)
            case Burner.FIRING if error_bar < -CUT_OUT_BAR:
                self._enter(Burner.OFF)
            case Burner.FIRING:
                self.modulation = lag(self.modulation, clamp(0.45 + 1.2 * error_bar, 0.25, 1.0), 5.0, dt_s)
            case Burner.LOCKOUT if self._state_s >= self._reset_s and self.water_pct > LOW_WATER_PCT:
                self._enter(Burner.OFF)

    def _enter(self, state: Burner) -> None:
        self.burner, self._state_s = state, 0.0

    def _step_pressure(self, dt_s: float, demand_kg_per_h: float) -> None:
        self.steam_kg_per_h = demand_kg_per_h * min(1.0, self.pressure_bar / 4.0)
        blown_off = max(0.0, self.pressure_bar - SAFETY_VALVE_BAR) * 20_000.0
        surplus_kg = (self._raised_kg_per_h - self.steam_kg_per_h - blown_off) * dt_s / 3600
        self.pressure_bar = clamp(self.pressure_bar + surplus_kg / STORAGE_KG_PER_BAR, 0.0, 12.0)

    def _step_water(self, dt_s: float) -> None:
        self._pump_trip_s = max(0.0, self._pump_trip_s - dt_s)
        if self.pump and happens(self.rng, 2400.0, dt_s):
            self._pump_trip_s = self.rng.uniform(60.0, 240.0)
        wanted = self.water_pct < (PUMP_OFF_PCT if self.pump else PUMP_ON_PCT)
        self.pump = wanted and self._pump_trip_s == 0
        drawn_pct_per_s = self.steam_kg_per_h / 3600 * 0.6
        self.water_pct = clamp(self.water_pct + ((0.4 if self.pump else 0.0) - drawn_pct_per_s) * dt_s, 0.0, 100.0)


def saturation_cel(gauge_bar: float) -> float:
    """Temperature of saturated steam at a gauge pressure (Antoine equation for water, 99 to 374 Cel)."""
    mm_hg = (gauge_bar + 1.013) * 750.062
    return 1810.94 / (8.14019 - math.log10(mm_hg)) - 244.485

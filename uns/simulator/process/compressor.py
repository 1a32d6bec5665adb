"""A screw compressor on an air receiver: load and unload between two pressures, idle run-on, over-temperature trip."""

from enum import IntEnum
from random import Random

from uns.simulator.process.machine import AMBIENT_CEL
from uns.simulator.process.physics import Drift, Value, clamp, happens, lag, noise
from uns.simulator.process.setpoints import Limits, Setpoints

RATED_M3_PER_MIN, RECEIVER_M3 = 9.0, 4.0
LOAD_KW, UNLOADED_KW, STANDBY_KW = 45.0, 12.0, 0.3
HYSTERESIS_BAR, LOW_PRESSURE_BAR = 0.7, 5.5
RUN_ON_S = 120.0
HOT_CEL, TRIP_CEL = 100.0, 110.0


class Run(IntEnum):
    STOPPED = 0
    UNLOADED = 1
    LOADED = 2
    FAULT = 3


class Compressor:
    """Loads below setpoint minus hysteresis, unloads at the setpoint, stops when unloaded for long or disabled."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.setpoints = Setpoints(
            {"pressure/setpoint": Limits(5.0, 9.0), "enabled": bool}, {"pressure/setpoint": 7.5, "enabled": True}
        )
        self.run = Run.LOADED
        self.pressure_bar = 7.1
        self.oil_cel, self.discharge_cel = 68.0, 78.0
        self.power_kw = LOAD_KW
        self.energy_kwh, self.running_h, self.loaded_h = 186_420.0, 9_310.0, 6_044.0
        self.flow_m3_per_min = 0.0
        self._dew_point_cel = Drift(rng, 3.5, 2.0, 180.0)
        self._run_s = self._reset_s = self._no_cooling_s = 0.0

    def step(self, dt_s: float, demand_m3_per_min: float) -> None:
        self._step_run(dt_s)
        self._step_air(dt_s, demand_m3_per_min)
        self._step_heat(dt_s)
        self._dew_point_cel.step(dt_s)
        rated = {Run.LOADED: LOAD_KW + 1.5 * (self.pressure_bar - 7.0), Run.UNLOADED: UNLOADED_KW}
        self.power_kw = max(0.0, rated.get(self.run, STANDBY_KW) + noise(self.rng, 0.05))
        self.energy_kwh += self.power_kw * dt_s / 3600
        self.running_h += dt_s / 3600 * (self.run in (Run.LOADED, Run.UNLOADED))
        self.loaded_h += dt_s / 3600 * (self.run is Run.LOADED)

    def readings(self) -> dict[str, Value]:
        rng = self.rng
        return {
            "state": int(self.run),
            "enabled": self.setpoints["enabled"],
            "pressure/actual": round(max(0.0, self.pressure_bar + noise(rng, 0.01)), 2),
            "pressure/setpoint": self.setpoints["pressure/setpoint"],
            "air/flow": round(max(0.0, self.flow_m3_per_min + noise(rng, 0.02)), 2),
            "oil/temperature": round(self.oil_cel + noise(rng, 0.2), 1),
            "discharge/temperature": round(self.discharge_cel + noise(rng, 0.2), 1),
            "dew_point": round(self._dew_point_cel.value + noise(rng, 0.1), 1),
            "motor/current": round(self.power_kw * 1000 / (3**0.5 * 400.0 * 0.86), 1),
            "power": round(self.power_kw, 2),
            "energy": int(self.energy_kwh),
            "hours/running": int(self.running_h),
            "hours/loaded": int(self.loaded_h),
            "alarm/high_temperature": self.discharge_cel > HOT_CEL,
            "alarm/low_pressure": self.pressure_bar < LOW_PRESSURE_BAR,
        }

    def _step_run(self, dt_s: float) -> None:
        self._run_s += dt_s
        stop_bar = self.setpoints.number("pressure/setpoint")
        call_for_air = self.pressure_bar < stop_bar - HYSTERESIS_BAR
        if self.discharge_cel > TRIP_CEL and self.run is not Run.FAULT:
            self._reset_s = self.rng.uniform(60.0, 120.0)
            self._enter(Run.FAULT)
        elif self.run is Run.FAULT:
            if self._run_s >= self._reset_s and self.discharge_cel < HOT_CEL:
                self._enter(Run.STOPPED)
        elif not self.setpoints["enabled"]:
            self._enter(Run.STOPPED)
        elif self.run is not Run.LOADED and call_for_air:
            self._enter(Run.LOADED)
        elif self.run is Run.LOADED and self.pressure_bar >= stop_bar:
            self._enter(Run.UNLOADED)
        elif self.run is Run.UNLOADED and self._run_s >= RUN_ON_S:
            self._enter(Run.STOPPED)

    def _enter(self, run: Run) -> None:
        if run is not self.run:
            self.run, self._run_s = run, 0.0

    def _step_air(self, dt_s: float, demand_m3_per_min: float) -> None:
        self.flow_m3_per_min = demand_m3_per_min * min(1.0, self.pressure_bar / 3.0)
        made = RATED_M3_PER_MIN if self.run is Run.LOADED else 0.0
        # Free air at 1 bar: one receiver volume more raises the pressure by 1 bar (isothermal).
        rise_bar = (made - self.flow_m3_per_min) / 60 * dt_s / RECEIVER_M3
        self.pressure_bar = clamp(self.pressure_bar + rise_bar, 0.0, 10.0)

    def _step_heat(self, dt_s: float) -> None:
        self._no_cooling_s = max(0.0, self._no_cooling_s - dt_s)
        if happens(self.rng, 7200.0, dt_s):
            self._no_cooling_s = self.rng.uniform(120.0, 300.0)
        warm = {Run.LOADED: 72.0, Run.UNLOADED: 62.0}.get(self.run, AMBIENT_CEL)
        if self._no_cooling_s and warm > AMBIENT_CEL:
            warm += 55.0
        self.oil_cel = lag(self.oil_cel, warm, 150.0, dt_s)
        self.discharge_cel = lag(
            self.discharge_cel, self.oil_cel + (12.0 if self.run is Run.LOADED else 3.0), 20.0, dt_s
        )

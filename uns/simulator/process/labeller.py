"""A hot-glue labeller: label reel, web tension, glue temperature, label position."""

from random import Random

from uns.simulator.process.conveyor import Conveyor
from uns.simulator.process.machine import Machine, Rating
from uns.simulator.process.physics import Drift, Value, clamp, happens, lag, noise

REEL_LABELS = 20_000
LOW_LABELS_PCT = 10.0
REEL_CHANGE_S = 40.0
GLUE_CEL, GLUE_TOLERANCE_CEL = 150.0, 8.0


class Labeller(Machine):
    """Holds while a person changes the reel, and while the glue is too cold."""

    rating = Rating(speed=430.0, max_speed=520.0, standby_kw=3.5, load_kw=5.0, reject_share=0.003)

    def __init__(self, infeed: Conveyor, outfeed: Conveyor, rng: Random, good: int = 0) -> None:
        super().__init__(infeed, outfeed, rng, good)
        self.reel_pct = rng.uniform(30.0, 95.0)
        self.glue_cel = GLUE_CEL
        self._tension_n = Drift(rng, 18.0, 4.0, 30.0)
        self._position_mm = Drift(rng, 0.0, 0.9, 45.0)
        self._used_labels = self.good + self.rejected
        self._reel_change_s = self._heater_off_s = 0.0

    def step_physics(self, dt_s: float) -> None:
        used = self.good + self.rejected
        self.reel_pct = max(0.0, self.reel_pct - 100.0 * (used - self._used_labels) / REEL_LABELS)
        self._used_labels = used
        self._change_reel(dt_s)
        self._heater_off_s = max(0.0, self._heater_off_s - dt_s)
        if happens(self.rng, 3600.0, dt_s):
            self._heater_off_s = self.rng.uniform(30.0, 90.0)
        self.glue_cel = lag(self.glue_cel, 40.0 if self._heater_off_s else GLUE_CEL, 400.0, dt_s)
        self._tension_n.step(dt_s)
        self._position_mm.step(dt_s)

    def supply_missing(self) -> bool:
        return self._reel_change_s > 0 or self.glue_cel < GLUE_CEL - 2 * GLUE_TOLERANCE_CEL

    def readings(self) -> dict[str, Value]:
        rng = self.rng
        return super().readings() | {
            "count/rejected": self.rejected,
            "glue/temperature": round(self.glue_cel + noise(rng, 0.3), 1),
            "web/tension": round(max(0.0, self._tension_n.value * min(1.0, self.load) + noise(rng, 0.1)), 2),
            "reel/remaining": round(clamp(self.reel_pct, 0.0, 100.0), 1),
            "position_error": round(self._position_mm.value + noise(rng, 0.03), 2),
            "alarm/low_labels": self.reel_pct < LOW_LABELS_PCT,
            "alarm/glue_temperature": abs(self.glue_cel - GLUE_CEL) > GLUE_TOLERANCE_CEL,
        }

    def _change_reel(self, dt_s: float) -> None:
        if self._reel_change_s > 0:
            self._reel_change_s = max(0.0, self._reel_change_s - dt_s)
            if self._reel_change_s == 0:
                self.reel_pct = 100.0
        elif self.reel_pct < 0.5:
            self._reel_change_s = REEL_CHANGE_S

"""A rotary filler: product from a chilled, pressurised bowl into half-litre bottles."""

from random import Random

from uns.simulator.process.conveyor import Conveyor
from uns.simulator.process.machine import AMBIENT_CEL, Machine, Rating
from uns.simulator.process.physics import Drift, Value, clamp, happens, lag, noise

BOTTLE_L = 0.5
LOW_LEVEL_PCT, HOLD_LEVEL_PCT, RESUME_LEVEL_PCT = 40.0, 25.0, 50.0
WARM_PRODUCT_CEL = 9.0


class Filler(Machine):
    """The first machine of a line. Its infeed is the depalletiser, which now and then has nothing to give."""

    rating = Rating(speed=400.0, max_speed=480.0, standby_kw=4.0, load_kw=14.0, reject_share=0.004)

    def __init__(self, outfeed: Conveyor, rng: Random, good: int = 0) -> None:
        super().__init__(None, outfeed, rng, good)
        self.product_cel, self.level_pct = 5.0, 65.0
        self._chiller = Drift(rng, 4.5, 1.2, 240.0)
        self._bowl_bar = Drift(rng, 2.6, 0.25, 60.0)
        self._no_bottles_s = self._no_product_s = self._broken_wire_s = 0.0
        self._holding = False

    def _sense_line(self, dt_s: float) -> None:
        super()._sense_line(dt_s)
        self._no_bottles_s = max(0.0, self._no_bottles_s - dt_s)
        if happens(self.rng, 900.0, dt_s):
            self._no_bottles_s = self.rng.uniform(8.0, 30.0)
        self.starved = self._no_bottles_s > 0

    def step_physics(self, dt_s: float) -> None:
        self._no_product_s = max(0.0, self._no_product_s - dt_s)
        if happens(self.rng, 1800.0, dt_s):
            self._no_product_s = self.rng.uniform(15.0, 40.0)
        drawn_pct = 1.6 * self.load * dt_s
        supply_pct = (
            0.0 if self._no_product_s else clamp(0.3 * (65.0 - self.level_pct) + 1.6 * self.load, 0.0, 4.0) * dt_s
        )
        self.level_pct = clamp(self.level_pct + supply_pct - drawn_pct, 0.0, 100.0)
        chilled = self._chiller.step(dt_s)
        fresh = self.load > 0.05
        # Product that stands still takes on the temperature of the hall, slowly.
        self.product_cel = lag(self.product_cel, chilled if fresh else AMBIENT_CEL, 90.0 if fresh else 1800.0, dt_s)
        self._bowl_bar.step(dt_s)
        self._broken_wire_s = max(0.0, self._broken_wire_s - dt_s)
        if happens(self.rng, 2400.0, dt_s):
            self._broken_wire_s = self.rng.uniform(8.0, 20.0)

    def supply_missing(self) -> bool:
        self._holding = self.level_pct < (RESUME_LEVEL_PCT if self._holding else HOLD_LEVEL_PCT)
        return self._holding

    def failed_sensors(self) -> set[str]:
        return {"temperature"} if self._broken_wire_s else set()

    def readings(self) -> dict[str, Value]:
        rng = self.rng
        return super().readings() | {
            "count/rejected": self.rejected,
            "temperature": round(self.product_cel + noise(rng, 0.08), 2),
            "bowl/level": round(clamp(self.level_pct + noise(rng, 0.3), 0.0, 100.0), 1),
            "bowl/pressure": round(self._bowl_bar.value + noise(rng, 0.01), 3),
            "flow": round(max(0.0, self.speed * BOTTLE_L * (1 + noise(rng, 0.004))), 1),
            "volume": round(1000 * BOTTLE_L + noise(rng, 0.8), 1),
            "motor/current": round(2.0 + 24.0 * self.load + noise(rng, 0.15), 2),
            "motor/temperature": round(self.motor_cel + noise(rng, 0.15), 2),
            "alarm/low_level": self.level_pct < LOW_LEVEL_PCT,
            "alarm/over_temperature": self.product_cel > WARM_PRODUCT_CEL,
        }

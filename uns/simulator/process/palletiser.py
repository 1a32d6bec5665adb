"""A palletiser: layers of bottles onto pallets, lifted by an air-driven gripper, fetched by a fork lift."""

from random import Random

from uns.simulator.process.conveyor import Conveyor
from uns.simulator.process.machine import Machine, Rating
from uns.simulator.process.physics import Drift, Value, happens, lag, noise

LAYER_BOTTLES, PALLET_LAYERS = 80, 6
PALLET_BOTTLES = LAYER_BOTTLES * PALLET_LAYERS
OUTFEED_PALLETS = 5
GRIPPER_BAR, LOW_AIR_BAR, ENOUGH_AIR_BAR = 6.0, 4.5, 5.0


class Palletiser(Machine):
    """The last machine of a line. Blocked while finished pallets wait; holds while compressed air is low."""

    rating = Rating(speed=440.0, max_speed=540.0, standby_kw=3.0, load_kw=9.0, reject_share=0.0)

    def __init__(self, infeed: Conveyor, rng: Random, good: int = 0) -> None:
        super().__init__(infeed, None, rng, good)
        self.gripper_bar = GRIPPER_BAR
        self.air_bar = 7.0
        self._vibration = Drift(rng, 2.2, 1.0, 90.0)
        self._fetched = self.pallets
        self._holding = False

    @property
    def pallets(self) -> int:
        return self.good // PALLET_BOTTLES

    def _sense_line(self, dt_s: float) -> None:
        super()._sense_line(dt_s)
        waiting = self.pallets - self._fetched
        if waiting and happens(self.rng, 100.0, dt_s):
            self._fetched, waiting = self.pallets, 0
        self.blocked = waiting >= OUTFEED_PALLETS

    def step_physics(self, dt_s: float) -> None:
        self.gripper_bar = lag(self.gripper_bar, min(GRIPPER_BAR, self.air_bar), 2.0, dt_s)
        self._vibration.step(dt_s)

    def supply_missing(self) -> bool:
        self._holding = self.gripper_bar < (ENOUGH_AIR_BAR if self._holding else LOW_AIR_BAR)
        return self._holding

    def readings(self) -> dict[str, Value]:
        rng = self.rng
        return super().readings() | {
            "count/pallets": self.pallets,
            "layer": self.good % PALLET_BOTTLES // LAYER_BOTTLES + 1,
            "gripper/pressure": round(max(0.0, self.gripper_bar + noise(rng, 0.02)), 2),
            "motor/temperature": round(self.motor_cel + noise(rng, 0.15), 2),
            "vibration": round(max(0.0, 0.3 + self._vibration.value * min(1.2, self.load) + noise(rng, 0.05)), 2),
            "alarm/low_air": self.gripper_bar < LOW_AIR_BAR,
        }

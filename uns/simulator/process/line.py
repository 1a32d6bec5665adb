"""A packaging line: filler, capper, labeller and palletiser, joined by accumulation conveyors."""

from random import Random

from uns.simulator.process.capper import Capper
from uns.simulator.process.conveyor import Conveyor
from uns.simulator.process.filler import Filler
from uns.simulator.process.labeller import Labeller
from uns.simulator.process.machine import Machine
from uns.simulator.process.palletiser import Palletiser

CONVEYOR_BOTTLES, START_BOTTLES = 200, 50
CONVEYOR_KW = 3.0


class Line:
    """Starts running, as after `palletised` bottles; what is on the conveyors has been filled but not palletised."""

    def __init__(self, rng: Random, palletised: int) -> None:
        self.conveyors = [Conveyor(CONVEYOR_BOTTLES, START_BOTTLES) for _ in range(3)]
        to_capper, to_labeller, to_palletiser = self.conveyors
        self.filler = Filler(to_capper, rng, palletised + 3 * START_BOTTLES)
        self.capper = Capper(to_capper, to_labeller, rng, palletised + 2 * START_BOTTLES)
        self.labeller = Labeller(to_labeller, to_palletiser, rng, palletised + START_BOTTLES)
        self.palletiser = Palletiser(to_palletiser, rng, palletised)

    @property
    def machines(self) -> dict[str, Machine]:
        return {
            "filler": self.filler,
            "capper": self.capper,
            "labeller": self.labeller,
            "palletiser": self.palletiser,
        }

    @property
    def power_kw(self) -> float:
        return CONVEYOR_KW + sum(machine.power_kw for machine in self.machines.values())

    @property
    def air_m3_per_min(self) -> float:
        return 0.4 + 1.4 * self.palletiser.load + 0.5 * self.capper.load

    @property
    def steam_kg_per_h(self) -> float:
        """For the bottle washer, which follows the filler."""
        return 40.0 + 260.0 * self.filler.load

    def step(self, dt_s: float, air_bar: float) -> None:
        self.palletiser.air_bar = air_bar
        for machine in self.machines.values():
            machine.step(dt_s)

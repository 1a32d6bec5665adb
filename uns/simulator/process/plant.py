"""The whole plant: two packaging lines and the utilities that feed and measure them.

Tags are named `line1/filler/speed/actual`: line, cell, attribute path. The couplings are those of a real plant: the
lines draw air and steam, air that is low stops the palletisers, and the meters see the sum of what runs behind them.
"""

from random import Random
from typing import Protocol

from uns.simulator.process.boiler import Boiler
from uns.simulator.process.compressor import Compressor
from uns.simulator.process.line import Line
from uns.simulator.process.meter import Meter
from uns.simulator.process.physics import Value
from uns.simulator.process.setpoints import Rule, Setpoints, WriteRefused

BUILDING_KW = 12.0


class Equipment(Protocol):
    """Anything with tags."""

    def readings(self) -> dict[str, Value]: ...


class Plant:
    """Stepped by seconds; the same seed and steps give the same values. Steps of 0.1 to 1 s are sensible."""

    def __init__(self, rng: Random) -> None:
        self.lines = {"line1": Line(rng, 184_320), "line2": Line(rng, 161_760)}
        self.boiler, self.compressor = Boiler(rng), Compressor(rng)
        self.meter_main = Meter(rng, 180.0, 5_210_345_678_901)
        self.meters = {"line1": Meter(rng, 70.0, 812_345_678), "line2": Meter(rng, 70.0, 795_001_122)}
        self.equipment = self._name_equipment()
        self._setpoints = {
            name: setpoints
            for name, item in self.equipment.items()
            if isinstance(setpoints := getattr(item, "setpoints", None), Setpoints)
        }
        self.step(0.0)

    def step(self, dt_s: float) -> None:
        lines = self.lines.values()
        for line in lines:
            line.step(dt_s, self.compressor.pressure_bar)
        self.boiler.step(dt_s, 150.0 + sum(line.steam_kg_per_h for line in lines))
        self.compressor.step(dt_s, 1.2 + sum(line.air_m3_per_min for line in lines))
        for name, line in self.lines.items():
            self.meters[name].step(dt_s, line.power_kw)
        utilities_kw = BUILDING_KW + self.boiler.power_kw + self.compressor.power_kw
        self.meter_main.step(dt_s, utilities_kw + sum(line.power_kw for line in lines))

    def values(self) -> dict[str, Value]:
        """Every tag as its sensor reads it now; noise differs from call to call."""
        return {
            f"{name}/{path}": value for name, item in self.equipment.items() for path, value in item.readings().items()
        }

    def failed_sensors(self) -> set[str]:
        """Tags whose sensor is broken now; their value means nothing."""
        return {
            f"{line_name}/{cell}/{path}"
            for line_name, line in self.lines.items()
            for cell, machine in line.machines.items()
            for path in machine.failed_sensors()
        }

    def writable(self) -> dict[str, Rule]:
        """What each writable tag takes."""
        return {
            f"{name}/{path}": rule
            for name, setpoints in self._setpoints.items()
            for path, rule in setpoints.limits().items()
        }

    def check(self, tag: str, value: Value) -> None:
        """Raises WriteRefused when `write` would."""
        setpoints, path = self._find(tag)
        setpoints.check(path, value)

    def write(self, tag: str, value: Value) -> None:
        """Change a setpoint; raises WriteRefused when the tag is not writable or the value is out of its limits."""
        setpoints, path = self._find(tag)
        setpoints.write(path, value)

    def _find(self, tag: str) -> tuple[Setpoints, str]:
        line, _, rest = tag.partition("/")
        cell, _, path = rest.partition("/")
        setpoints = self._setpoints.get(f"{line}/{cell}")
        if setpoints is None:
            raise WriteRefused(f"'{tag}' is not writable.")
        return setpoints, path

    def _name_equipment(self) -> dict[str, Equipment]:
        named: dict[str, Equipment] = {}
        for line_name, line in self.lines.items():
            named |= {f"{line_name}/{cell}": machine for cell, machine in line.machines.items()}
        named |= {"energy/boiler1": self.boiler, "energy/compressor1": self.compressor}
        named |= {f"energy/meter_{name}": meter for name, meter in self.meters.items()}
        return named | {"energy/meter_main": self.meter_main}

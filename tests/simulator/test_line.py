"""A line conserves bottles, its machines stop and restart each other, and setpoints are honoured."""

from random import Random

import pytest

from uns.simulator.process.conveyor import Conveyor
from uns.simulator.process.line import Line
from uns.simulator.process.states import State

DT_S = 0.5


@pytest.fixture
def line():
    return Line(Random(5), palletised=10_000)


def run(line: Line, seconds: float, air_bar: float = 7.0) -> None:
    for _ in range(int(seconds / DT_S)):
        line.step(DT_S, air_bar)


def run_until(line: Line, condition, within_s: float = 900.0, air_bar: float = 7.0) -> None:
    for _ in range(int(within_s / DT_S)):
        line.step(DT_S, air_bar)
        if condition():
            return
    pytest.fail(f"not within {within_s} s")


def test_no_bottle_is_lost_or_made(line):
    for _ in range(2 * 3600 * 2):
        line.step(DT_S, 7.0)
        pairs = zip(line.conveyors, list(line.machines.values())[1:], list(line.machines.values()), strict=False)
        for conveyor, taker, giver in pairs:
            assert giver.good == taker.good + taker.rejected + conveyor.bottles
            assert 0 <= conveyor.bottles <= conveyor.capacity
        assert line.filler.good >= line.capper.good >= line.labeller.good >= line.palletiser.good
    assert line.palletiser.good > 10_000 + 20_000  # and it did work


def test_a_stopped_capper_blocks_the_filler_and_starves_the_labeller(line):
    line.capper.setpoints.write("speed/setpoint", 0.0)
    run_until(line, lambda: line.filler.blocked and line.labeller.starved)
    run_until(line, lambda: line.filler.state is State.SUSPENDED and line.labeller.state is State.SUSPENDED)
    filled = line.filler.good
    run_until(line, lambda: line.filler.speed == 0)
    run(line, 30)
    assert line.filler.good - filled < 60  # what it ran on while slowing down
    assert line.capper.state is State.STOPPED


def test_the_line_restarts_with_the_capper(line):
    line.capper.setpoints.write("speed/setpoint", 0.0)
    run(line, 120)
    palletised = line.palletiser.good
    line.capper.setpoints.write("speed/setpoint", 420.0)
    run_until(line, lambda: all(machine.state is State.EXECUTE for machine in line.machines.values()))
    run_until(line, lambda: line.palletiser.good > palletised + 500)


def test_the_filler_runs_at_its_setpoint(line):
    line.filler.setpoints.write("speed/setpoint", 200.0)
    run_until(line, lambda: line.filler.speed == 200.0)
    assert line.filler.readings()["speed/setpoint"] == 200.0
    assert line.filler.readings()["speed/actual"] == pytest.approx(200.0, abs=2)


def test_speed_ramps_instead_of_jumping(line):
    run_until(line, lambda: line.filler.speed == 400.0)
    line.filler.setpoints.write("speed/setpoint", 300.0)
    line.step(DT_S, 7.0)
    assert line.filler.speed == pytest.approx(400.0 - line.filler.rating.acceleration_per_s * DT_S)


def test_low_air_holds_the_palletiser_until_it_is_back(line):
    run_until(line, lambda: line.palletiser.state is State.HELD, air_bar=3.0)
    assert line.palletiser.readings()["alarm/low_air"] is True
    run_until(line, lambda: line.palletiser.state is State.EXECUTE, air_bar=7.0)
    assert line.palletiser.readings()["alarm/low_air"] is False


def test_a_fault_is_cleared_and_the_machine_restarts(line):
    run_until(line, lambda: line.labeller.state is State.ABORTED, within_s=20_000)
    assert line.labeller.readings()["alarm/fault"] is True
    seen = []

    def executes() -> bool:
        if line.labeller.state not in seen:
            seen.append(line.labeller.state)
        return line.labeller.state is State.EXECUTE

    run_until(line, executes)
    assert seen[:5] == [State.ABORTED, State.CLEARING, State.STOPPED, State.STARTING, State.EXECUTE]


def test_energy_is_the_integral_of_power(line):
    for machine in line.machines.values():
        before, added = machine.energy_kwh, 0.0
        for _ in range(2000):
            machine.step(DT_S)
            added += machine.power_kw * DT_S / 3600
        assert machine.energy_kwh - before == pytest.approx(added, rel=1e-9)


def test_a_conveyor_refuses_what_does_not_fit_or_is_not_there():
    conveyor = Conveyor(10, 8)
    with pytest.raises(ValueError, match="room for 2"):
        conveyor.put(3)
    with pytest.raises(ValueError, match="8 are there"):
        conveyor.take(9)
    assert conveyor.bottles == 8

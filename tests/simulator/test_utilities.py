"""Boiler, compressor and meters follow their setpoints and their loads."""

from itertools import pairwise
from random import Random

import pytest

from uns.simulator.process.boiler import Boiler, Burner, saturation_cel
from uns.simulator.process.compressor import Compressor, Run
from uns.simulator.process.meter import Meter

DT_S = 0.5


def steps(seconds: float) -> range:
    return range(int(seconds / DT_S))


@pytest.mark.parametrize(("gauge_bar", "cel"), [(0.0, 100.0), (4.0, 152.1), (8.0, 175.6), (10.0, 184.3)])
def test_steam_is_saturated(gauge_bar, cel):
    """Against the steam tables (IAPWS-IF97)."""
    assert saturation_cel(gauge_bar) == pytest.approx(cel, abs=1.0)


@pytest.mark.parametrize("wanted_bar", [5.0, 9.5])
def test_the_boiler_holds_the_pressure_that_is_asked_for(wanted_bar):
    boiler = Boiler(Random(1))
    boiler.setpoints.write("pressure/setpoint", wanted_bar)
    pressures = []
    for _ in steps(3600):
        boiler.step(DT_S, 700.0)
        if boiler.burner is not Burner.LOCKOUT:
            pressures.append(boiler.pressure_bar)
    late = sorted(pressures[len(pressures) // 2 :])
    assert late[len(late) // 2] == pytest.approx(wanted_bar, abs=0.5)


def test_the_burner_purges_and_ignites_before_it_fires():
    boiler, seen = Boiler(Random(1)), []
    for _ in steps(3600):
        boiler.step(DT_S, 100.0)
        if not seen or seen[-1] is not boiler.burner:
            seen.append(boiler.burner)
    for before, after in pairwise(seen):
        assert after is not Burner.FIRING or before is Burner.IGNITION
        assert after is not Burner.IGNITION or before is Burner.PURGE
    assert seen.count(Burner.FIRING) > 1


def test_without_steam_demand_the_safety_valve_never_has_to_hold_more_than_12_bar():
    boiler = Boiler(Random(1))
    boiler.setpoints.write("pressure/setpoint", 10.0)
    for _ in steps(3600):
        boiler.step(DT_S, 0.0)
        assert boiler.pressure_bar < 11.2


def test_the_compressor_cycles_between_its_two_pressures():
    compressor, turns = Compressor(Random(1)), []
    for _ in steps(1800):
        before = compressor.run
        compressor.step(DT_S, 5.0)
        if before is not compressor.run:
            turns.append((compressor.run, compressor.pressure_bar))
    assert len(turns) > 10
    for run, bar in turns:
        assert bar == pytest.approx(7.5 if run is Run.UNLOADED else 6.8, abs=0.05)


def test_a_disabled_compressor_stops_and_the_pressure_falls_until_it_is_enabled():
    compressor = Compressor(Random(1))
    compressor.setpoints.write("enabled", False)
    for _ in steps(300):
        compressor.step(DT_S, 5.0)
    assert compressor.run is Run.STOPPED
    assert compressor.readings()["alarm/low_pressure"] is True
    compressor.setpoints.write("enabled", True)
    for _ in steps(600):
        compressor.step(DT_S, 5.0)
    assert compressor.readings()["alarm/low_pressure"] is False


def test_without_demand_the_compressor_stops_after_its_run_on_time():
    compressor = Compressor(Random(1))
    for _ in steps(600):
        compressor.step(DT_S, 0.0)
    assert compressor.run is Run.STOPPED


def test_phase_currents_carry_the_load_and_energy_counts_it():
    meter = Meter(Random(1), rated_kw=70.0, energy_wh=1000)
    for _ in steps(3600):
        meter.step(DT_S, 42.0)
    readings = meter.readings()
    carried_kw = sum(readings[f"voltage/{p}"] * readings[f"current/{p}"] for p in ("l1", "l2", "l3")) / 1000
    assert carried_kw * readings["power_factor"] == pytest.approx(42.0, rel=0.02)
    assert readings["power/apparent"] == pytest.approx(carried_kw, rel=0.02)
    assert readings["power/active"] ** 2 + readings["power/reactive"] ** 2 == pytest.approx(
        readings["power/apparent"] ** 2, rel=0.01
    )
    assert readings["energy/active"] == pytest.approx(43_000, abs=1)


@pytest.mark.parametrize(("load_kw", "alarm"), [(69.0, False), (71.0, True)])
def test_overload_is_told(load_kw, alarm):
    meter = Meter(Random(1), rated_kw=70.0, energy_wh=0)
    meter.step(DT_S, load_kw)
    assert meter.readings()["alarm/overload"] is alarm

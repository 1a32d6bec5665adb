"""Hours of the whole plant, fast: every value keeps its contract, counters count up, and nothing falsely looks dead."""

import math
from collections import defaultdict
from itertools import groupby, pairwise
from random import Random

import pytest

from tests.simulator.plant_files import attributes
from uns.registry import compile_check
from uns.samples import Quality, Sample, encode_sample
from uns.simulator.process.plant import Plant
from uns.simulator.process.setpoints import Limits, WriteRefused
from uns.simulator.run import STEP_S

HOURS = 3
POLL_STEPS = 2  # what Modbus polls each second
COUNTERS = ("count/", "energy", "gas/volume", "hours/")


@pytest.fixture(scope="module")
def series():
    """Tag to its values, one per step; the setpoints are moved to their ends now and then."""
    plant, rng, series = Plant(Random(11)), Random(12), defaultdict(list)
    for step in range(int(HOURS * 3600 / STEP_S)):
        if step > 7200 and step % 1800 == 0:
            for tag, rule in plant.writable().items():
                plant.write(tag, rng.uniform(rule.low, rule.high) if isinstance(rule, Limits) else True)
        plant.step(STEP_S)
        for tag, value in plant.values().items():
            series[tag].append(value)
    return series


def test_every_value_keeps_its_contract(series):
    assert set(series) == set(attributes())
    for tag, values in series.items():
        check = compile_check(attributes()[tag])
        extremes = set(values) if isinstance(values[0], bool | str) else {min(values), max(values), *values[::500]}
        for value in extremes:
            assert check(encode_sample(Sample(value, Quality.GOOD, 0))) is None, f"{tag}: {value}"


def test_a_tag_keeps_its_type_and_is_finite(series):
    for tag, values in series.items():
        assert len({type(value) for value in values}) == 1, tag
        assert isinstance(values[0], str) or all(map(math.isfinite, values)), tag


def test_counters_never_go_back(series):
    for tag, values in series.items():
        if tag.split("/", 2)[2].startswith(COUNTERS):
            assert all(before <= after for before, after in pairwise(values)), tag
            assert values[-1] > values[0], tag


def test_everything_moves_except_what_only_people_or_rare_events_change(series):
    still = {tag.split("/", 2)[2] for tag, values in series.items() if len(set(values)) == 1}
    assert {path for path in still if not path.startswith("alarm/")} <= {"enabled"}


def test_all_machine_states_are_seen(series):
    declared = set(attributes()["line1/filler/state"].enum)
    assert {state for tag, values in series.items() if tag.endswith("/state") for state in values} >= declared


def test_a_value_with_max_age_is_reported_before_it_is_stale(series):
    """Report by exception with the deadband of the model: the longest silence stays below max_age."""
    aged = {tag: attribute for tag, attribute in attributes().items() if attribute.max_age_ms}
    assert len(aged) > 50
    for tag, attribute in aged.items():
        stride = POLL_STEPS if tag.startswith("energy/") else 1
        deadband = attribute.deadband or 0
        silence_s = _longest_silence_s(series[tag][::stride], deadband, stride * STEP_S)
        assert silence_s * 1000 < attribute.max_age_ms, tag


def _longest_silence_s(values: list[float], deadband: float, interval_s: float) -> float:
    longest, since, reported = 0, 0, values[0]
    for value in values[1:]:
        since += 1
        longest = max(longest, since)
        if abs(value - reported) > deadband:
            since, reported = 0, value
    return longest * interval_s


def test_the_same_seed_gives_the_same_plant():
    def history(seed: int) -> list[dict]:
        plant = Plant(Random(seed))
        return [plant.step(STEP_S) or plant.values() for _ in range(200)]

    assert history(3) == history(3)
    assert history(3) != history(4)


def test_the_main_meter_sees_the_sum_of_what_runs():
    plant = Plant(Random(1))
    for _ in range(100):
        plant.step(STEP_S)
        behind = sum(line.power_kw for line in plant.lines.values()) + plant.boiler.power_kw + plant.compressor.power_kw
        assert plant.meter_main.power_kw == pytest.approx(behind + 12.0)


def test_without_compressed_air_the_lines_stop_and_they_come_back_with_it():
    plant = Plant(Random(1))
    plant.write("energy/compressor1/enabled", False)
    for _ in range(1200):
        plant.step(STEP_S)
    held = plant.values()
    assert held["line1/palletiser/state"] == held["line2/palletiser/state"] == "held"
    assert held["line1/palletiser/alarm/low_air"] is True
    plant.write("energy/compressor1/enabled", True)
    for _ in range(1200):
        plant.step(STEP_S)
    assert plant.values()["line1/palletiser/alarm/low_air"] is False


def test_a_broken_sensor_is_told_and_heals():
    plant = Plant(Random(1))
    steps = [plant.step(STEP_S) or frozenset(plant.failed_sensors()) for _ in range(7200)]
    told = set().union(*steps)
    assert told
    assert told <= {"line1/filler/temperature", "line2/filler/temperature"}
    assert steps[-1] == frozenset()
    longest = max(len(list(same)) for failed, same in groupby(steps) if failed)
    assert 8 <= longest * STEP_S <= 21


def test_writable_is_what_the_models_say():
    rules = Plant(Random(1)).writable()
    declared = {tag: attribute for tag, attribute in attributes().items() if attribute.writable}
    assert set(rules) == set(declared)
    for tag, rule in rules.items():
        if isinstance(rule, Limits):
            assert (rule.low, rule.high) == (declared[tag].min, declared[tag].max), tag


@pytest.mark.parametrize(
    "tag", ["line1/filler/temperature", "energy/meter_main/energy/active", "line9/filler/x", "nonsense"]
)
def test_other_tags_are_not_writable(tag):
    with pytest.raises(WriteRefused, match="not writable"):
        Plant(Random(1)).write(tag, 1.0)

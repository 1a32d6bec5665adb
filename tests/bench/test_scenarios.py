"""Does every scenario run against a real server, and count what arrives? Nothing here says anything of speed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import scenarios
from bench.brokers import PLANT, Uns
from bench.governed import prove_governed
from bench.scenario import Effort, NotGoverned
from bench.scenarios import SCENARIOS
from tests.support.running import clean_environment
from uns.app.settings import MqttSettings

ROOT = Path(__file__).parents[2]
OPEN_LOOP = {"bulk", "open", "sparkplug", "subscriptions"}
"""QoS 0 as fast as it goes: here a broker may shed, and the loss stands beside the rate."""


@pytest.fixture(scope="module")
def smoke() -> dict[str, Any]:
    """The JSON of one run with tiny numbers, by the name of the scenario."""
    command = [sys.executable, "-m", "tests.bench.smoke"]
    run = subprocess.run(
        command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    return {scenario["name"]: scenario for scenario in json.loads(run.stdout)["scenarios"]}


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS if not scenario.large])
def test_a_scenario_yields_a_figure_and_counts_its_losses(name: str, smoke: dict[str, Any]) -> None:
    ours = smoke[name]["brokers"]["uns-platform"]
    (taken,) = ours["rounds"]
    assert ours["missing"] == ""
    assert taken["value"] > 0 or name == "idle"  # so few connections may fit into memory that is there already
    assert 0 < taken["arrived"] <= taken["sent"]
    if name not in OPEN_LOOP:
        assert taken["arrived"] == taken["sent"]


@pytest.mark.skipif("durability" not in MqttSettings.model_fields, reason="retained messages are in memory only")
def test_retained_messages_are_counted_after_a_kill(tmp_path: Path) -> None:
    (million,) = scenarios.million.SCENARIOS
    taken = million.run(Uns(), tmp_path, Effort(scale=0.002))
    assert taken.arrived == taken.sent == 2000


def test_a_broker_that_lets_bad_messages_pass_is_found_out(tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    shutil.copytree(PLANT, plant)
    namespace = plant / "namespace.yaml"
    namespace.write_text(namespace.read_text().replace("mode: reject", "mode: observe"))
    with Uns(plant).running(tmp_path) as running, pytest.raises(NotGoverned, match="contract"):
        prove_governed(running.port)


def test_the_command_names_the_scenarios_it_knows() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bench", "bluk"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 2
    assert "no scenario 'bluk' (known: bulk, open," in run.stderr

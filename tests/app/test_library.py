"""The models to start from: valid, sampled, and copied into a plant with their parts."""

from pathlib import Path

import pytest

from uns.app.golden import run_cases
from uns.app.init import init_plant
from uns.app.library import LIBRARY, add_model, library_models
from uns.app.plant import load_plant
from uns.errors import UnsError

PLANT = load_plant(LIBRARY, {})
CASES = run_cases(PLANT, {})
REFS = [model.ref for model in library_models()]


def test_the_library_is_a_plant_without_problems() -> None:
    assert PLANT.problems == ()
    assert sorted(node.model for node in PLANT.namespace.nodes() if node.model) == REFS


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}-{case.name}")
def test_every_sample_gets_what_it_expects(case) -> None:
    assert case.finding is None


@pytest.mark.parametrize("ref", REFS)
def test_every_model_has_samples_of_both_kinds_and_stands_in_the_readme(ref: str) -> None:
    folder = f"models/{ref.replace('@', '.v')}/"
    assert {case.file.removeprefix(folder).split("/")[0] for case in CASES if case.file.startswith(folder)} == {
        "valid",
        "invalid",
    }
    assert f"(models/{ref.replace('@', '.v')}.yaml)" in (LIBRARY / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("ref", REFS)
def test_every_value_is_described(ref: str) -> None:
    model = PLANT.registry.get(ref)
    assert model is not None
    assert model.description
    assert [path for path, attribute in model.attributes.items() if not attribute.description] == []


def test_a_model_comes_with_its_parts_and_samples(tmp_path: Path) -> None:
    init_plant(tmp_path)
    written = {path.relative_to(tmp_path).as_posix() for path in add_model("pump", tmp_path)}
    assert {"models/pump.v1.yaml", "models/motor.v1.yaml", "models/equipment.v1.yaml"} < written
    plant = load_plant(tmp_path, {})
    assert plant.errors == []
    assert all(case.finding is None for case in run_cases(plant, {}))
    assert add_model("pump@1", tmp_path) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    init_plant(tmp_path)
    (tmp_path / "models/motor.v1.yaml").write_text("model: motor\n")
    with pytest.raises(UnsError, match=r"plant\.exists"):
        add_model("pump", tmp_path)
    assert not (tmp_path / "models/pump.v1.yaml").exists()


def test_an_unknown_model_has_its_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnsError, match="Did you mean 'pump'"):
        add_model("pmp", tmp_path)

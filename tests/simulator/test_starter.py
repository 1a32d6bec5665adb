"""The directory that `uns init` copies is valid, teaches with true examples, and needs no device."""

import shutil
from importlib import resources

import pytest
import yaml

from adapters.modbus.registers import parse_register
from tests.simulator.plant_files import PLATFORM_KEYS
from uns.app.plant import load_plant
from uns.policy import parse_access, parse_namespace
from uns.registry import Model, Registry, parse_model

ROOT = resources.files("uns.app") / "starter"
ASSET = "my-company/my-site/my-area/my-line/mixer"


def document(*path: str):
    return yaml.safe_load(ROOT.joinpath(*path).read_text("utf-8"))


@pytest.fixture(scope="module")
def model() -> Model:
    model = parse_model(document("models", "mixer.v1.yaml"))
    assert isinstance(model, Model), model
    return model


def test_namespace_and_access_are_valid(model):
    namespace, findings = parse_namespace(document("namespace.yaml"), Registry([model]))
    assert findings == []
    assert namespace.describe(f"{ASSET}/temperature").attribute is model.attributes["temperature"]
    access, findings = parse_access(document("access.yaml"))
    assert findings == []
    assert access.anonymous.origin == "loopback"


def test_uns_check_finds_nothing():
    with resources.as_file(ROOT) as directory:
        assert load_plant(directory, {}).problems == ()


@pytest.mark.parametrize("name", ["mixer-opcua.yaml.example", "mixer-modbus.yaml.example"])
def test_uns_check_finds_nothing_once_an_example_is_copied(tmp_path, name):
    with resources.as_file(ROOT) as directory:
        shutil.copytree(directory, tmp_path / "plant")
    sources = tmp_path / "plant" / "sources"
    (sources / name).rename(sources / "mixer.yaml")
    plant = load_plant(tmp_path / "plant", {})
    assert plant.problems == ()
    assert [source.name for source in plant.sources] == ["mixer"]


def test_it_runs_without_any_device():
    assert all(file.name.endswith(".yaml.example") for file in (ROOT / "sources").iterdir())


@pytest.mark.parametrize("name", ["mixer-opcua.yaml.example", "mixer-modbus.yaml.example"])
def test_the_example_sources_fit_the_model(model, name):
    source = document("sources", name)
    assert source["edge"] == "my-company:my-site:my-area/my-line"
    assert set(source["devices"]["mixer"]) <= set(model.attributes)
    for address in source["devices"]["mixer"].values():
        keys = {key: value for key, value in address.items() if key not in PLATFORM_KEYS}
        assert "node" in keys or parse_register(keys)[1] == []


def test_the_topics_of_the_readme_are_those_of_the_files():
    assert f"{ASSET}/temperature " in (ROOT / "README.md").read_text("utf-8")

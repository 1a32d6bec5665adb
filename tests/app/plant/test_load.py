"""Plant directories, good and broken: each folder below cases/ lists in expected.txt what is wrong with it."""

import importlib.metadata
from pathlib import Path

import pytest

from uns.app.plant import Problem, load_plant
from uns.errors import Finding
from uns.simulator import __file__ as simulator

CASES = Path(__file__).parent / "cases"
ENVIRON = {"NAME": "From the environment", "PORT": ""}
NAMES = sorted(path.parent.name for path in CASES.glob("*/expected.txt"))


def line(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    return f"{place} {problem.severity} {problem.finding.id}"


@pytest.mark.parametrize("name", NAMES)
def test_every_problem_is_found_at_its_place(name: str) -> None:
    plant = load_plant(CASES / name, ENVIRON)
    assert [line(problem) for problem in plant.problems] == (CASES / name / "expected.txt").read_text().splitlines()


def test_a_good_plant_is_read_whole() -> None:
    plant = load_plant(CASES / "good", {"PLANT_HOST": "10.0.0.5", "UNS_HTTP_PORT": "8090"})
    assert plant.problems == ()
    assert (plant.settings.mqtt.port, plant.settings.http.port) == (1884, 8090)
    assert plant.registry.names() == ["filler@2", "motor@1"]
    assert plant.registry.attributes("filler@2")["state"].enum == ("on", "off", "no")
    assert [source.endpoint for source in plant.sources] == ["tcp://10.0.0.5:5020"]
    assert plant.access.anonymous is not None
    assert plant.record_filters == ["acme/#"]
    rule = plant.admission().rule("acme/ghent/packaging/line1/filler/motor/current")
    assert rule.topic_finding is None
    assert rule.check is not None


def test_a_broken_plant_keeps_what_could_be_read() -> None:
    plant = load_plant(CASES / "wrong_values", {})
    assert plant.settings.mqtt.host == "127.0.0.1"
    assert plant.settings.history.record == []
    assert [node.path for node in plant.namespace.nodes()] == ["acme", "acme/Ghent", "acme/lyon"]
    assert plant.namespace.open_filters == ("acme/+/_raw/#",)
    assert len(plant.errors) == len(plant.problems)


def test_the_adapter_checks_its_own_configuration() -> None:
    """The finding is the adapter's; the place is ours."""
    plant = load_plant(CASES / "adapter_check", {})
    assert [(problem.file, problem.line, problem.severity) for problem in plant.problems] == [
        ("sources/line1.yaml", 7, "error")
    ]
    assert "holdng" in plant.problems[0].finding.what


def test_a_problem_reads_as_compilers_write_them() -> None:
    plant = load_plant(CASES / "unknown_keys", {})
    assert str(next(problem for problem in plant.problems if problem.line == 3)) == (
        "uns.yaml:3:3: error plant.unknown_key: 'hots' is not a setting here (known: "
        + ", ".join(type(plant.settings.mqtt).model_fields)
        + "). Did you mean 'host'?"
    )
    assert str(Problem(Finding(id="plant.x", what="y."), "a.yaml", severity="warning")) == "a.yaml: warning plant.x: y."


def test_an_unreadable_environment_value_is_a_problem_of_the_environment() -> None:
    plant = load_plant(CASES / "good", {"UNS_MQTT_PORT": "mqtt"})
    assert [(problem.file, problem.finding.where) for problem in plant.problems] == [("environment", "UNS_MQTT_PORT")]
    assert plant.settings.mqtt.port == 1884


def test_the_plant_of_the_demo_is_valid() -> None:
    plant = load_plant(Path(simulator).parent / "plant", {})
    assert [str(problem) for problem in plant.problems] == []
    assert len(list(plant.namespace.attribute_topics())) > 100


def test_known_adapters_come_from_entry_points() -> None:
    assert {"modbus", "opcua"} <= {point.name for point in importlib.metadata.entry_points(group="uns.adapters")}

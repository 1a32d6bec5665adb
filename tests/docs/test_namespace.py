"""The examples of docs/namespace.md: each is read, and says what the text beside it claims."""

import re
from pathlib import Path

import pytest

from uns.app.golden import run_cases
from uns.app.plant import Plant, load_plant

PAGE = (Path(__file__).parents[2] / "docs/namespace.md").read_text(encoding="utf-8")
MODEL = "model: filler\nversion: 1\nattributes:\n  level: {type: number, max: 100}\n"


def example(heading: str, language: str) -> str:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


def plant(directory: Path, namespace: str, **files: str) -> Plant:
    written = {"namespace.yaml": namespace, "access.yaml": 'roles: {plc: {publish: ["acme/#"]}}\n', **files}
    for name, text in written.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    loaded = load_plant(directory, {})
    assert loaded.problems == ()
    return loaded


def test_levels_and_names(tmp_path: Path) -> None:
    found = plant(tmp_path, example("Levels and names", "yaml")).namespace
    described = found.describe("acme/ghent/packaging/line2/filler/valve1")
    assert (described.level, described.owner, described.classification) == ("level 6", "operations", ("internal",))
    assert not found.naming.permits("site", "paris")
    assert not found.naming.permits("line", "line100")


def test_forty_equal_lines(tmp_path: Path) -> None:
    found = plant(tmp_path, example("Forty equal lines are one entry", "yaml")).namespace
    assert len(list(found.nodes())) == 1 + 12 * 5 + 1
    assert [found.describe(f"acme/line{n}/stationb-2").owner for n in (2, 3)] == ["packaging", "pilot-plant"]


@pytest.mark.parametrize(
    ("name", "owner"), [("agv-17", "logistics"), ("cart-ab", "logistics"), ("agv-0", "test-bench"), ("truck-1", "")]
)
def test_names_nobody_knows_before(tmp_path: Path, name: str, owner: str) -> None:
    found = plant(tmp_path, example("Names nobody knows before", "yaml")).namespace
    assert found.describe(f"acme/{name}").owner == owner


def test_equipment_in_a_table(tmp_path: Path) -> None:
    table = example("Equipment in a table", "csv")
    found = plant(tmp_path, "tree: {acme: {line1: {}}}\n", **{"assets/a.csv": table}).namespace
    described = found.describe("acme/line2/filler")
    assert (described.owner, described.tags) == ("packaging", ("hot", "wet"))
    assert described.classification == ("internal", "restricted")


def test_golden_messages(tmp_path: Path) -> None:
    heading = "Does it accept and refuse what it should?"
    files = {
        "models/filler.v1.yaml": MODEL,
        "models/filler.v1/invalid/a.json": example(heading, "json"),
        "tests/a.yaml": example(heading, "yaml"),
    }
    cases = run_cases(plant(tmp_path, "tree: {acme: {line1: {filler: {model: filler@1}}}}\n", **files), {})
    assert [case.finding for case in cases] == [None] * 5

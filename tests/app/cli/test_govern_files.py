"""`uns lint`, `uns test`, `uns assets` and `uns schema`: what they print, and how they exit."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import SMALL_PLANT, Users
from tests.support.command import uns
from tests.support.running import RunningServer


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SMALL_PLANT, tmp_path / "plant"))


def test_lint_warns_and_fails_only_when_asked_to(plant: Path) -> None:
    (plant / "models/press.v1.yaml").write_text("model: press\nversion: 1\nattributes: {x: {type: number}}\n")
    result = uns("lint", str(plant), "-o", "table")
    assert result.code == 0
    assert f"{plant}/models/press.v1.yaml:1:1: warning lint.unused: no asset has the model press@1." in result.lines
    strict = uns("lint", str(plant), "--strict", "-o", "json")
    assert strict.code == 1
    assert "lint.unused" in {problem["id"] for problem in strict.json["problems"]}


def test_lint_of_a_directory_that_is_not_valid(plant: Path) -> None:
    (plant / "namespace.yaml").write_text("tree: 5\n")
    assert uns("lint", str(plant), "-o", "table").code == 5


def test_lint_finds_orphans_on_a_server(server: RunningServer, users: Users) -> None:
    env = users.env("ada") | {"UNS_SERVER": server.base_url}
    for topic in ("works/watched/lint/stray", "works/free/lint"):
        assert uns("pub", topic, "5", "--retain", env=env).code == 0
    result = uns("lint", str(SMALL_PLANT), "--server", server.base_url, "-o", "json", env=env)
    assert result.code == 0, result.err
    found = [problem["what"] for problem in result.json["problems"] if problem["id"] == "lint.orphan"]
    assert "'works/watched/lint/stray' is retained, and nothing declares it." in found
    assert not any("works/free" in what for what in found)


def test_golden_messages_pass_or_fail(plant: Path) -> None:
    folder = plant / "models/mixer.v1/invalid"
    folder.mkdir(parents=True)
    sample = '{"attribute": "temperature", "payload": {"value": %s}, "expect": "payload.type"}'
    (folder / "a.json").write_text(sample % '"hot"')
    passed = uns("test", str(plant), "-o", "table")
    assert (passed.code, passed.out) == (0, f"{plant}: 1 message passed.\n")
    (folder / "a.json").write_text(sample % 20)
    failed = uns("test", str(plant), "-o", "table")
    assert failed.code == 1
    assert f"{folder}/a.json: a: golden.outcome: expected payload.type, got accepted" in failed.out
    assert failed.lines[-1] == f"{plant}: 1 of 1 message failed."
    assert uns("test", str(plant)).json["failed"] == 1


def test_assets_go_out_and_come_back(plant: Path) -> None:
    table = plant.parent / "table.csv"
    assert uns("assets", "export", str(plant), "--to", str(table)).code == 0
    assert uns("assets", "import", str(plant), str(table)).out == "Nothing changed.\n"
    table.write_text(table.read_text() + "nowhere/x,,,,,,\n")
    result = uns("assets", "import", str(plant), str(table))
    assert result.code == 5
    assert "namespace.parent" in result.err
    assert not (plant / "assets").exists()


def test_a_model_of_the_library_comes_into_the_plant(plant: Path) -> None:
    assert "pump@1" in {row["model"] for row in uns("schema", "library").json}
    assert str(plant / "models/motor.v1.yaml") in uns("schema", "add", "pump", str(plant)).json["files"]
    result = uns("schema", "add", "pmp", str(plant))
    assert result.code == 4
    assert '"nearest": "pump"' in result.err or "Did you mean 'pump'?" in result.err

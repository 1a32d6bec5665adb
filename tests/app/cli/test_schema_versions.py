"""`uns schema`: versions of models, offline and of a server."""

from pathlib import Path

import pytest
import yaml

from tests.support.command import uns

V1 = {"model": "pump", "version": 1, "changelog": "First", "attributes": {"flow": {"type": "number", "unit": "m3/h"}}}
V2 = {
    "model": "pump",
    "version": 2,
    "compatibility": "none",
    "attributes": {"flow": {"type": "number", "unit": "L/min"}},
}


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    for document in (V1, V2):
        (tmp_path / f"models/pump.v{document['version']}.yaml").write_text(yaml.safe_dump(document))
    (tmp_path / "namespace.yaml").write_text("tree: {acme: {ghent: {water: {well: {pump: {model: pump@1}}}}}}\n")
    (tmp_path / "access.yaml").write_text("roles: {}\n")
    return tmp_path


def test_a_directory_is_listed(plant: Path) -> None:
    lines = uns("schema", "list", "--dir", str(plant), "-o", "table").lines
    assert lines[1].split() == ["pump@1", "active", "backward", "1", "First"]
    assert lines[2].split() == ["pump@2", "active", "none", "0"]


def test_a_version_is_shown(plant: Path) -> None:
    assert yaml.safe_load(uns("schema", "show", "pump@1", "--dir", str(plant)).out) == V1
    assert uns("schema", "show", "pump@1", "--json-schema", "--dir", str(plant)).json["title"] == "pump@1"
    missing = uns("schema", "show", "pump@3", "--dir", str(plant))
    assert missing.code == 4


def test_a_difference_is_told_in_plain_words(plant: Path) -> None:
    shown = uns("schema", "diff", "pump@1", "pump@2", "--dir", str(plant), "-o", "table").out
    assert "breaks both" in shown
    assert "the unit is L/min, was m3/h." in shown
    (step,) = uns("schema", "diff", "pump@1", "pump@2", "--dir", str(plant), "-o", "json").json["steps"]
    assert [change["level"] for change in step["changes"]] == ["breaks both"]


def test_a_candidate_is_judged_offline(plant: Path, tmp_path: Path) -> None:
    file = tmp_path / "candidate.yaml"
    file.write_text(yaml.safe_dump({**V2, "version": 3, "compatibility": "full_transitive"}))
    result = uns("schema", "check", str(file), "--dir", str(plant), "-o", "json")
    assert result.code == 5
    assert [finding["id"] for finding in result.json["findings"]] == ["model.compatibility"]
    assert result.json["assets"] == ["acme/ghent/water/well/pump"]
    file.write_text(yaml.safe_dump({**V2, "version": 3}))
    result = uns("schema", "check", str(file), "--dir", str(plant), "-o", "table")
    assert result.code == 0
    assert "pump@3 may run." in result.lines


def test_a_server_is_asked(demo_server, tmp_path: Path) -> None:
    assert any(line.startswith("filler@2 ") for line in uns("schema", "list", "-o", "table", env=demo_server.env).lines)
    document = yaml.safe_load(uns("schema", "show", "filler@2", env=demo_server.env).out)
    same = uns("schema", "diff", "filler@2", "filler@2", "-o", "table", env=demo_server.env)
    assert "  nothing changes" in same.lines
    document |= {"version": 3}
    document["attributes"]["temperature"]["max"] = -5
    file = tmp_path / "filler.v3.yaml"
    file.write_text(yaml.safe_dump(document))
    result = uns("schema", "check", str(file), "-o", "table", env=demo_server.env)
    assert result.code == 5
    assert "model.compatibility" in result.out
    assert "recent messages on" in result.out
    assert "Clients that subscribe: " in result.out

"""The equipment as one table and back: without loss, all or nothing, and one owner per value."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uns.app.assets import NEW, export_assets, import_assets, write_assets
from uns.app.plant import load_plant
from uns.app.plant.csv_file import read_csv, write_csv
from uns.policy.assets import COLUMNS, join_cell, row_of
from uns.policy.verdict import Mode

TREE = "tree:\n  acme:\n    owner: ann\n    line{1..2}: {}\n"
ROW = dict.fromkeys(COLUMNS, "") | {"path": "acme/line1/mixer"}


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    (tmp_path / "namespace.yaml").write_text(TREE)
    (tmp_path / "access.yaml").write_text("roles: {}\n")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/line1.csv").write_text("path;owner\nacme/line1/filler;bob\nacme/line1/capper;\n")
    return tmp_path


def rows(directory: Path) -> list[dict[str, str]]:
    loaded = load_plant(directory, {})
    assert loaded.errors == []
    return [row_of(node) for node in loaded.namespace.nodes()]


def test_an_export_taken_over_again_changes_nothing(plant: Path) -> None:
    before = (plant / "assets/line1.csv").read_bytes()
    found = import_assets(plant, export_assets(load_plant(plant, {})), "x.csv", {})
    assert (found.contents, found.problems) == ({}, [])
    write_assets(plant, found)
    assert (plant / "assets/line1.csv").read_bytes() == before


def test_rows_are_changed_added_and_taken_out_where_they_belong(plant: Path) -> None:
    table = [row for row in rows(plant) if not row["path"].endswith("capper")]
    next(row for row in table if row["path"].endswith("filler"))["mode"] = "warn"
    found = import_assets(plant, write_csv([*table, ROW], ";"), "x.csv", {})
    assert found.problems == []
    write_assets(plant, found)
    assert {row["path"] for row in read_csv((plant / NEW).read_bytes(), NEW).table.rows} == {"acme/line1/mixer"}
    paths = {row["path"]: row["mode"] for row in rows(plant)}
    assert paths["acme/line1/filler"] == "warn"
    assert "acme/line1/capper" not in paths
    assert (plant / "namespace.yaml").read_text() == TREE


def test_what_the_tree_declares_is_changed_there(plant: Path) -> None:
    table = rows(plant)
    next(row for row in table if row["path"] == "acme")["owner"] = "bob"
    (problem,) = import_assets(plant, write_csv(table), "x.csv", {}).problems
    assert (problem.finding.id, problem.file, problem.line) == ("namespace.twice", "x.csv", 2)


def test_a_wrong_row_changes_nothing(plant: Path) -> None:
    found = import_assets(plant, write_csv([*rows(plant), ROW | {"path": "acme/lin1/mixer"}]), "x.csv", {})
    assert [problem.finding.id for problem in found.problems] == ["namespace.parent"]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
TEXTS = st.lists(TEXT.filter(bool), max_size=3).map(join_cell)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.fixed_dictionaries({"owner": TEXT, "description": TEXT, "classification": TEXTS, "tags": TEXTS,
                                       "mode": st.sampled_from(["", *Mode])}), max_size=4))  # fmt: skip
def test_no_text_is_lost_on_the_way(plant: Path, stated: list[dict[str, str]]) -> None:
    table = [ROW | row | {"path": f"acme/line2/a{index}"} for index, row in enumerate(stated)]
    found = import_assets(plant, write_csv(table), "x.csv", {})
    assert found.problems == []
    write_assets(plant, found)
    assert [row for row in rows(plant) if row["path"].startswith("acme/line2/")] == table
    exported = export_assets(load_plant(plant, {}))
    assert import_assets(plant, exported, "x.csv", {}).contents == {}

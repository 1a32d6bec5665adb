"""uns.app.edit.branch: a branch moves in the files that declare it, and its old name leads there."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from uns.app.edit import move_branch
from uns.app.edit.branch import move_entry
from uns.app.plant import Plant, PlantFiles, load_files
from uns.errors import UnsError
from uns.policy import decide
from uns.policy.alias import MOVED, PathAlias

CASES = yaml.safe_load((Path(__file__).parent / "cases/moves.yaml").read_text())
NAMESPACE = """\
tree:
  acme:
    line{1..3}: {filler: {model: filler@1}}
    hall:   # the old one
      oven: {model: filler@1}
    "~press[0-9]+": {model: filler@1}
    empty: {}
aliases:
  - {from: acme/oven, to: acme/hall/oven}   # of 2019
  - {from: acme/lost, to: acme/empty}
"""
MODEL = "model: filler\nversion: 1\nattributes: {temperature: {type: number}}\n"
ASSETS = "path,model\r\nacme/hall/mixer,filler@1\r\nacme/hall/mixer/lid,filler@1\r\n"
FILES = {"namespace.yaml": NAMESPACE, "models/filler.v1.yaml": MODEL, "assets/a.csv": ASSETS}


def load(files: dict[str, str]) -> Plant:
    access = {"access.yaml": "roles: {plc: {publish: ['#']}}\n"}
    return load_files(PlantFiles({name: text.encode() for name, text in {**files, **access}.items()}), Path(), {})


def moved(old: str, new: str, files: dict[str, str] = FILES, until: date | None = None) -> dict[str, str]:
    """The files afterwards; they have no error."""
    made = move_branch(load(files), PathAlias(old, new, until, "drawings"))
    after = files | {name: content.decode() for name, content in made.items()}
    assert load(after).errors == []
    return after


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_text_afterwards(case: dict[str, Any]) -> None:
    old, new = (path.split("/") for path in case["move"])
    assert move_entry(case["before"], old, new) == case["after"]


def test_who_publishes_on_the_old_name_is_heard_on_the_new_one() -> None:
    after = load(moved("acme/hall", "acme/hall_1", until=date(2027, 3, 31)))
    rule = after.admission().rule("acme/hall/oven/temperature")
    verdict = decide(rule, "plc", b'{"value": 5}')
    assert verdict.finding is not None
    assert (verdict.finding.id, verdict.finding.nearest) == (MOVED, "acme/hall_1/oven/temperature")
    alias = next(alias for alias in after.namespace.aliases if alias.old == "acme/hall")
    assert (alias.until, alias.why) == (date(2027, 3, 31), "drawings")


def test_rows_of_the_branch_move_too() -> None:
    after = moved("acme/hall", "acme/line2/hall")
    assert after["assets/a.csv"] == ASSETS.replace("acme/hall", "acme/line2/hall")
    assert "    hall:   # the old one\n" not in after["namespace.yaml"]


def test_a_row_alone() -> None:
    after = moved("acme/hall/mixer", "acme/hall/blender")
    assert after["assets/a.csv"] == ASSETS.replace("mixer", "blender")


def test_what_led_to_the_branch_leads_to_its_new_place() -> None:
    after = moved("acme/hall", "acme/hall_1")
    assert "  - {from: acme/oven, to: acme/hall_1/oven}   # of 2019\n" in after["namespace.yaml"]


def test_there_and_back_again() -> None:
    back = moved("acme/hall_1", "acme/hall", moved("acme/hall", "acme/hall_1"))
    extra = "  - {from: acme/hall_1, to: acme/hall, why: drawings}"
    assert [line for line in back["namespace.yaml"].splitlines() if line not in NAMESPACE.splitlines()] == [extra]


REFUSED = [
    ("acme/nothing", "acme/x", "unknown.path"),
    ("acme/line2", "acme/line_two", "govern.place"),
    ("acme/line2/filler", "acme/line2/f", "govern.place"),
    ("acme/press7", "acme/press_7", "govern.place"),
    ("acme/hall", "acme/hall/inner", "namespace.alias"),
    ("acme/hall", "acme/nowhere/hall", "unknown.path"),
    ("acme/hall", "acme/empty", "plant.exists"),
    ("acme/hall", "acme/press7/hall", "govern.place"),
]


@pytest.mark.parametrize(("old", "new", "finding_id"), REFUSED)
def test_what_cannot_move(old: str, new: str, finding_id: str) -> None:
    with pytest.raises(UnsError) as refused:
        move_branch(load(FILES), PathAlias(old, new))
    assert refused.value.finding.id == finding_id

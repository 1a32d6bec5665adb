"""Do the reference pages say what the code says?"""

import ast
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from adapters.modbus.options import Options as ModbusOptions
from adapters.modbus.registers import Address as RegisterAddress
from adapters.opcua.options import NodeAddress
from adapters.opcua.options import Options as OpcUaOptions
from docs.generate import PAGES, REFERENCE, all_findings
from uns.errors import ANSWERS
from uns.policy import assets, namespace_file, tree
from uns.policy.access_file import KEYS as ACCESS_KEYS
from uns.policy.catalog import CATALOG
from uns.policy.verdict import Mode
from uns.registry import attribute, model

ROOT = Path(__file__).parents[2]
PLANT = (REFERENCE / "plant.md").read_text(encoding="utf-8")
FAMILIES = "|".join(ANSWERS)
_ID = re.compile(rf"(?:{FAMILIES})\.[a-z_]*[a-z]")
NO_IDS = {"namespace.yaml", "access.yaml", "history.db", "violations.db"}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_generates(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name](), "run: make reference"


def test_there_is_no_page_that_nothing_generates() -> None:
    assert {path.name for path in REFERENCE.glob("*.md")} == set(PAGES)


# --- findings ---------------------------------------------------------------------------------------------------------


def ids_in_code() -> set[str]:
    """Every text in the code that is a finding id, and every id of which the code writes the family apart."""
    found: set[str] = set()
    for file in [*(ROOT / "uns").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]:
        if file.name == "catalog.py" or file.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ID.fullmatch(node.value):
                found.add(node.value)
    return found - NO_IDS


WRITTEN_APART = {
    *(f"source.{name}" for name in ("unknown_key", "missing_key", "wrong_value")),
    *(f"request.{name}" for name in ("time", "range", "duration")),
}
"""`uns.fields` takes the family as an argument, and the route of history puts it before the name."""


def test_every_finding_of_the_code_is_explained() -> None:
    assert ids_in_code() - set(all_findings()) == set()


def test_no_finding_is_explained_that_the_code_cannot_give() -> None:
    assert set(all_findings()) - ids_in_code() - WRITTEN_APART == set()


def test_every_family_has_a_wire_answer() -> None:
    assert {name.partition(".")[0] for name in all_findings()} <= set(ANSWERS)


def test_the_catalogue_of_the_code_is_not_repeated() -> None:
    others = yaml.safe_load((ROOT / "docs/findings.yaml").read_text(encoding="utf-8"))
    assert set(others) & set(CATALOG) == set()
    assert list(others) == sorted(others)


# --- keys of the plant directory --------------------------------------------------------------------------------------


def section(heading: str) -> str:
    """The prose of a section, without its samples."""
    text = PLANT.partition(f"\n{heading}\n")[2]
    assert text, heading
    depth = heading.index(" ")
    end = re.search(rf"^#{{2,{depth}}} ", text, re.MULTILINE)
    return re.sub(r"```.*?```", "", text[: end.start()] if end else text, flags=re.DOTALL)


def words(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_0-9]+)`", text))


def fields(*kinds: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("## namespace.yaml", {*namespace_file.KEYS, *tree.RESERVED, *assets.COLUMNS, *Mode}),
        ("## models/*.yaml", {*model.KEYS, *attribute.KEYS, *attribute.AttributeType}),
        ("## access.yaml", {*ACCESS_KEYS, "publish", "subscribe", "password_hash", "password_file", "password_env"}),
        ("### OPC UA", fields(OpcUaOptions, NodeAddress) - {"type"}),
        ("### Modbus TCP", fields(ModbusOptions, RegisterAddress)),
    ],
)
def test_every_key_is_explained(heading: str, keys: set[Any]) -> None:
    assert {str(key) for key in keys} - words(section(heading)) == set()

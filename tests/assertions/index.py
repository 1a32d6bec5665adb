"""Which test shows which assertion of Sparkplug B 3.0? A test says it by its marker:

@pytest.mark.assertion("topics-nbirth-qos", "payloads-nbirth-qos")
"""

import ast
import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

HERE = Path(__file__).parent
TESTS = HERE.parent


class Assertion(msgspec.Struct, frozen=True):
    """One normative assertion, in our words. id: without its `tck-id-`. group: the optional one, or empty."""

    id: str
    profiles: tuple[str, ...]
    says: str
    level: str
    group: str


def assertions() -> list[Assertion]:
    """All 299, in the order of the specification."""
    with (HERE / "assertions.csv").open(encoding="utf-8", newline="") as file:
        return [
            Assertion(row["id"], tuple(row["profiles"].split(";")), row["says"], row["level"], row["group"])
            for row in csv.DictReader(file)
        ]


def not_applicable() -> dict[str, str]:
    """Assertions that no test can show here, and why not."""
    found: dict[str, str] = yaml.safe_load((HERE / "not_applicable.yaml").read_text(encoding="utf-8"))
    return found


def shown() -> dict[str, list[str]]:
    """The tests of each assertion, as `file::test`, found by reading the files."""
    found: dict[str, list[str]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if "mark.assertion(" not in text:
            continue
        for test, ids in _marked(ast.parse(text)):
            for each in ids:
                found.setdefault(each, []).append(f"{file.relative_to(TESTS)}::{test}")
    return found


def _marked(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.assertion":
                    yield node.name, [ast.literal_eval(argument) for argument in decorator.args]

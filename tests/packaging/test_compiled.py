"""Can everything that is listed for compilation be compiled without changing what it means?"""

import ast
import tomllib

import pytest

from tests.packaging.product import ROOT

MODULES: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uns"]["compiled"]


def nodes(module: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))))


@pytest.mark.parametrize("module", MODULES)
def test_no_class_has_options_that_mypyc_would_drop(module: str) -> None:
    """`class Verdict(msgspec.Struct, frozen=True)` would be compiled to a struct that is not frozen."""
    assert [node.name for node in nodes(module) if isinstance(node, ast.ClassDef) and node.keywords] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_generator_expression_is_returned(module: str) -> None:
    """mypyc makes a list of it: all at once, and no iterator. A function that yields stays what it is."""
    returned = [node.value for node in nodes(module) if isinstance(node, ast.Return)]
    assert [ast.unparse(value) for value in returned if isinstance(value, ast.GeneratorExp)] == []


@pytest.mark.parametrize("module", MODULES)
def test_no_class_asks_itself_for_its_slots(module: str) -> None:
    """A native class has none to ask for."""
    assert "__slots__" not in [node.attr for node in nodes(module) if isinstance(node, ast.Attribute)]

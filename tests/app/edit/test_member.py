"""uns.app.edit.member: one member changes, and not a character beside it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from uns.app.edit.member import read_back, set_member
from uns.errors import UnsError
from uns.registry.pointer import to_pointer

CASES = yaml.safe_load((Path(__file__).parent / "cases/members.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_text_afterwards(case: dict[str, Any]) -> None:
    text = case["before"]
    for pointer, value in case["set"].items():
        text = set_member(text, pointer, value, "a.yaml")
    assert text == case["after"]


def test_line_ends_of_windows_stay() -> None:
    assert set_member("a:\r\n  b: 1\r\nc: 2\r\n", "/a/d", 3, "a.yaml") == "a:\r\n  b: 1\r\n  d: 3\r\nc: 2\r\n"


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("a: &x {b: 1}\nc: *x\n", "/c/b"),
        ("a: &x {b: 1}\nc: *x\n", "/a/b"),
        ("a: [1, 2]\n", "/a/b/c"),
        ("a: 5\n", "/a/b"),
        ("- 1\n", "/a"),
        ("", "/a"),
    ],
)
def test_what_nobody_can_say_the_place_of_is_refused(text: str, pointer: str) -> None:
    with pytest.raises((UnsError, ValueError)) as refused:
        set_member(text, pointer, 2, "a.yaml")
    if isinstance(refused.value, UnsError):
        assert refused.value.finding.id == "govern.place"
        assert refused.value.finding.where.startswith("a.yaml:")


NAMES = st.sampled_from(["a", "b", "line 1", "x{1..3}", "~p", "true", "7", "", "a/b", "é", "#"])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["${A}", "a: b", "*x", "- y"])
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(NAMES, DOCUMENTS, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=3), DOCUMENTS)
def test_whatever_is_set_is_read_back_or_refused(before: dict[str, Any], path: list[str], value: Any) -> None:
    """As another program writes YAML; what is said beside the member stays as it was."""
    for flow in (True, False, None):
        text = yaml.safe_dump(before, default_flow_style=flow, allow_unicode=True)
        had = read_back(text, "a.yaml")
        try:
            made = set_member(text, to_pointer(path), value, "a.yaml")
        except UnsError as refused:
            assert refused.finding.id == "govern.place"  # noqa: PT017 - or else it is read back
            continue
        now = read_back(made, "a.yaml")
        assert {key: each for key, each in now.items() if key != path[0]} == {
            key: each for key, each in had.items() if key != path[0]
        }
        for name in path:
            now = now.get(name) if isinstance(now, dict) else None
        assert now == value

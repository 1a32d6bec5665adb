"""Findings: how they read, and what they become on each surface."""

import pytest

from uns.errors import ANSWERS, Finding, answer, nearest, shorten
from uns.policy.catalog import CATALOG


def test_a_finding_reads_as_what_meant_and_what_to_do() -> None:
    finding = Finding(id="topic.undeclared", what="'x' is not declared.", nearest="y", hint="Declare it.")
    assert str(finding) == "topic.undeclared: 'x' is not declared. Did you mean 'y'? Declare it."


@pytest.mark.parametrize("finding_id", sorted(CATALOG))
def test_every_known_finding_has_a_wire_answer(finding_id: str) -> None:
    assert finding_id.partition(".")[0] in ANSWERS


def test_an_unknown_family_is_an_internal_error() -> None:
    assert answer(Finding(id="strange.thing", what="?")).http_status == 500


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("packging", ["packaging", "warehouse"], "packaging"),
        ("Packaging", ["packaging"], "packaging"),
        ("zzz", ["packaging"], ""),
        ("x", [], ""),
    ],
)
def test_nearest(word: str, known: list[str], expected: str) -> None:
    assert nearest(word, known) == expected


def test_shorten() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "abc…"

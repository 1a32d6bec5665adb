"""UCUM codes, the spellings that people write, and the codes that are known without the library."""

import pytest

from uns.registry.units import _FREQUENT, _SPELLINGS, _grammar_fault, same_unit, unit_fault


@pytest.mark.parametrize("code", sorted(_FREQUENT))
def test_a_frequent_code_is_one_of_the_grammar(code: str) -> None:
    assert _grammar_fault(code) == ("", "")


@pytest.mark.parametrize("meant", sorted(set(_SPELLINGS.values())))
def test_what_is_suggested_is_a_code(meant: str) -> None:
    assert unit_fault(meant) == ("", "")


@pytest.mark.parametrize(
    "code", ["l/min", "10*3/uL", "mmol/(8.h.kg)", "[in_i'Hg]", "dB", "/m3", "{bottle}/min", "kat", "m.s-2"]
)
def test_the_whole_grammar_is_taken(code: str) -> None:
    assert unit_fault(code) == ("", "")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("°C", "Cel"), ("rpm", "1/min"), ("KW", "kW"), ("CEL", "Cel"), ("PSI", "[psi]"), ("foo", ""), ("m..s", ""),
     ("m/", ""), ("s^2", ""), ("", ""), ("a b", ""), ("{open", ""), ("m" * 65, "")],
)  # fmt: skip
def test_what_is_no_code(text: str, meant: str) -> None:
    fault, near = unit_fault(text)
    assert fault
    assert near == meant


def test_the_fault_says_where() -> None:
    assert unit_fault("m..s")[0] == "'m..s' is not a UCUM code: '.s' cannot stand at character 3"


SAME = [
    ("Cel", "°C", True), ("Cel", " Cel ", True), ("1/min", "rpm", True), ("/min", "1/min", True), ("Cel", "K", False),
    ("mm", "MM", False), ("bar", "Bar", False), ("furlong", "furlong", True),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "told", "same"), SAME)
def test_what_a_device_tells_may_be_written_as_people_do(unit: str, told: str, same: bool) -> None:
    assert same_unit(unit, told) is same

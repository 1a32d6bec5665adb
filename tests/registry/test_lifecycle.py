"""The life of a version: what a document may say, how it is written again, and what may run after what ran before."""

from typing import Any

import pytest

from uns.registry import Model, Registry, parse_model
from uns.registry.admit import admission_findings
from uns.registry.evolution import steps_to
from uns.registry.lifecycle import Compatibility
from uns.registry.store import kept_version
from uns.registry.written import contract_differences, fingerprint, model_document

WHOLE: dict[str, Any] = {
    "model": "filler",
    "version": 2,
    "status": "deprecated",
    "owner": "packaging",
    "description": "Rotary filler",
    "changelog": "Temperature in Cel",
    "deprecated": "Works until the end of 2027",
    "replaced_by": "filler@3",
    "semantic_id": "https://example.com/filler",
    "compatibility": "full_transitive",
    "strict_compatibility": True,
    "attributes": {
        "temperature": {"type": "number", "unit": "Cel", "max_age": "5s", "semantic_id": "0173-1#02-AAV232#002"},
        "picture": {"type": "bytes", "content_type": ["image/png"], "max_length": 9},
        "order": {"type": "object", "schema": {"type": "object"}},
    },
    "parts": {"motor": "motor@1"},
}


def model(version: int = 1, attribute: dict[str, Any] | None = None, **keys: Any) -> Model:
    attributes = {"value": attribute or {"type": "number"}}
    read = parse_model({"model": "filler", "version": version, "attributes": attributes, **keys})
    assert isinstance(read, Model), read
    return read


@pytest.mark.parametrize("document", [WHOLE, {"model": "order", "version": 1, "schema": {"type": "object"}}])
def test_a_model_is_written_as_it_was_read(document: dict[str, Any]) -> None:
    read = parse_model(document)
    assert isinstance(read, Model), read
    assert parse_model(model_document(read)) == read


def test_words_for_people_are_not_of_the_contract() -> None:
    plain, told = model(), model(description="Filler", changelog="First", status="deprecated", attribute=None)
    assert fingerprint(plain) == fingerprint(told)
    assert fingerprint(plain) == fingerprint(model(attribute={"description": "Speed", "type": "number"}))
    assert fingerprint(plain) != fingerprint(model(attribute={"type": "number", "min": 0}))
    assert contract_differences(plain, model(attribute={"type": "number", "min": 0})) == ["/attributes/value/min"]


def refused(now: list[Model], *before: Model) -> list[str]:
    return [finding.id for _, finding in admission_findings(now, [kept_version(each, now_ms=5) for each in before])]


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ([model()], [], []),
        ([model()], [model()], []),
        ([model(attribute={"type": "string"})], [model()], ["model.immutable"]),
        ([model(attribute={"type": "string"})], [model(status="draft")], []),
        ([model(status="deprecated")], [model()], []),
        ([model()], [model(status="deprecated")], []),
        ([model(status="draft")], [model()], ["model.status"]),
        ([model(2, {"type": "string"})], [model()], ["model.compatibility"]),
        ([model(2, {"type": "string"}, compatibility="none")], [model()], []),
        ([model(2, {"type": "string"}, status="draft")], [model()], []),
        ([model(2, {"type": "string"})], [model(status="draft")], []),
        ([model(), model(2, {"type": "string"})], [], ["model.compatibility"]),
        ([model(2, {"type": "string"})], [model(), model(2, {"type": "string"}, compatibility="none")], []),
        ([model(2, {"type": "number", "bare": True})], [model()], []),
        ([model(2, {"type": "number", "bare": True}, compatibility="forward")], [model()], ["model.compatibility"]),
        ([model(2, {"type": "number", "bare": True}, compatibility="full")], [model()], ["model.compatibility"]),
    ],
)
def test_what_may_run_after_what_ran(now: list[Model], before: list[Model], expected: list[str]) -> None:
    assert refused(now, *before) == expected


def test_the_refusal_of_a_changed_contract_names_the_keys_and_the_cure() -> None:
    changed = model(attribute={"type": "number", "max": 5})
    ((_, finding),) = admission_findings([changed], [kept_version(model(), now_ms=5)])
    assert "/attributes/value/max" in finding.what
    assert "'version: 2'" in finding.hint


@pytest.mark.parametrize(
    ("compatibility", "held"), [("backward", [True, False]), ("backward_transitive", [True, True])]
)
def test_the_transitive_forms_hold_to_every_earlier_version(compatibility: str, held: list[bool]) -> None:
    versions = [
        model(1, {"type": "integer"}),
        model(2, {"type": "number"}),
        model(3, {"type": "number", "min": 0}, compatibility=compatibility),
    ]
    steps = steps_to(Registry(versions), versions[-1])
    assert [(step.old, step.held) for step in steps] == list(zip(("filler@2", "filler@1"), held, strict=True))
    assert [bool(step.broken) for step in steps] == held


def test_parts_are_compared_as_the_asset_shows_them() -> None:
    motors = [
        parse_model({"model": "motor", "version": version, "attributes": {"current": {"type": "number", "unit": unit}}})
        for version, unit in ((1, "A"), (2, "mA"))
    ]
    old, new = (model(number, parts={"motor": f"motor@{number}"}) for number in (1, 2))
    known = [each for each in motors if isinstance(each, Model)]
    (step,) = steps_to(Registry([*known, old, new]), new)
    assert [(change.path, change.level) for change in step.changes] == [("motor/current", "breaks both")]


def test_every_compatibility_says_what_it_keeps() -> None:
    kept = {level.value: (level.keeps_backward, level.keeps_forward, level.is_transitive) for level in Compatibility}
    assert kept["none"] == (False, False, False)
    assert kept["full_transitive"] == (True, True, True)
    assert kept["forward"] == (False, True, False)

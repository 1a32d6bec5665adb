"""What is odd in a namespace: one small plant per oddity, and a sound one that has none."""

from typing import Any

import pytest

from uns.policy import Namespace, parse_namespace
from uns.policy.lint import MOST_MEMBERS, lint, orphans
from uns.registry import Model, Registry, parse_model

MODELS = [
    {"model": "filler", "version": 1, "attributes": {"speed": {"type": "number", "unit": "1/min"}}},
    {"model": "filler", "version": 2, "owner": "ann", "attributes": {"speed": {"type": "number", "unit": "1/min"}}},
]


def namespace(tree: dict[str, Any], models: list[dict[str, Any]], **document: Any) -> Namespace:
    read = [parse_model(model) for model in models]
    registry = Registry(model for model in read if isinstance(model, Model))
    found, findings = parse_namespace({"tree": tree, "naming": ".*", **document}, registry)
    assert findings == []
    assert found is not None
    return found


def odd(tree: dict[str, Any], models: list[dict[str, Any]] | None = None, **options: Any) -> list[tuple[str, str, str]]:
    found = lint(namespace(tree, MODELS if models is None else models), **options)
    return [(each.finding.id, each.finding.where, each.finding.nearest) for each in found]


def test_a_sound_plant_has_nothing_odd() -> None:
    assert odd({"acme": {"owner": "ann", "line{1..12}": {"filler": {"model": "filler@2"}}}}) == []


def model(name: str, **attributes: Any) -> dict[str, Any]:
    return {"model": name, "version": 1, "attributes": attributes}


@pytest.mark.parametrize(
    ("tree", "models", "expected"),
    [
        ({"a": {"owner": "x", "Line1": {}, "line1": {}}}, [], [("lint.case", "/tree/a/line1", "Line1")]),
        (
            {"a": {"owner": "x", "Line1": {}}, "b": {"owner": "x", "line1": {}}, "c": {"owner": "x", "line1": {}}},
            [],
            [("lint.case", "/tree/a/Line1", "line1")],
        ),
        (
            {"a": {"owner": "x", "line01": {}, "line1": {}, "li-ne1": {}, "line10": {}}},
            [],
            [("lint.duplicate", "/tree/a/line1", "line01"), ("lint.duplicate", "/tree/a/li-ne1", "line01")],
        ),
        ({"a": {"b": {"owner": "x"}, "c": {"d": {}}}}, [], [("lint.owner", "/tree/a/c", "")]),
        ({"a": {"b": {"model": "filler@2"}, "~c.*": {}}}, MODELS, [("lint.owner", "/tree/a/~0c.*", "")]),
        ({"a": {"owner": "x", "b": {"model": "filler@1"}}}, MODELS, [("lint.unused", "/model", "")]),
        (
            {"a": {"owner": "x", "b": {"model": "one@1"}, "c": {"model": "two@1"}}},
            [
                model("one", speed={"type": "number", "unit": "m/s"}),
                model("two", speed={"type": "number", "unit": "1/s"}),
            ],
            [("lint.unit", "/attributes/speed/unit", "")],
        ),
        (
            {"a": {"owner": "x", "b": {"model": "one@1"}, "c": {"model": "two@1"}}},
            [model("one", speed={"type": "number"}), model("two", Speed={"type": "number"})],
            [("lint.case", "/attributes/Speed", "speed")],
        ),
        (
            {"a": {"owner": "x", f"m{{1..{MOST_MEMBERS + 1}}}": {}}},
            [],
            [("lint.explosion", "/tree/a", "")],
        ),
        (
            {"a": {"owner": "x", "b": {"model": "one@1"}}},
            [model("one", **{f"v{n}": {"type": "number"} for n in range(501)})],
            [("lint.explosion", "/model", "")],
        ),
    ],
)  # fmt: skip
def test_an_oddity(tree: dict[str, Any], models: list[dict[str, Any]], expected: list[tuple[str, str, str]]) -> None:
    assert odd(tree, models) == expected


def test_a_model_that_is_a_part_is_used() -> None:
    whole = {"model": "whole", "version": 1, "parts": {"drive": "filler@2"}}
    assert odd({"a": {"owner": "x", "b": {"model": "whole@1"}}}, [*MODELS, whole]) == []


def test_a_deprecated_model_names_its_successor() -> None:
    tree = {"a": {"owner": "x", "b": {"model": "filler@1"}, "c": {"model": "filler@2"}}}
    assert odd(tree, deprecated={"filler@1"}) == [("lint.deprecated", "/tree/a/b/model", "filler@2")]


def test_orphans_are_what_nothing_declares_or_frees() -> None:
    found = namespace({"acme": {"filler": {"model": "filler@2"}}}, MODELS, open=["acme/_raw/#"])
    topics = ["acme/filler/speed", "acme/filler/sped", "acme/_raw/x", "spBv1.0/STATE/host", "$SYS/x", "gone"]
    told = [(each.finding.where, each.finding.nearest) for each in orphans(found, topics)]
    assert told == [("acme/filler/sped", "acme/filler/speed"), ("gone", "")]

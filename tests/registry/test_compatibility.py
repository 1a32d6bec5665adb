"""What the comparison of two versions says, as a table; and the promise that it never calls a refusal compatible."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from uns.registry import Attribute, Model, compile_check, parse_model
from uns.registry.compatibility import compare

ROWS = yaml.safe_load((Path(__file__).parent / "cases/compatibility.yaml").read_text())


def attributes(entry: dict[str, Any] | None) -> dict[str, Attribute]:
    model = parse_model({"model": "asset", "version": 1, "attributes": {} if entry is None else {"value": entry}})
    assert isinstance(model, Model), model
    return model.attributes


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]} to {row[1]}"[:110] for row in ROWS])
@pytest.mark.parametrize("strict", [False, True])
def test_levels(row: list[Any], strict: bool) -> None:
    old, new, expected, *differing = row
    if strict and differing:
        expected = differing[0]["strict"]
    changes = compare(attributes(old), attributes(new), strict=strict)
    assert [change.level for change in changes] == expected, [str(change) for change in changes]


def test_a_change_of_the_unit_is_told_in_plain_words() -> None:
    (change,) = compare(attributes({"type": "number", "unit": "bar"}), attributes({"type": "number", "unit": "kPa"}))
    assert change.what == "the unit is kPa, was bar."
    assert "misread" in change.old_data
    assert change.old_consumers == "Consumers go on reading values as bar."


def test_a_rename_is_guessed_once_and_said_to_be_a_guess() -> None:
    old = {path: Attribute(path=path, type=attributes({"type": "number"})["value"].type) for path in ("speed", "spead")}
    new = {"speed_actual": msgspec.structs.replace(old["speed"], path="speed_actual")}
    told = [change.what for change in compare(old, new) if "looks renamed" in change.what]
    assert told == ["is gone (was number). It looks renamed to 'speed_actual'."]


# --- the promise ------------------------------------------------------------------------------------------------------

numbers = st.integers(-3, 3)
words = st.sampled_from(["a", "ab", "b", "2026-11-22T12:00:00Z"])
flags = st.booleans()


def kind(name: str, values: st.SearchStrategy[Any], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    listed = (
        {"enum": st.lists(values, min_size=1, max_size=3, unique=True)}
        if name in ("number", "integer", "string")
        else {}
    )
    return st.fixed_dictionaries({"type": st.just(name)}, optional={"bare": flags, **listed, **optional})


entries = st.one_of(
    kind("number", numbers, min=numbers, max=numbers),
    kind("integer", numbers, min=numbers, max=numbers),
    kind("string", words, max_length=st.integers(0, 3), pattern=st.sampled_from(["a", "^b"])),
    kind("boolean", flags),
    kind("datetime", words),
)
json_values = st.one_of(
    numbers, st.sampled_from([0.5, 2.0, -1e30, 2**64]), words, flags, st.none(), st.lists(numbers, max_size=2)
)
payloads = st.one_of(
    json_values, st.fixed_dictionaries({"value": json_values}, optional={"quality": st.sampled_from(["Good", "Bad"])})
)


@given(entries, entries, st.lists(payloads, min_size=5, max_size=20))
@settings(max_examples=500, deadline=None)
def test_what_is_backward_compatible_refuses_nothing_that_was_taken(
    old: dict[str, Any], new: dict[str, Any], documents: list[Any]
) -> None:
    models = [parse_model({"model": "m", "version": 1, "attributes": {"value": entry}}) for entry in (old, new)]
    before, after = (model.attributes if isinstance(model, Model) else None for model in models)
    assume(before is not None and after is not None)
    assert before is not None
    assert after is not None
    changes = compare(before, after)
    hold(before["value"], after["value"], any(change.old_data for change in changes), documents)
    hold(after["value"], before["value"], any(change.old_consumers for change in changes), documents)


def hold(old: Attribute, new: Attribute, breaks: bool, documents: list[Any]) -> None:
    if breaks:
        return
    taken, still = compile_check(old), compile_check(new)
    for document in documents:
        payload = msgspec.json.encode(document)
        assert taken(payload) is not None or still(payload) is None, payload


members = st.sampled_from(["a", "b"])
leaves = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["integer", "number", "string", "array", ["string", "null"], ["integer", "object"]]),
        "minimum": numbers,
        "exclusiveMaximum": numbers,
        "multipleOf": st.sampled_from([1, 2]),
        "maxLength": st.integers(0, 2),
        "minItems": st.integers(0, 2),
        "uniqueItems": flags,
    },
) | st.fixed_dictionaries({"enum": st.lists(numbers | words | flags, min_size=1, max_size=3, unique_by=repr)})


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", ["object", "string"]]),
            "properties": st.dictionaries(members, inner | flags, max_size=2),
            "required": st.lists(members, max_size=2, unique=True),
            "additionalProperties": flags | inner,
            "items": inner | flags,
            "prefixItems": st.lists(inner, min_size=1, max_size=1),
            "patternProperties": st.dictionaries(st.just("^a"), inner, min_size=1, max_size=1),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "maxProperties": st.integers(0, 2),
            "unevaluatedProperties": flags,
        },
    )


schemas = st.recursive(leaves, objects, max_leaves=4)
instances = st.recursive(
    st.none() | flags | numbers | st.sampled_from([0.5, 2.0]) | st.sampled_from(["", "a", "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=5,
)


@given(schemas, schemas, st.lists(instances, min_size=5, max_size=15))
@settings(max_examples=500, deadline=None)
def test_so_do_documents_in_strict_mode(old: dict[str, Any], new: dict[str, Any], documents: list[Any]) -> None:
    before, after = (attributes({"type": "object", "schema": schema})["value"] for schema in (old, new))
    changes = compare({"value": before}, {"value": after}, strict=True)
    hold(before, after, any(change.old_data for change in changes), documents)
    hold(after, before, any(change.old_consumers for change in changes), documents)

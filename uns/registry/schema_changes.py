"""What changed between two JSON Schemas, and does each change refuse old documents or let surprising ones through?

One question, asked in both directions: `narrowing(a, b)` says where a document that `a` takes may be refused by `b`.
Backward is narrowing(old, new), forward is narrowing(new, old). What is not decided here counts as narrowing.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from uns.registry.change import Change
from uns.registry.narrowing import Keyed, narrowing, same
from uns.registry.pointer import join_pointer

_FOR_PEOPLE = frozenset(
    ("title", "description", "examples", "default", "$comment", "$id", "$schema", "deprecated", "readOnly", "writeOnly")
)
_NESTED = ("properties", "items", "additionalProperties")


def schema_changes(path: str, old: dict[str, Any], new: dict[str, Any], *, strict: bool) -> list[Change]:
    """Every change. path: of the attribute; that of a change has a JSON pointer into the schema behind it."""
    before, after = contract_of(old), contract_of(new)
    if same(before, after):
        return []
    refused = dict(narrowing(before, after, lenient=not strict, ignores_unknown=False))
    surprising = dict(narrowing(after, before, lenient=not strict, ignores_unknown=not strict))
    told: dict[Keyed, str] = dict(_differences(before, after, ""))
    for keyed in (*refused, *surprising):
        told.setdefault(keyed, f"'{keyed[1]}' differs.")
    return [
        Change(
            path=f"{path}#{where}" if where else path,
            what=what,
            old_data=f"Old documents may be refused: {refused[where, key]}." if (where, key) in refused else "",
            old_consumers=(
                f"New documents may surprise: {surprising[where, key]}." if (where, key) in surprising else ""
            ),
        )
        for (where, key), what in told.items()
    ]


def contract_of(schema: Any) -> Any:
    """A schema without what validates nothing: titles, descriptions, examples."""
    if isinstance(schema, dict):
        kept = {key: value for key, value in schema.items() if key not in _FOR_PEOPLE and not key.startswith("x-")}
        for key, value in kept.items():
            if key in ("properties", "patternProperties", "$defs", "dependentSchemas") and isinstance(value, dict):
                kept[key] = {name: contract_of(below) for name, below in value.items()}
            elif key not in ("enum", "const", "required", "dependentRequired"):
                kept[key] = contract_of(value)
        return kept
    return [contract_of(item) for item in schema] if isinstance(schema, list) else schema


def _differences(old: Any, new: Any, where: str) -> Iterator[tuple[Keyed, str]]:
    """(where, keyword) to the change in words, down through members and items."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        if not same(old, new):
            yield (where, ""), f"is {_shown(new)}, was {_shown(old)}."
        return
    for key in (*new, *(key for key in old if key not in new)):
        before, after = old.get(key), new.get(key)
        if same(before, after) and (key in old) == (key in new):
            continue
        if key == "properties":
            yield from _member_differences(before or {}, after or {}, where)
        elif key in _NESTED and isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(before, after, join_pointer(where, key))
        else:
            told = f"'{key}' is {_shown(after) if key in new else 'gone'}"
            yield (where, key), f"{told}, was {_shown(before) if key in old else 'not stated'}."


def _member_differences(old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[tuple[Keyed, str]]:
    for name in (*new, *(name for name in old if name not in new)):
        below = join_pointer(where, "properties", name)
        if name not in old:
            yield (below, ""), f"the member '{name}' is new."
        elif name not in new:
            yield (below, ""), f"the member '{name}' is gone."
        else:
            yield from _differences(old[name], new[name], below)


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else f"{text[:80]}…"

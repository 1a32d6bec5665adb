"""Where may a document that one JSON Schema takes be refused by another?

Structural and one-sided: no answer means that none is refused. The keywords of objects, arrays, numbers and texts are
compared; those that combine schemas or refer to others must be equal, or the answer is "cannot be decided".
"""

import math
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec

from uns.registry.pointer import join_pointer

Keyed = tuple[str, str]
"""(JSON pointer to a schema within the schema, keyword); the keyword "" is the schema as a whole."""
Narrowing = tuple[Keyed, str]

_TYPES = frozenset(("null", "boolean", "object", "array", "number", "integer", "string"))
_REFERRING = ("$ref", "$dynamicRef", "$anchor", "$dynamicAnchor")
_COMBINING = (
    ("allOf",), ("anyOf",), ("oneOf",), ("not",), ("if", "then", "else"), ("dependentSchemas",),
    ("dependentRequired",), ("propertyNames",), ("contains", "minContains", "maxContains"), ("prefixItems",),
)  # fmt: skip
_DEPENDING = ("patternProperties", "unevaluatedProperties", "unevaluatedItems")
"""Their meaning depends on the other keywords beside them: only an equal schema is surely not narrower."""
_AT_LEAST = {"minLength": "string", "minItems": "array", "minProperties": "object"}
_AT_MOST = {"maxLength": "string", "maxItems": "array", "maxProperties": "object"}


_encode = msgspec.json.Encoder(order="deterministic").encode


def same(a: Any, b: Any) -> bool:
    """Are two JSON values one? To Python `True` is 1, to JSON it is not."""
    return _encode(a) == _encode(b)


def narrowing(a: Any, b: Any, *, lenient: bool, ignores_unknown: bool) -> Iterator[Narrowing]:
    """Where and why `b` may refuse what `a` takes. Both are without annotations.

    lenient: a member that one of them declares and the other leaves open is taken to be new, or gone, in all
    documents. ignores_unknown: the reader with `b` overlooks members that it does not know.
    """
    if same(a, b):
        return
    if any(_mentions(schema, key) for schema in (a, b) for key in _REFERRING):
        yield ("", "$ref"), "schemas with references are not compared"
        return
    yield from _Narrowing(lenient, ignores_unknown).between(a, b, "")


def _mentions(schema: Any, key: str) -> bool:
    if isinstance(schema, dict):
        return key in schema or any(_mentions(value, key) for value in schema.values())
    return isinstance(schema, list) and any(_mentions(item, key) for item in schema)


class _Narrowing:
    """One comparison; the two leniencies hold all the way down."""

    def __init__(self, lenient: bool, ignores_unknown: bool) -> None:
        self._lenient = lenient
        self._ignores_unknown = ignores_unknown

    def between(self, a: Any, b: Any, where: str) -> Iterator[Narrowing]:
        if a is False or b is True or b == {} or same(a, b):
            return
        if b is False:
            yield (where, ""), "nothing is taken here"
            return
        a = {} if a is True else a
        if "enum" in a or "const" in a:
            yield from self._listed(a, b, where)
            return
        types = _types(a)
        yield from self._type(types, b, where)
        if "enum" in b or "const" in b:
            key = "enum" if "enum" in b else "const"
            yield (where, key), "only listed values are taken"
        yield from _undecided(a, b, where)
        if types & {"number", "integer"}:
            yield from _numbers(a, b, where)
        if "string" in types:
            yield from _texts(a, b, where)
        yield from _counts(a, b, types, where)
        if "array" in types:
            yield from self._items(a, b, where)
        if "object" in types:
            yield from self._members(a, b, where)

    def _listed(self, a: dict[str, Any], b: Any, where: str) -> Iterator[Narrowing]:
        """Listed values are few: each is tried, which decides it exactly."""
        taken_by_a, taken_by_b = (
            jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True).is_valid
            for schema in (a, b)
        )
        values = a["enum"] if "enum" in a else [a["const"]]
        refused = [value for value in values if taken_by_a(value) and not taken_by_b(value)]
        if refused:
            key = "enum" if "enum" in b or "enum" in a else "const"
            yield (where, key), f"{', '.join(map(str, refused[:5]))} is not taken"

    def _type(self, types: frozenset[str], b: dict[str, Any], where: str) -> Iterator[Narrowing]:
        taken = _types(b)
        refused = sorted(kind for kind in types if kind not in taken and not (kind == "integer" and "number" in taken))
        if refused:
            yield (where, "type"), f"{', '.join(refused)} is not taken"

    def _items(self, a: dict[str, Any], b: dict[str, Any], where: str) -> Iterator[Narrowing]:
        yield from self.between(a.get("items", True), b.get("items", True), join_pointer(where, "items"))
        if b.get("uniqueItems") and not a.get("uniqueItems"):
            yield (where, "uniqueItems"), "items that stand twice are not taken"

    def _members(self, a: dict[str, Any], b: dict[str, Any], where: str) -> Iterator[Narrowing]:
        of_a, of_b = a.get("properties", {}), b.get("properties", {})
        others_a, others_b = _others(a), _others(b)
        missing = [name for name in b.get("required", ()) if name not in a.get("required", ())]
        if missing:
            yield (where, "required"), f"{', '.join(missing)} must be there"
        for name in dict.fromkeys((*of_a, *of_b)):
            below = join_pointer(where, "properties", name)
            if name not in of_b and others_b is False and self._ignores_unknown:
                continue
            if name not in of_a and others_a is True and self._lenient:
                continue
            if name not in of_b and others_b is False and of_a[name] is not False:
                yield (below, ""), f"the member '{name}' is not taken"
                continue
            yield from self.between(of_a.get(name, others_a), of_b.get(name, others_b), below)
        if not (others_b is False and self._ignores_unknown and others_a is not True):
            if others_b is False and others_a is not False:
                yield (where, "additionalProperties"), "members that are not declared are not taken"
            else:
                yield from self.between(others_a, others_b, join_pointer(where, "additionalProperties"))


def _others(schema: dict[str, Any]) -> Any:
    stated = schema.get("additionalProperties", True)
    return True if stated == {} else stated


def _types(schema: dict[str, Any] | bool) -> frozenset[str]:
    stated = schema.get("type") if isinstance(schema, dict) else None
    if stated is None:
        return _TYPES
    return frozenset((stated,) if isinstance(stated, str) else stated)


def _undecided(a: dict[str, Any], b: dict[str, Any], where: str) -> Iterator[Narrowing]:
    for group in _COMBINING:
        if any(key in b for key in group) and any(not same(a.get(key), b.get(key)) for key in group):
            yield (where, group[0]), f"'{group[0]}' is not compared"
    for key in _DEPENDING:  # between() has found that a and b differ
        if key in b or (key in a and key == "patternProperties"):
            yield (where, key), f"'{key}' is not compared"
    if "prefixItems" in a and "prefixItems" not in b and "items" in b:
        yield (where, "prefixItems"), "'prefixItems' is not compared"


def _numbers(a: dict[str, Any], b: dict[str, Any], where: str) -> Iterator[Narrowing]:
    for key, exclusive, sign, word in (
        ("minimum", "exclusiveMinimum", 1, "below"),
        ("maximum", "exclusiveMaximum", -1, "above"),
    ):
        limit_a, limit_b = _limit(a, key, exclusive, sign), _limit(b, key, exclusive, sign)
        if limit_b > limit_a:
            stated = key if key in b and (sign * b[key], 0) == limit_b else exclusive
            yield (where, stated), f"numbers {word} {b[stated]} are not taken"
    step_a, step_b = a.get("multipleOf"), b.get("multipleOf")
    if step_b is None or step_a == step_b:
        return
    whole = isinstance(step_a, int) and isinstance(step_b, int) and step_a % step_b == 0
    if not whole and not (step_b == 1 and _types(a) & {"number", "integer"} == {"integer"}):
        yield (where, "multipleOf"), f"only multiples of {step_b} are taken"


def _limit(schema: dict[str, Any], key: str, exclusive: str, sign: int) -> tuple[int | float, int]:
    """The tighter of both, as a tuple that grows as it gets tighter; with sign -1 for upper limits."""
    including = (sign * schema[key] if key in schema else -math.inf, 0)
    excluding = (sign * schema[exclusive] if exclusive in schema else -math.inf, 1 if exclusive in schema else 0)
    return max(including, excluding)


def _texts(a: dict[str, Any], b: dict[str, Any], where: str) -> Iterator[Narrowing]:
    for key in ("pattern", "format"):
        if key in b and a.get(key) != b[key]:
            yield (where, key), f"texts must keep the {key} {b[key]}"


def _counts(a: dict[str, Any], b: dict[str, Any], types: frozenset[str], where: str) -> Iterator[Narrowing]:
    for key, kind in _AT_LEAST.items():
        if kind in types and b.get(key, 0) > a.get(key, 0):
            yield (where, key), f"fewer than {b[key]} is not taken"
    for key, kind in _AT_MOST.items():
        if kind in types and b.get(key, math.inf) < a.get(key, math.inf):
            yield (where, key), f"more than {b[key]} is not taken"

"""What do kept payloads say a value is? Its values, and the narrowest type of an attribute that takes them all."""

from collections.abc import Iterable, Sequence, Set
from typing import Any

import msgspec

from uns.registry import AttributeType
from uns.registry.timestamp import is_timestamp


class Observed(msgspec.Struct, frozen=True):
    """values: of the payloads that could be read, without nulls; bare: was one of them a bare scalar?"""

    values: tuple[Any, ...]
    bare: bool


def observe(payloads: Iterable[bytes]) -> Observed:
    """What stands in payloads; one that is no JSON tells nothing."""
    values, bare = [], False
    for payload in payloads:
        try:
            document = msgspec.json.decode(payload)
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
        wrapped = isinstance(document, dict) and "value" in document
        bare = bare or not isinstance(document, dict | list)
        value = document["value"] if wrapped else document
        if value is not None:
            values.append(value)
    return Observed(tuple(values), bare)


def common_type(values: Sequence[Any]) -> AttributeType | None:
    """The narrowest type that takes all of them; None when there is none, or nothing to go by."""
    return joined({type_of(value) for value in values})


def joined(kinds: Set[AttributeType]) -> AttributeType | None:
    """The narrowest type that takes the values of all of these; None when there is none, or nothing to join."""
    if kinds == {AttributeType.INTEGER, AttributeType.NUMBER}:
        return AttributeType.NUMBER
    if kinds == {AttributeType.DATETIME, AttributeType.STRING}:
        return AttributeType.STRING
    return next(iter(kinds)) if len(kinds) == 1 else None


def type_of(value: Any) -> AttributeType:
    """The type of one JSON value that is not null."""
    if isinstance(value, bool):
        return AttributeType.BOOLEAN
    if isinstance(value, int):
        return AttributeType.INTEGER
    if isinstance(value, float):
        return AttributeType.NUMBER
    if isinstance(value, dict):
        return AttributeType.OBJECT
    if isinstance(value, list):
        return AttributeType.ARRAY
    return AttributeType.DATETIME if is_timestamp(value) else AttributeType.STRING

"""What exactly is wrong with a payload? Finds the member, and says what was expected there and what was found."""

import re
from collections.abc import Callable
from typing import Any

from uns.errors import Finding, nearest
from uns.fields import pointer
from uns.registry.attribute import UINT64_MAX, Attribute, AttributeType
from uns.registry.document_check import decode_json
from uns.registry.timestamp import is_timestamp
from uns.samples import Quality

MEMBERS = ("value", "quality", "timestamp")
_EXAMPLE = '{"value": …, "quality": "Good", "timestamp": "2026-11-22T12:00:00.123Z"}'
_WITHOUT_VALUE = (Quality.BAD, Quality.GOOD_NO_DATA)
_QUALITIES = tuple(quality.value for quality in Quality)
_EXPECTED = {
    AttributeType.NUMBER: "a number",
    AttributeType.INTEGER: "an integer",
    AttributeType.BOOLEAN: "true or false",
    AttributeType.STRING: "a string",
    AttributeType.DATETIME: "a time as a string",
}


def compile_diagnosis(attribute: Attribute) -> Callable[[bytes], Finding | None]:
    """The exact check of one attribute that is no document; a few microseconds."""
    pattern = re.compile(attribute.pattern) if attribute.pattern else None

    def diagnose(payload: bytes) -> Finding | None:
        document, finding = decode_json(payload)
        if finding is not None:
            return finding
        if isinstance(document, dict):
            return _object_finding(attribute, pattern, document)
        if attribute.bare and not isinstance(document, list) and document is not None:
            return _value_finding(attribute, pattern, document, "")
        what = f"expected an object with value, quality and timestamp, found {describe(document)}."
        return Finding(id="payload.type", what=what, hint=f"Send {_EXAMPLE}.")

    return diagnose


def describe(value: Any) -> str:
    """A JSON value in words, cut when long: `the string 'hot'`, `the number 21.5`, `null`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"an object with {len(value)} members"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    text = str(value) if len(str(value)) <= 60 else f"{str(value)[:60]}…"
    return f"the string '{text}'" if isinstance(value, str) else f"the number {text}"


def _object_finding(attribute: Attribute, pattern: re.Pattern[str] | None, document: dict[str, Any]) -> Finding | None:
    """Only the value must be there: a device without a clock sends neither quality (Good) nor timestamp (arrival)."""
    return (
        _member_finding(document)
        or _quality_finding(document["value"], document.get("quality", Quality.GOOD))
        or (_timestamp_finding(document["timestamp"]) if "timestamp" in document else None)
        or (None if document["value"] is None else _value_finding(attribute, pattern, document["value"], "/value"))
    )


def _member_finding(document: dict[str, Any]) -> Finding | None:
    """Unknown members are refused: consumers read only these three, so anything else would be lost unseen."""
    for name in document:
        if name not in MEMBERS:
            shown = name if len(name) <= 60 else f"{name[:60]}…"
            return Finding(
                id="payload.unknown_member",
                what=f"the member '{shown}' is not part of the payload (known: {', '.join(MEMBERS)}).",
                where=pointer(shown),
                hint="Remove it, or publish it as an attribute of its own.",
                nearest=nearest(shown, MEMBERS),
            )
    if "value" not in document:
        return Finding(
            id="payload.missing", what="the member 'value' is missing.", where="/value", hint=f"Send {_EXAMPLE}."
        )
    return None


def _quality_finding(value: Any, quality: Any) -> Finding | None:
    known = ", ".join(_QUALITIES)
    if not isinstance(quality, str) or quality not in _QUALITIES:
        return Finding(
            id="payload.quality",
            what=f"expected a quality ({known}), found {describe(quality)}.",
            where="/quality",
            nearest=nearest(quality, _QUALITIES) if isinstance(quality, str) else "",
        )
    if (value is None) == (quality in _WITHOUT_VALUE):
        return None
    if value is None:
        what = f"the value is null, but quality {quality} promises one."
        return Finding(id="payload.quality", what=what, where="/value", hint="Send Bad or GoodNoData with null.")
    what = f"quality {quality} carries no value, found {describe(value)}."
    hint = "Send null, or quality Uncertain for a value that may still be used."
    return Finding(id="payload.quality", what=what, where="/value", hint=hint)


def _timestamp_finding(timestamp: Any) -> Finding | None:
    if isinstance(timestamp, str) and is_timestamp(timestamp):
        return None
    return Finding(
        id="payload.timestamp",
        what=f"expected a time in UTC (RFC 3339), found {describe(timestamp)}.",
        where="/timestamp",
        hint="Write it with T and Z, for example 2026-11-22T12:00:00.123Z.",
    )


def _value_finding(attribute: Attribute, pattern: re.Pattern[str] | None, value: Any, where: str) -> Finding | None:
    if not _is_of_type(attribute.type, value):
        return _type_finding(attribute, value, where)
    if attribute.enum and value not in attribute.enum:
        known = [str(member) for member in attribute.enum]
        what = f"{_name(attribute)} is {describe(value)}, which is not one of {', '.join(known)}."
        hint = "Send a listed value, or add this one in a new version of the model."
        near = nearest(str(value)[:60], known)
        return Finding(id="payload.enum", what=what, where=where, hint=hint, nearest=near)
    if attribute.type is AttributeType.DATETIME and not is_timestamp(value):
        what = f"{_name(attribute)} expects a time in UTC (RFC 3339), found {describe(value)}."
        return Finding(id="payload.format", what=what, where=where, hint="Write it as 2026-11-22T12:00:00.123Z.")
    if attribute.type is AttributeType.STRING:
        return _text_finding(attribute, pattern, value, where)
    return _range_finding(attribute, value, where)


def _is_of_type(kind: AttributeType, value: Any) -> bool:
    if isinstance(value, bool):
        return kind is AttributeType.BOOLEAN
    if kind is AttributeType.NUMBER:
        return isinstance(value, int | float)
    if kind is AttributeType.INTEGER:
        return isinstance(value, int)
    return isinstance(value, str) and kind in (AttributeType.STRING, AttributeType.DATETIME)


def _type_finding(attribute: Attribute, value: Any, where: str) -> Finding:
    unit = f" in {attribute.unit}" if attribute.unit else ""
    what = f"{_name(attribute)} expects {_EXPECTED[attribute.type]}{unit}, found {describe(value)}."
    return Finding(id="payload.type", what=what, where=where, hint=_type_hint(attribute.type, value))


def _type_hint(kind: AttributeType, value: Any) -> str:
    if isinstance(value, str) and kind in (AttributeType.NUMBER, AttributeType.INTEGER, AttributeType.BOOLEAN):
        return "Send the value itself, without quotes."
    if isinstance(value, float) and kind is AttributeType.INTEGER:
        whole = f": {value:.0f}" if value.is_integer() else ""
        return f"Send it without a fraction{whole}; an integer stays exact end to end."
    if kind is AttributeType.STRING:
        return "Put it in quotes."
    if kind is AttributeType.BOOLEAN:
        return "Send true or false."
    return f"Send {_EXPECTED[kind]}."


def _text_finding(attribute: Attribute, pattern: re.Pattern[str] | None, value: str, where: str) -> Finding | None:
    if attribute.max_length is not None and len(value) > attribute.max_length:
        what = f"{_name(attribute)} is {len(value)} characters long, above its maximum of {attribute.max_length}."
        return Finding(id="payload.length", what=what, where=where, hint="Shorten it.")
    if pattern is not None and pattern.search(value) is None:
        what = f"{_name(attribute)} is {describe(value)}, which does not match the pattern {attribute.pattern}."
        return Finding(id="payload.pattern", what=what, where=where, hint="Send a text that matches.")
    return None


def _range_finding(attribute: Attribute, value: Any, where: str) -> Finding | None:
    low, high = attribute.limits
    unit = f" {attribute.unit}" if attribute.unit else ""
    for limit, side, broken in (
        (low, "below its minimum", low is not None and value < low),
        (high, "above its maximum", high is not None and value > high),
    ):
        if broken:
            shown = str(value) if len(str(value)) <= 60 else f"{str(value)[:60]}…"
            return Finding(
                id="payload.range",
                what=f"{_name(attribute)} is {shown}{unit}, {side} of {limit}{unit}.",
                where=where,
                hint=_range_hint(attribute, unit),
            )
    return None


def _range_hint(attribute: Attribute, unit: str) -> str:
    if attribute.type is AttributeType.INTEGER and attribute.min is None and attribute.max is None:
        return (
            "An integer is an Int64 unless its model states min or max; "
            f"a new version of the model with 'max: {UINT64_MAX}' takes every UInt64."
        )
    low, high = attribute.limits
    allowed = {(True, False): f"at least {low}", (False, True): f"at most {high}"}.get(
        (low is not None, high is not None), f"between {low} and {high}"
    )
    return f"Send a value {allowed}{unit}, or widen the limits in a new version of the model."


def _name(attribute: Attribute) -> str:
    return f"'{attribute.path}'" if attribute.path else "the value"

"""Compiles the contract of one attribute into the check that the broker calls for each message.

A good payload costs one typed decode (msgspec), a look at the timestamp, and at the length. Only a payload that fails
is decoded a second time, by `diagnose`, which is the authority: it finds the exact member, or lets the payload pass
after all (a null value with quality Bad, which the quick way does not know).
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from uns.registry.attribute import INT64_MAX, INT64_MIN, Attribute, AttributeType
from uns.registry.binary import compile_binary_check
from uns.registry.diagnose import compile_diagnosis
from uns.registry.document_check import compile_document_check
from uns.registry.quick_check import BareCheck, Check, SampleCheck, TimeSampleCheck

_TYPES: dict[AttributeType, type] = {
    AttributeType.NUMBER: float,
    AttributeType.INTEGER: int,
    AttributeType.BOOLEAN: bool,
    AttributeType.STRING: str,
    AttributeType.DATETIME: datetime,
}
_INT64 = (INT64_MIN, INT64_MAX)


def compile_check(attribute: Attribute) -> Check:
    """The check of payloads on the attribute's topic: None when the payload keeps the contract."""
    if attribute.schema is not None:
        return compile_document_check(attribute.schema)
    if attribute.binary is not None:
        return compile_binary_check(f"'{attribute.path}'", attribute.binary, attribute.max_length)
    diagnose = compile_diagnosis(attribute)
    value_type = _value_type(attribute)
    if value_type is None:
        return diagnose
    decode = msgspec.json.Decoder(_sample_type(value_type)).decode
    is_time = attribute.type is AttributeType.DATETIME
    quotes = 2 if attribute.type is AttributeType.STRING else 0
    quick = TimeSampleCheck(decode, diagnose).check if is_time else SampleCheck(decode, diagnose, quotes).check
    return BareCheck(quick, msgspec.json.Decoder(value_type).decode, is_time).check if attribute.bare else quick


def _sample_type(value_type: Any) -> Any:
    """The value-quality-timestamp object with a value; one without takes the slow way."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("value", value_type),
        ("quality", Literal["Good", "Uncertain"] | msgspec.UnsetType, msgspec.UNSET),
        ("timestamp", datetime | msgspec.UnsetType, msgspec.UNSET),
    ]
    return msgspec.defstruct("Sample", fields, forbid_unknown_fields=True, gc=False)


def _value_type(attribute: Attribute) -> Any:
    """The msgspec type that accepts just the permitted values; None when msgspec has none."""
    if attribute.enum:
        exact = attribute.type is not AttributeType.NUMBER and attribute.limits in ((None, None), _INT64)
        return Literal[attribute.enum] if exact and not attribute.pattern and attribute.max_length is None else None
    low, high = attribute.limits
    if attribute.type is AttributeType.INTEGER and any(
        limit is not None and not INT64_MIN <= limit <= INT64_MAX for limit in (low, high)
    ):
        return None
    if attribute.type in (AttributeType.NUMBER, AttributeType.INTEGER):
        limits = msgspec.Meta(ge=low, le=high)
    elif attribute.type is AttributeType.DATETIME:
        return datetime
    else:
        limits = msgspec.Meta(pattern=attribute.pattern or None, max_length=attribute.max_length)
    return Annotated[_TYPES[attribute.type], limits]

"""Which JSON Schema 2020-12 says what an attribute's or a model's payloads look like?"""

from collections.abc import Iterable
from typing import Any

from uns.registry.attribute import Attribute, AttributeType
from uns.registry.timestamp import PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def value_schema(attribute: Attribute) -> dict[str, Any]:
    """The schema of the value alone; a document's is its own."""
    if attribute.schema is not None:
        return attribute.schema
    schema: dict[str, Any] = {"type": attribute.type.value}
    if attribute.type is AttributeType.DATETIME:
        schema = {"type": "string", "format": "date-time", "pattern": PATTERN}
    low, high = attribute.limits
    stated = {
        "enum": list(attribute.enum) or None,
        "minimum": low,
        "maximum": high,
        "pattern": attribute.pattern or None,
        "maxLength": attribute.max_length,
        "x-unit": attribute.unit or None,
    }
    return schema | {key: value for key, value in stated.items() if value is not None}


def payload_schema(attribute: Attribute) -> dict[str, Any]:
    """The schema of the payload on the attribute's topic: the value-quality-timestamp object, or the document.

    A value is null exactly when the quality is Bad or GoodNoData (i3X 1.0, section 5).
    """
    if attribute.schema is not None:
        return attribute.schema
    if attribute.binary is not None:
        return {"type": "string", "contentEncoding": "base64", "contentMediaType": attribute.binary.content_types[0]}
    value = value_schema(attribute)
    sample: dict[str, Any] = {
        "type": "object",
        "properties": {
            "value": True,
            "quality": {"enum": ["Good", "Uncertain", "Bad", "GoodNoData"]},
            "timestamp": {"type": "string", "format": "date-time", "pattern": PATTERN},
        },
        "required": ["value"],
        "additionalProperties": False,
        "oneOf": [
            {"properties": {"value": value, "quality": {"enum": ["Good", "Uncertain"]}}},
            {
                "properties": {"value": {"type": "null"}, "quality": {"enum": ["Bad", "GoodNoData"]}},
                "required": ["quality"],
            },
        ],
    }
    if attribute.description:
        sample["description"] = attribute.description
    return {"anyOf": [sample, value]} if attribute.bare else sample


def model_schema(ref: str, attributes: Iterable[Attribute], description: str = "") -> dict[str, Any]:
    """One object with a member per attribute path, parts expanded; members are payloads on the asset's subtopics."""
    listed = list(attributes)
    name, _, version = ref.partition("@")
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"urn:uns:model:{name}:{version}",
        "title": ref,
        "type": "object",
        "properties": {attribute.path: payload_schema(attribute) for attribute in listed},
        "required": [attribute.path for attribute in listed if not attribute.optional],
        "additionalProperties": False,
    }
    return schema | {"description": description} if description else schema

"""What is one attribute of a model: its type, unit, limits and how old it may get?"""

import math
import re
from enum import StrEnum
from typing import Any

import msgspec

from uns.errors import nearest
from uns.fields import parse_duration
from uns.registry.binary import Binary, read_binary
from uns.registry.document import Fields
from uns.registry.lifecycle import read_semantic_id
from uns.registry.units import unit_fault

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
UINT64_MAX = 2**64 - 1


class AttributeType(StrEnum):
    """The JSON type of the value. `object` and `array` are documents: a JSON Schema says what they hold.

    `bytes` is no JSON at all: the payload is what its content type says.
    """

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    STRING = "string"
    DATETIME = "datetime"
    OBJECT = "object"
    ARRAY = "array"
    BYTES = "bytes"


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One value that an asset publishes.

    path: topic levels below the asset, `/` between them; "" when the asset's own topic takes the document.
    unit: a UCUM code; min, max: inclusive limits of a number or integer. An integer without limits is an Int64.
    max_age_ms: not heard for so long, by the clock of the platform, a Good value counts as Uncertain.
    deadband: smallest change worth reporting.
    writable: may be commanded. optional: an asset may lack it. bare: a bare scalar is accepted as payload.
    schema: JSON Schema 2020-12 of the whole payload; only documents have one.
    semantic_id: IRI or IRDI of the concept. binary: only for bytes, and then `max_length` counts bytes.
    """

    path: str
    type: AttributeType
    unit: str = ""
    min: int | float | None = None
    max: int | float | None = None
    enum: tuple[str | int | float, ...] = ()
    pattern: str = ""
    max_length: int | None = None
    max_age_ms: int | None = None
    deadband: float | None = None
    writable: bool = False
    optional: bool = False
    bare: bool = False
    description: str = ""
    schema: dict[str, Any] | None = None
    semantic_id: str = ""
    binary: Binary | None = None

    @property
    def limits(self) -> tuple[int | float | None, int | float | None]:
        """The limits that payloads are held to: the stated ones, and Int64 for an integer that states none."""
        if self.type is not AttributeType.INTEGER:
            return self.min, self.max
        return INT64_MIN if self.min is None else self.min, INT64_MAX if self.max is None else self.max


_ONLY_INSIDE = ("path", "max_age_ms", "binary")
KEYS = (
    *(name for name in Attribute.__struct_fields__ if name not in _ONLY_INSIDE),
    "max_age",
    *("content_type", "message", "descriptor"),
)
_ALIASES = {
    "float": "number", "double": "number", "real": "number", "int": "integer", "int64": "integer", "bool": "boolean",
    "str": "string", "text": "string", "date-time": "datetime", "timestamp": "datetime",
    "binary": "bytes", "blob": "bytes", "protobuf": "bytes",
}  # fmt: skip
_DOCUMENTS = (AttributeType.OBJECT, AttributeType.ARRAY)
_ONLY_FOR = {
    "unit": (AttributeType.NUMBER, AttributeType.INTEGER),
    "min": (AttributeType.NUMBER, AttributeType.INTEGER),
    "max": (AttributeType.NUMBER, AttributeType.INTEGER),
    "deadband": (AttributeType.NUMBER, AttributeType.INTEGER),
    "enum": (AttributeType.NUMBER, AttributeType.INTEGER, AttributeType.STRING),
    "pattern": (AttributeType.STRING,),
    "max_length": (AttributeType.STRING, AttributeType.BYTES),
    "bare": tuple(kind for kind in AttributeType if kind not in (*_DOCUMENTS, AttributeType.BYTES)),
    "schema": _DOCUMENTS,
    "content_type": (AttributeType.BYTES,),
    "message": (AttributeType.BYTES,),
    "descriptor": (AttributeType.BYTES,),
}


def path_fault(path: str) -> str:
    """Why a text cannot be topic levels below an asset, or an empty string."""
    if not all(path.split("/")):
        return "it has an empty level"
    if path[0] == "$":
        return "it begins with $"
    if any(char in "+#" or not char.isprintable() for char in path):
        return "it holds a wildcard (+ or #) or a control character"
    return ""


def read_attribute(path: str, fields: Fields) -> Attribute | None:
    """One entry of a model's `attributes`; None, with findings noted, when it is wrong."""
    before = len(fields.findings)
    fault = path_fault(path)
    if fault:
        fields.refuse("model.attribute_name", None, f"'{path}' cannot be topic levels: {fault}.")
    kind = _read_type(fields)
    if kind is None:
        return None
    for key, kinds in _ONLY_FOR.items():
        if fields.has(key) and kind not in kinds:
            fields.refuse("model.key_for_type", key, f"'{key}' has no meaning for type {kind}.", hint="Remove it.")
    attribute = Attribute(
        path=path,
        type=kind,
        unit=_read_unit(fields),
        min=_read_limit(fields, "min", kind),
        max=_read_limit(fields, "max", kind),
        enum=_read_enum(fields, kind),
        pattern=_read_pattern(fields),
        max_length=fields.integer("max_length"),
        max_age_ms=_read_max_age(fields),
        deadband=_read_finite(fields, "deadband"),
        writable=fields.flag("writable"),
        optional=fields.flag("optional"),
        bare=fields.flag("bare"),
        description=fields.text("description"),
        schema=fields.mapping("schema") if kind in _DOCUMENTS else None,
        semantic_id=read_semantic_id(fields),
        binary=read_binary(fields) if kind is AttributeType.BYTES else None,
    )
    _check_limits(attribute, fields)
    return attribute if len(fields.findings) == before else None


def _read_type(fields: Fields) -> AttributeType | None:
    schema = fields.document.get("schema")
    word = fields.text("type")
    if not word and isinstance(schema, dict):
        word = "array" if schema.get("type") == "array" else "object"
    if not word:
        if fields.document.get("type") is None:
            fields.require("type")
        return None
    if word not in list(AttributeType):
        known = ", ".join(AttributeType)
        meant = _ALIASES.get(word.casefold()) or nearest(word, AttributeType)
        fields.refuse("model.type", "type", f"'{word}' is not a type (known: {known}).", nearest=meant)
        return None
    kind = AttributeType(word)
    if kind in _DOCUMENTS and not isinstance(schema, dict):
        what = f"type {kind} needs a 'schema' that says what it holds."
        fields.refuse("model.schema", "type", what, hint="Add a JSON Schema 2020-12 as 'schema:'.")
        return None
    return kind


def _read_unit(fields: Fields) -> str:
    unit = fields.text("unit")
    fault, meant = unit_fault(unit) if unit else ("", "")
    if fault:
        fields.refuse("model.unit", "unit", f"{fault}.", hint="Units are UCUM codes, see ucum.org.", nearest=meant)
    return unit


def _read_limit(fields: Fields, key: str, kind: AttributeType) -> int | float | None:
    if kind is AttributeType.INTEGER:
        return fields.integer(key)
    return _read_finite(fields, key)


def _read_finite(fields: Fields, key: str) -> int | float | None:
    value = fields.number(key)
    if value is not None and not math.isfinite(value):
        fields.refuse("model.range", key, f"'{key}' must be a finite number.", hint="Leave it out if there is none.")
        return None
    return value


def _read_enum(fields: Fields, kind: AttributeType) -> tuple[str | int | float, ...]:
    values = fields.items("enum")
    if fields.has("enum") and not values:
        fields.refuse("model.enum", "enum", "'enum' lists no value.", hint="List the permitted values.")
    wanted = {AttributeType.STRING: str, AttributeType.INTEGER: int}.get(kind, (int, float))
    for value in values:
        if not isinstance(value, wanted) or isinstance(value, bool):
            hint = "Quote it to make it text." if kind is AttributeType.STRING else ""
            fields.refuse("model.enum", "enum", f"the enum value {value!r} is not of type {kind}.", hint=hint)
            return ()
        if isinstance(value, float) and not math.isfinite(value):
            fields.refuse("model.enum", "enum", f"the enum value {value!r} is none that JSON can hold.")
            return ()
    if len(set(values)) < len(values):
        fields.refuse("model.enum", "enum", "an enum value stands twice.", hint="List each value once.")
    return tuple(values)


def _read_pattern(fields: Fields) -> str:
    pattern = fields.text("pattern")
    try:
        re.compile(pattern)
    except re.error as error:
        fields.refuse("model.pattern", "pattern", f"'{pattern}' is no regular expression: {error}.")
    return pattern


def _read_max_age(fields: Fields) -> int | None:
    stated = fields.document.get("max_age")
    if stated is None:
        return None
    try:
        max_age_ms = int(parse_duration(stated if isinstance(stated, int | float) else str(stated)))
    except ValueError as error:
        fields.refuse("model.duration", "max_age", f"{error}.")
        return None
    if max_age_ms == 0:
        hint = "Write for example 5s, or leave it out if the value may get as old as it likes."
        fields.refuse("model.duration", "max_age", "'max_age' is 0: every value would be too old.", hint=hint)
        return None
    return max_age_ms


def _check_limits(attribute: Attribute, fields: Fields) -> None:
    low, high = attribute.min, attribute.max
    if low is not None and high is not None and low > high:
        fields.refuse("model.range", "min", f"min {low} is above max {high}.", hint="Swap or correct them.")
    for key in ("max_length", "deadband"):
        value = getattr(attribute, key)
        if value is not None and value < 0:
            fields.refuse("model.range", key, f"'{key}' must not be negative.")

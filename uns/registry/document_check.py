"""Does a JSON document keep a hand-written JSON Schema 2020-12? (jsonschema-rs; no reference is ever fetched)"""

from collections.abc import Callable
from typing import Any

import jsonschema_rs
import msgspec

from uns.errors import Finding, shorten
from uns.registry.pointer import join_pointer, to_pointer
from uns.registry.repeated import repeated_member

_decode = msgspec.json.Decoder().decode
_IDS = {
    "type": "payload.type",
    "enum": "payload.enum",
    "const": "payload.enum",
    "minimum": "payload.range",
    "maximum": "payload.range",
    "exclusiveMinimum": "payload.range",
    "exclusiveMaximum": "payload.range",
    "multipleOf": "payload.range",
    "minLength": "payload.length",
    "maxLength": "payload.length",
    "minItems": "payload.length",
    "maxItems": "payload.length",
    "pattern": "payload.pattern",
    "format": "payload.format",
    "required": "payload.missing",
    "additionalProperties": "payload.unknown_member",
    "unevaluatedProperties": "payload.unknown_member",
}


def _validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)


def schema_fault(schema: dict[str, Any]) -> str:
    """Why a document is no usable JSON Schema 2020-12, or an empty string."""
    try:
        _validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        reason = getattr(error, "message", "") or str(error).splitlines()[0]
        return f"it is not a valid JSON Schema 2020-12: {reason}"
    return ""


def compile_document_check(schema: dict[str, Any]) -> Callable[[bytes], Finding | None]:
    """The check of payloads that are documents; about a microsecond for a small one that passes."""
    validator = _validator(schema)
    is_valid, iter_errors = validator.is_valid, validator.iter_errors

    def check(payload: bytes) -> Finding | None:
        document, finding = decode_json(payload)
        if finding is not None or is_valid(document):
            return finding
        return _finding_of(next(iter(iter_errors(document))))

    return check


def decode_json(payload: bytes) -> tuple[Any, Finding | None]:
    """(the JSON value, None), or (None, why the payload is none, or holds a member twice). (RFC 8259)"""
    try:
        document = _decode(payload)
        repeated = repeated_member(payload, document)
        return (document, None) if repeated is None else (None, _repeated_finding(repeated))
    except UnicodeDecodeError as error:
        what = f"the payload is not UTF-8: {error.reason} at byte {error.start}."
        return None, Finding(id="payload.encoding", what=what, hint="JSON is exchanged in UTF-8 (RFC 8259, 8.1).")
    except RecursionError:
        return None, Finding(id="payload.json", what="the payload is nested too deeply.", hint="Flatten it.")
    except msgspec.ValidationError:
        what = "the payload holds a number that is too large for a double."
        return None, Finding(id="payload.range", what=what, hint="Send null with quality Bad, or a string.")
    except (msgspec.DecodeError, ValueError) as error:
        return None, Finding(id="payload.json", what=_json_fault(payload, str(error)), hint=_json_hint(payload))


def _repeated_finding(name: str) -> Finding:
    return Finding(
        id="payload.duplicate",
        what=f"the member '{shorten(name, 60)}' stands twice in one object, and consumers differ in which they read.",
        hint="Send each member once.",
    )


def _json_fault(payload: bytes, reason: str) -> str:
    if not payload:
        return "the payload is empty."
    if b"\0" in payload or not _is_utf8(payload):
        return "the payload is binary, not JSON."
    start = payload[:40].decode(errors="replace")
    return f"the payload is not JSON: {reason.removeprefix('JSON is malformed: ')}. It begins with '{start}'."


def _json_hint(payload: bytes) -> str:
    if payload[:3] == b"\xef\xbb\xbf":
        return "Remove the byte order mark at the start."
    if b"NaN" in payload or b"Infinity" in payload:
        return "JSON has no NaN or Infinity: send null with quality Bad."
    return 'Send JSON such as {"value": 21.4, "quality": "Good", "timestamp": "2026-11-22T12:00:00.123Z"}.'


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _finding_of(error: jsonschema_rs.ValidationError) -> Finding:
    keyword = error.kind.name
    where = to_pointer(error.instance_path)
    for member in getattr(error.kind, "unexpected", ())[:1]:
        where = join_pointer(where, member)
    if keyword == "required":
        where = join_pointer(where, str(error.kind.value))
    rule = to_pointer(error.schema_path)
    message = error.message if len(error.message) <= 300 else f"{error.message[:300]}…"
    return Finding(
        id=_IDS.get(keyword, "payload.schema"),
        what=f"at {where or 'the root'}: {message}.",
        where=where,
        hint=f"The rule is {rule} of the document's schema.",
    )

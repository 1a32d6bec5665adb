"""How is a mapping from a file read into a struct, so that each wrong key is named with its place and its cure?

The struct declares the keys once: name, type and default. Scalars may arrive as text (`"502"`), because an
environment variable put there is text.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from uns.errors import Finding, nearest

T = TypeVar("T", bound=msgspec.Struct)

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


class Milliseconds(int):
    """A span of time in a file: `250ms`, `1s`, `5min`, `2h`, `1d`; a bare number means seconds."""


def parse_duration(text: str | float) -> Milliseconds:
    """A span of time to milliseconds; ValueError when it is none, or is negative."""
    if isinstance(text, bool):
        raise ValueError(f"{text} is no span of time; write for example 500ms, 1s or 5min")
    if isinstance(text, int | float):
        text = f"{text}s"
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        match = _DURATION.fullmatch(text.strip() + "s")
    if match is None:
        raise ValueError(f"'{text}' is no span of time; write for example 500ms, 1s or 5min")
    return Milliseconds(round(float(match[1]) * _UNIT_MS[match[2]]))


def pointer(*parts: str) -> str:
    """A JSON pointer (RFC 6901) from its unescaped parts."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def read_fields(
    kind: type[T], document: Mapping[str, Any], where: str = "", *, family: str = "source", also: Iterable[str] = ()
) -> tuple[T | None, list[Finding]]:
    """Build `kind` from a mapping; None and every finding when something is wrong.

    where: JSON pointer of the mapping in its file. also: keys that somebody else reads, known but skipped here.
    Findings: `{family}.unknown_key`, `{family}.missing_key`, `{family}.wrong_value`.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    findings = [_unknown(key, [*fields, *also], where, family) for key in document if key not in {*fields, *also}]
    values: dict[str, Any] = {}
    for key, field in fields.items():
        if key not in document:
            if field.required:
                findings.append(_missing(key, document, where, family))
            continue
        if document[key] is None and not field.required:
            continue  # `username:` with nothing behind it: not set
        try:
            values[field.name] = msgspec.convert(document[key], field.type, strict=False, dec_hook=_decode)
        except (msgspec.ValidationError, ValueError) as error:
            findings.append(_wrong(key, document[key], error, where, family))
    return (None, findings) if findings else (kind(**values), [])


def _decode(kind: type[Any], value: Any) -> Any:
    if kind is Milliseconds:
        if not isinstance(value, str | int | float):
            raise ValueError("write a span of time, for example 500ms, 1s or 5min")
        return parse_duration(value)
    raise NotImplementedError(f"no rule to read a {kind.__name__} from a file")


def _unknown(key: str, known: Iterable[str], where: str, family: str) -> Finding:
    known = list(known)
    return Finding(
        id=f"{family}.unknown_key",
        what=f"'{key}' is not a key here (known: {', '.join(sorted(known))}).",
        where=where + pointer(key),
        nearest=nearest(key, known),
        hint="Correct its spelling or remove it.",
    )


def _missing(key: str, document: Mapping[str, Any], where: str, family: str) -> Finding:
    near = nearest(key, (str(present) for present in document))
    return Finding(
        id=f"{family}.missing_key",
        what=f"the key '{key}' is missing" + (f"; there is '{near}'." if near else "."),
        where=where,
        hint=f"Rename '{near}' to '{key}'." if near else f"Add '{key}'.",
    )


def _wrong(key: str, value: Any, error: Exception, where: str, family: str) -> Finding:
    return Finding(
        id=f"{family}.wrong_value",
        what=f"'{key}' is {value!r}: {str(error).replace('`', '')}.",
        where=where + pointer(key),
        hint="Correct the value.",
    )

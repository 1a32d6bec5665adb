"""Which member stands twice in an object of a JSON document? RFC 8259 leaves open which one counts (section 4)."""

import json
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


class _Repeated(Exception):
    """Found, by its name."""


def repeated_member(payload: bytes, document: Any) -> str | None:
    """The name of a member that its object holds twice, or None. document: what the payload was decoded to.

    What a repeated member loses in decoding shows when the document is written again: there are fewer quotation marks.
    Only a payload where they differ, or with escapes, is read a second time.
    """
    if not isinstance(document, dict | list):
        return None
    if b"\\" not in payload and payload.count(b'"') == _encode(document).count(b'"'):
        return None
    try:
        _read(payload.decode())
    except _Repeated as found:
        return str(found)
    return None


def _once(members: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in members:
        if name in names:
            raise _Repeated(name)
        names.add(name)


_read = json.JSONDecoder(object_pairs_hook=_once, parse_int=len, parse_float=len).decode

"""How is a value written in a plant file, so that it is read back as it was?"""

import re
from collections.abc import Iterable
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@-]*|[0-9]+[smh]")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.,{}/-]*")
_WORDS = frozenset({"null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def key_text(key: str) -> str:
    """A key of a block mapping; quoted where it must be."""
    return key if _PLAIN_KEY.fullmatch(key) and key not in _WORDS else _quoted(key)


def flow_text(value: Any) -> str:
    """A value on one line: `{type: number, enum: [a, b]}`. `${` is escaped, which would be a variable."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_name(name)}: {flow_text(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow_text, value)) + "]"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and value not in _WORDS else _quoted(value.replace("${", "$${"))
    return repr(value)


def block_lines(value: dict[str, Any], indent: int) -> Iterable[str]:
    """The members of a mapping, one a line; mappings below are blocks too, lists are written on one line."""
    pad = " " * indent
    for name, member in value.items():
        if isinstance(member, dict) and member and len(pad) + len(flow_text(member)) > 90:
            yield f"{pad}{key_text(name)}:"
            yield from block_lines(member, indent + 2)
        else:
            yield f"{pad}{key_text(name)}: {flow_text(member)}"


def comment(text: str) -> str:
    """A text as a comment at the end of a line; a topic may hold what would end the comment."""
    return "# " + "".join(char if char.isprintable() else "?" for char in text)


def _name(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name not in _WORDS else _quoted(name)


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(char) or (char if char.isprintable() else _code(char)) for char in text) + '"'


def _code(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"

"""Where in a document? JSON pointers (RFC 6901)."""

from collections.abc import Iterable

from uns.fields import pointer


def join_pointer(base: str, *parts: str | int) -> str:
    """A pointer below another: `join_pointer("/attributes", "speed/setpoint")` is `/attributes/speed~1setpoint`."""
    return base + pointer(*map(str, parts))


def to_pointer(parts: Iterable[str | int]) -> str:
    """The pointer of a path of member names and array indexes; the empty path is the whole document, ""."""
    return join_pointer("", *parts)


def parent_pointer(pointer: str) -> str:
    """The pointer of the enclosing object or array; the document's own is ""."""
    return pointer.rpartition("/")[0]

"""Where does the next page begin? A cursor is a path that a client hands back unread."""

import base64
import binascii

from uns.errors import Finding, UnsError


def encode_cursor(path: str) -> str:
    """The cursor that continues behind a path."""
    return base64.urlsafe_b64encode(path.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, below: str) -> str:
    """The path in a cursor; UnsError `request.cursor` unless it lies below the path `below` ("" is the root)."""
    try:
        path = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        path = ""
    if path and (not below or path.startswith(below + "/")):
        return path
    raise UnsError(
        Finding(
            id="request.cursor",
            what=f"'{cursor[:80]}' is no cursor of this listing.",
            where="cursor",
            hint="Hand back `next` of the page before unchanged, with the same path, or leave it out to start anew.",
        )
    )

"""In which order do people expect names? `line2` before `line10`, capitals beside small letters."""

import re

_replace_digits = re.compile(r"\d+").sub


def natural_key(name: str) -> str:
    """Sort key: runs of digits compare as numbers, the rest by folded case, and equal names by code point.

    One string, so that a hundred thousand names sort in a tenth of a second.
    """
    return f"{_replace_digits(_number, name.casefold())}\0{name}"


def _number(found: re.Match[str]) -> str:
    # The count of significant digits goes first; a topic has at most 65535 characters.
    digits = found[0].lstrip("0")
    return f"{len(digits):05d}{digits}"

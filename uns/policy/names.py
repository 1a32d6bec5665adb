"""Which names does one entry of the tree stand for? `line{1..12}` is twelve, `~press[0-9]+` is every one that fits."""

import re
from itertools import product

PATTERN_SIGN = "~"
"""Begins a key of the tree that is a pattern."""
LONGEST_NAME = 64
"""Characters; a longer name fits no pattern, so that matching has a bound."""
LONGEST_PATTERN = 200
MOST_REPEATS = 3
"""Of one alternative: with `LONGEST_NAME` it bounds the steps of a match that fails to a fraction of a millisecond."""

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[0-9]*,?[0-9]*\}|.", re.DOTALL)


def is_wildcard(name: str) -> bool:
    """Does a key stand for several names, as `line{1..12}` does?"""
    return not is_pattern(name) and ("{" in name or "}" in name)


def is_pattern(name: str) -> bool:
    return name.startswith(PATTERN_SIGN)


def expansion_fault(name: str) -> str:
    """Why a wildcard cannot be expanded, or an empty string."""
    texts, groups = _parts(name)
    if any("{" in text or "}" in text for text in texts):
        return "a brace is not closed, not opened, or stands within another"
    for group in groups:
        found = _RANGE.fullmatch(group)
        if found is None and ".." in group:
            return f"'{{{group}}}' is no range of whole numbers"
        if found is not None and int(found[1]) > int(found[2]):
            return f"the range '{{{group}}}' runs backwards"
        if found is None and not all(group.split(",")):
            return f"'{{{group}}}' holds an empty name"
    return ""


def expansion_size(name: str) -> int:
    """How many names a wildcard without fault stands for; nothing is built for the answer."""
    size = 1
    for group in _parts(name)[1]:
        found = _RANGE.fullmatch(group)
        size *= int(found[2]) - int(found[1]) + 1 if found else group.count(",") + 1
    return size


def expand(name: str) -> list[str]:
    """The names of a wildcard without fault, in order. `{01..12}` keeps its zeros, `{a,b}` is a list."""
    texts, groups = _parts(name)
    choices = [_members(group) for group in groups]
    names = []
    for picked in product(*choices):
        parts = [texts[0]]
        for choice, text in zip(picked, texts[1:], strict=True):
            parts += (choice, text)
        names.append("".join(parts))
    return names


def compile_pattern(name: str) -> re.Pattern[str]:
    """The expression of a key such as `~press[0-9]+`. Raises ValueError, with the reason, for one that is not safe.

    Without groups, and with few repeats, no name can make the match slow: no other check is needed while it runs.
    """
    text = name.removeprefix(PATTERN_SIGN)
    if not text or len(text) > LONGEST_PATTERN:
        raise ValueError(f"it has to have 1 to {LONGEST_PATTERN} characters")
    repeats = 0
    for token in _TOKEN.findall(text):
        if token in ("(", ")"):
            raise ValueError("it holds a group; '|' between whole patterns, and classes such as [ab], do without")
        if "/" in token:
            raise ValueError("it holds '/', and a name is a single level")
        if token == "|":
            repeats = 0
        elif token in ("*", "+", "?") or (token[0] == "{" and len(token) > 2):
            repeats += "," in token or token[0] != "{"
        if repeats > MOST_REPEATS:
            raise ValueError(f"it repeats more than {MOST_REPEATS} times (*, +, ? or {{m,n}})")
    try:
        return re.compile(text)
    except (re.error, OverflowError) as error:
        raise ValueError(str(error)) from None


def fits(pattern: re.Pattern[str], name: str) -> bool:
    return len(name) <= LONGEST_NAME and pattern.fullmatch(name) is not None


def _parts(name: str) -> tuple[list[str], list[str]]:
    """(the texts around the braces, what stands in each pair)"""
    parts = _BRACES.split(name)
    return parts[::2], parts[1::2]


def _members(group: str) -> list[str]:
    found = _RANGE.fullmatch(group)
    if found is None:
        return group.split(",")
    first, last = found[1], found[2]
    padded = first[0] == "0" and len(first) > 1
    width = len(first) if padded else 0
    return [str(number).zfill(width) for number in range(int(first), int(last) + 1)]

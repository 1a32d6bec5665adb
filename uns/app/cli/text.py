"""How do values, spans of time and findings read for a person on a terminal?"""

import json
import textwrap
import unicodedata
from collections.abc import Iterator
from typing import Any

from uns.samples import parse_timestamp

NO_VALUE = "–"
PROSE_WIDTH = 100
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))


def printable(text: str) -> str:
    """Text from the network without what a terminal would obey: control characters are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def value_text(value: Any, *, exact: bool = False) -> str:
    """A value on one line. Floats are cut to six significant digits unless `exact`."""
    if value is None:
        return NO_VALUE
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float) and not exact:
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.1f}"
    return printable(json.dumps(value, ensure_ascii=False))


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def shortened(text: str, width: int) -> str:
    """At most `width` columns; what is cut shows as an ellipsis."""
    if width_of(text) <= width:
        return text
    kept = text[: max(0, width - 1)]
    while width_of(kept) >= width and kept:
        kept = kept[:-1]
    return kept + "…"


def width_of(text: str) -> int:
    """Columns on a terminal: wide characters (UAX 11) take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def span_text(span_ms: int) -> str:
    """`0 s`, `12 s`, `3 min`, `2 h`, `5 d`: the largest unit that fits, rounded down."""
    for unit_ms, unit in _UNITS:
        if span_ms >= unit_ms:
            return f"{span_ms // unit_ms} {unit}"
    return "0 s"


def age_text(timestamp: str | None, now_ms: int) -> str:
    """How long ago; empty for a time that is not known. A clock ahead of ours counts as now."""
    return "" if not timestamp else span_text(max(0, now_ms - parse_timestamp(timestamp)))


def ago_text(timestamp: str | None, now_ms: int) -> str:
    """`just now`, or `12 s ago`."""
    age = age_text(timestamp, now_ms)
    return "just now" if age == span_text(0) else f"{age} ago"


def moment_text(timestamp: str | None) -> str:
    """`2026-11-22 12:00:00.123Z`."""
    return (timestamp or "").replace("T", " ")


def wrapped(text: str, indent: str = "", width: int = PROSE_WIDTH) -> Iterator[str]:
    """Prose in lines of at most `width`; a topic is never broken apart."""
    yield from textwrap.wrap(
        printable(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def finding_lines(
    finding: dict[str, Any], indent: str = "  ", width: int = PROSE_WIDTH, topic: str = ""
) -> Iterator[str]:
    """What is wrong, what was probably meant and what to do. A topic that stands above anyway is left out."""
    what = finding["what"].removeprefix(f"'{topic}' — ")
    if finding.get("where", "").startswith("/") and finding["where"] not in what:
        what = f"{what.removesuffix('.')} (at {finding['where']})."
    yield from wrapped(what, indent, width)
    if finding.get("nearest"):
        yield from wrapped(f"Did you mean '{finding['nearest']}'?", indent, width)
    if finding.get("hint"):
        yield from wrapped(finding["hint"], indent, width)

"""Is this text a time as the namespace writes it: RFC 3339, UTC, ending in `Z`?"""

from datetime import datetime

PATTERN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$"

_parse = datetime.fromisoformat


def is_timestamp(text: str) -> bool:
    """True for `2026-11-22T12:00:00.123Z`; at most nine digits of a second.

    `fromisoformat` alone also reads week dates, commas and missing colons, so the separators are looked at first.
    """
    if not 20 <= len(text) <= 30 or text[-1] != "Z" or text[10] != "T" or text[19] not in ".Z":
        return False
    if text[7] != "-" or text[16] != ":" or text[-2] == ".":
        return False
    try:
        _parse(text)
    except ValueError:
        return False
    return text[11:13] != "24"  # Python 3.13 reads it as the next midnight; RFC 3339 knows no hour 24

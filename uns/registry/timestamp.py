"""Is this text a time as the namespace takes it: RFC 3339, in UTC?"""

from datetime import UTC, datetime

import msgspec

PATTERN = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]00:?00)$"


def is_timestamp(text: str) -> bool:
    """True for `2026-11-22T12:00:00.123Z` and what else RFC 3339 allows for the same moment, `+00:00` for instance.

    The platform itself writes `T`, milliseconds and `Z`. The rule is the decoder's own, so that the quick check of a
    message and this one cannot differ.
    """
    try:
        return msgspec.convert(text, datetime).tzinfo is UTC
    except msgspec.ValidationError:
        return False

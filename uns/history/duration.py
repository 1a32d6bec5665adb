"""How long is the `10m` of a request? The grammar of the plant directory, answered with a finding."""

from uns import fields
from uns.errors import Finding, UnsError


def parse_duration(text: str) -> int:
    """Milliseconds of `500ms`, `10s`, `5m`, `1h` or `7d`; UnsError `request.duration` for anything else and for 0."""
    try:
        duration_ms = int(fields.parse_duration(text))
    except ValueError:
        duration_ms = 0
    if duration_ms == 0:
        raise UnsError(
            Finding(
                id="request.duration",
                what=f"'{text}' is no duration.",
                hint="Write a number above 0 and a unit (ms, s, m, h, d), for example 500ms, 10s or 7d.",
            )
        )
    return duration_ms

"""RFC 3339 in UTC, and nothing else."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.registry.timestamp import PATTERN, is_timestamp
from uns.samples import format_timestamp


@given(st.integers(0, 253_402_300_799_999))
def test_what_the_platform_writes_is_accepted(timestamp_ms: int) -> None:
    assert is_timestamp(format_timestamp(timestamp_ms))


@given(st.from_regex(r"[0-9WTt:.,Zz +-]{18,31}", fullmatch=True) | st.from_regex(PATTERN) | st.text(max_size=32))
def test_accepted_exactly_when_pattern_and_calendar_agree(text: str) -> None:
    expected = re.fullmatch(PATTERN, text, re.ASCII) is not None and not text.endswith("\n")
    if expected:
        try:
            datetime.strptime(f"{text[:10]}T{text[11:19]}", "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            expected = False
        if text[17:19] in ("60", "61") or text.startswith(
            "9999-12-31"
        ):  # leap seconds; rounding over the calendar's end
            return
    assert is_timestamp(text) == expected


@pytest.mark.parametrize(
    "text", ["2026-11-22T12:00:00.Z", "2026-11-22T13:00:00+01:00", "2026-11-22T12:00:00", "20261122T120000Z"]
)
def test_refused(text: str) -> None:
    assert not is_timestamp(text)

"""Durations in requests."""

import pytest

from uns.errors import UnsError
from uns.history import parse_duration


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("500ms", 500), ("10s", 10_000), ("10m", 600_000), ("1h", 3_600_000), ("7d", 604_800_000)],
)
def test_good(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "s", "0s", "-5s", "10 years", "1e3s", "10s5", "NaNs"])
def test_bad(text: str) -> None:
    with pytest.raises(UnsError) as raised:
        parse_duration(text)
    assert raised.value.finding.id == "request.duration"
    assert f"'{text}'" in raised.value.finding.what

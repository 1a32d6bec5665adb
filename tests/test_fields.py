"""Mappings from files into structs."""

from enum import StrEnum
from typing import Any

import msgspec
import pytest

from uns.fields import Milliseconds, parse_duration, pointer, read_fields


class Colour(StrEnum):
    RED = "red"


class Options(msgspec.Struct):
    name: str
    count: int = 1
    share: float = 0.5
    on: bool = False
    colour: Colour = Colour.RED
    poll: Milliseconds = Milliseconds(1000)
    other: Milliseconds | None = None


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        *[("250ms", 250), ("1s", 1000), ("1.5 s", 1500), ("5min", 300_000), ("5m", 300_000), ("2h", 7_200_000)],
        *[("1d", 86_400_000), (2, 2000), (0.25, 250), ("3", 3000), ("0s", 0)],
    ],
)
def test_spans_of_time(text: Any, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1 week", "s", True, "nan"])
def test_what_is_no_span_of_time(text: Any) -> None:
    with pytest.raises(ValueError, match="no span of time"):
        parse_duration(text)


def test_scalars_may_be_text_and_defaults_fill_in() -> None:
    document = {"name": "a", "count": "7", "share": "0.25", "on": "true", "poll": "2s", "other": "10ms"}
    options, findings = read_fields(Options, document)
    assert findings == []
    assert options == Options("a", 7, 0.25, True, Colour.RED, Milliseconds(2000), Milliseconds(10))


def test_a_key_with_nothing_behind_it_is_not_set() -> None:
    assert read_fields(Options, {"name": "a", "count": None}) == (Options("a"), [])


def test_every_wrong_key_is_found_at_once() -> None:
    document = {"nam": "a", "count": "many", "colour": "blue", "poll": [1], "ours": 1}
    options, findings = read_fields(Options, document, "/at/x", family="model", also=["ours"])
    assert options is None
    assert sorted((finding.id, finding.where) for finding in findings) == [
        ("model.missing_key", "/at/x"),
        ("model.unknown_key", "/at/x/nam"),
        ("model.wrong_value", "/at/x/colour"),
        ("model.wrong_value", "/at/x/count"),
        ("model.wrong_value", "/at/x/poll"),
    ]
    by_where = {finding.where: finding for finding in findings}
    assert by_where["/at/x/nam"].nearest == "name"
    assert by_where["/at/x"].hint == "Rename 'nam' to 'name'."


def test_pointers_are_escaped() -> None:
    assert pointer("devices", "a/b", "c~d") == "/devices/a~1b/c~0d"

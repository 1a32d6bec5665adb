"""How values, ages and findings read for a person."""

import pytest

from uns.app.cli.text import (
    age_text,
    ago_text,
    finding_lines,
    printable,
    shortened,
    span_text,
    value_text,
    width_of,
)

NOON = "2026-11-22T12:00:00.000Z"
NOON_MS = 1_795_348_800_000

VALUES = [
    (None, "–", "–"),
    (True, "true", "true"),
    (4711, "4711", "4711"),
    (9007199254740993, "9007199254740993", "9007199254740993"),
    (21.4, "21.4", "21.4"),
    (4.957692307, "4.95769", "4.957692307"),
    (1234567.89, "1234567.9", "1234567.89"),
    ("execute", "execute", "execute"),
    ("5", "5", "5"),
    ({"a": [1]}, '{"a": [1]}', '{"a": [1]}'),
    ("a\nb\x1b[31m", "a\\nb\\x1b[31m", "a\\nb\\x1b[31m"),
]


@pytest.mark.parametrize(("value", "short", "exact"), VALUES)
def test_values(value, short, exact):
    assert value_text(value) == short
    assert value_text(value, exact=True) == exact


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [(0, "0 s"), (999, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (7_199_000, "1 h"), (172_800_000, "2 d")],
)
def test_spans(span_ms, text):
    assert span_text(span_ms) == text


def test_ages():
    assert age_text(NOON, NOON_MS + 12_345) == "12 s"
    assert age_text(NOON, NOON_MS - 5000) == "0 s"
    assert age_text(None, NOON_MS) == ""
    assert ago_text(NOON, NOON_MS + 900) == "just now"
    assert ago_text(NOON, NOON_MS + 61_000) == "1 min ago"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("充填機械", 8, "充填機械"),
        ("充填機械", 6, "充填…"),
        ("", 0, ""),
    ],
)
def test_shortened_to_columns(text, width, shown):
    assert shortened(text, width) == shown
    assert width_of(shown) <= width


def test_printable_leaves_other_scripts_alone():
    assert printable("Füller 充填 °C") == "Füller 充填 °C"


def test_a_finding_has_what_where_and_what_to_do():
    finding = {
        "id": "payload.range",
        "what": "'a/b' — 900 is too much.",
        "where": "/value",
        "nearest": "90",
        "hint": "Send less.",
    }
    assert list(finding_lines(finding, "  ", topic="a/b")) == [
        "  900 is too much (at /value).",
        "  Did you mean '90'?",
        "  Send less.",
    ]
    assert next(iter(finding_lines(finding, "", topic="c"))).startswith("'a/b' — 900")

"""A table stays a table on a narrow terminal, and whole where there is none."""

from uns.app.cli.table import Cell, Column, table_lines
from uns.app.cli.terminal import Colour, Terminal

COLUMNS = (Column("topic"), Column("value", right=True), Column("quality"), Column("about", yields=True))
ROWS = [
    ("filler", "21.4", "", "Rotary filler, 24 valves"),
    ("capper", "7", Cell("Bad", Colour.ERROR), ""),
]


def test_columns_align_and_nothing_is_cut_without_a_terminal():
    assert list(table_lines(COLUMNS, ROWS, Terminal(None, False))) == [
        "topic   value  quality  about",
        "filler   21.4           Rotary filler, 24 valves",
        "capper      7  Bad",
    ]


def test_the_last_column_is_cut_to_the_terminal():
    assert list(table_lines(COLUMNS, ROWS, Terminal(36, False)))[1] == "filler   21.4           Rotary fill…"


def test_the_next_one_that_yields_is_cut_when_the_last_is_at_its_least():
    columns = (Column("topic"), Column("value", right=True, yields=True), Column("age"), Column("about", yields=True))
    rows = [("scratch", '{"note": "anything goes here"}', "3 min", "Raw, judged by access")]
    assert list(table_lines(columns, rows, Terminal(42, False))) == [
        "topic           value  age    about",
        'scratch  {"note": "a…  3 min  Raw, judged…',
    ]


def test_a_terminal_too_narrow_for_the_rest_still_shows_it():
    lines = list(table_lines(COLUMNS, ROWS, Terminal(10, False)))
    assert lines[1].startswith("filler   21.4")


def test_a_column_without_text_is_left_out():
    rows = [("filler", "21.4", "", "")]
    assert list(table_lines(COLUMNS, rows, Terminal(None, False))) == ["topic   value", "filler   21.4"]


def test_colour_takes_no_width():
    lines = list(table_lines(COLUMNS, [*ROWS, ("x", "1", "Uncertain", "y")], Terminal(80, True)))
    assert lines[2] == "capper      7  \x1b[31mBad\x1b[0m"
    assert lines[3] == "x           1  Uncertain  y"


def test_wide_characters_keep_the_columns_straight():
    lines = list(table_lines((Column("a"), Column("b")), [("充填", "1"), ("abc", "2")], Terminal(80, False)))
    assert lines == ["a     b", "充填  1", "abc   2"]

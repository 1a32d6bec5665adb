"""uns.app.edit.row: one row changes, as the spreadsheet writes it."""

import pytest

from uns.app.edit.row import add_row, set_cells
from uns.errors import UnsError

BOM = b"\xef\xbb\xbf"
TABLE = BOM + b'path;model;description\r\nacme/a;x@1;"two\r\nlines; and a ""quote"""\r\n\r\nacme/b;;\r\n'


def test_other_rows_stay_as_they_are() -> None:
    assert set_cells(TABLE, 1, {"model": "y@2"}, "a.csv") == TABLE.replace(b"acme/b;;", b"acme/b;y@2;")


def test_what_is_quoted_stays_quoted() -> None:
    assert set_cells(TABLE, 0, {"model": "x@2"}, "a.csv") == TABLE.replace(b"x@1", b"x@2")


def test_a_row_more() -> None:
    assert add_row(TABLE, {"path": "acme/c", "model": "x@1"}, "a.csv") == TABLE + b"acme/c;x@1;\r\n"
    assert add_row(b"path,model\na,b@1", {"path": "c"}, "a.csv") == b"path,model\na,b@1\nc,\n"


def test_a_column_that_is_missing() -> None:
    with pytest.raises(UnsError) as refused:
        set_cells(b"path\na\n", 0, {"model": "x@1"}, "a.csv")
    assert (refused.value.finding.id, refused.value.finding.where) == ("govern.place", "a.csv:2")

"""Tables as spreadsheets write them: delimiters, byte order mark, line breaks in cells, and the place of a fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.app.plant.csv_file import DELIMITERS, read_csv, write_csv
from uns.errors import Finding
from uns.policy.assets import COLUMNS

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, TEXT)).filter(lambda row: any(row.values())))


@given(rows=ROWS, delimiter=st.sampled_from(DELIMITERS))
def test_rows_survive_the_round_trip(rows: list[dict[str, str]], delimiter: str) -> None:
    file = read_csv(write_csv(rows, delimiter), "assets/a.csv")
    assert file.problems == []
    assert file.table.rows == rows


@pytest.mark.parametrize(
    "text",
    [
        "path,owner\nacme/x,ann\n",
        "path;owner\r\nacme/x;ann\r\n",
        "sep=;\r\npath;owner\r\nacme/x;ann\r\n",
        "\ufeffPath\tOwner\racme/x\tann",
        '"path","owner","",\n\n"acme/x","ann","",\n,,\n',
    ],
)
def test_what_spreadsheets_write_is_understood(text: str) -> None:
    file = read_csv(text.encode(), "assets/a.csv")
    assert file.problems == []
    assert file.table.rows == [{"path": "acme/x", "owner": "ann"}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"path,ownr\nacme/x,ann\n", ("plant.unknown_key", 1, 6, "owner")),
        (b"path,owner,path\n", ("plant.duplicate_key", 1, 12, "")),
        (b"model\nfiller@2\n", ("plant.missing_key", 1, 1, "")),
        (b"path,owner\nacme/x,ann,bob\n", ("plant.csv", 2, 1, "")),
        (b'path,owner\nacme/x,"a"b\n', ("plant.csv", 2, 1, "")),
        (b'path\nacme/x\n"acme', ("plant.csv", 3, 1, "")),
        (b"path\n\xfcber\n", ("plant.encoding", 2, 1, "")),
    ],
)
def test_a_fault_has_its_place(content: bytes, expected: tuple[str, int, int, str]) -> None:
    (problem, *_) = read_csv(content, "assets/a.csv").problems
    assert (problem.finding.id, problem.line, problem.column, problem.finding.nearest) == expected


def test_a_cell_after_line_breaks_has_its_line_and_column() -> None:
    content = b'description,path,mode\n"two\r\nlines, ""quoted""",acme/x,warm\nb,acme/y,warm\n'
    file = read_csv(content, "assets/a.csv")
    places = [file.problem(Finding(id="namespace.mode", what="no mode.", where=f"/{row}/mode")) for row in (0, 1)]
    assert [(place.line, place.column) for place in places] == [(3, 27), (4, 10)]
    missing = file.problem(Finding(id="namespace.model", what="no model.", where="/1/model"))
    assert (missing.line, missing.column) == (4, 1)

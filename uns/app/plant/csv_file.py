"""Reads and writes assets/*.csv: a table as spreadsheets keep it, and the line and column of every cell. (RFC 4180)

Comma, semicolon and tab are understood, as the header uses them; so are a byte order mark, `sep=;` and line breaks in
quotes.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator

import msgspec

from uns.app.plant.problem import Problem
from uns.errors import Finding, nearest
from uns.policy.assets import COLUMNS, AssetTable

DELIMITERS = ",;\t"
_MARK = "﻿"


class CsvFile(msgspec.Struct):
    """table: what was read. lines: physical lines; starts: of each row, the line it begins in, counted from 0."""

    file: str
    table: AssetTable
    problems: list[Problem] = []
    lines: list[str] = []
    starts: list[int] = []
    columns: list[str] = []
    delimiter: str = ","

    def problem(self, finding: Finding, *, warning: bool = False) -> Problem:
        """A finding whose `where` is `/ROW/COLUMN`; a column that the table lacks is placed at its row."""
        _, row, *column = f"{finding.where}/".split("/")
        start = self.starts[int(row)]
        end = self.starts[int(row) + 1] if int(row) + 1 < len(self.starts) else len(self.lines)
        position = self.columns.index(column[0]) if column[0] in self.columns else 0
        line, char = _place("".join(self.lines[start:end]), self.delimiter, position)
        return Problem(finding, self.file, start + line + 1, char + 1, "warning" if warning else "error")

    def value(self, pointer: str) -> str | None:
        """The text of the cell at `/ROW/COLUMN`."""
        _, row, column = pointer.split("/")
        return self.table.rows[int(row)].get(column)


def read_csv(content: bytes, file: str) -> CsvFile:
    """Never raises for what a file holds: faults are problems, with the rows that could still be read."""
    out = CsvFile(file, AssetTable(file, []))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        finding = Finding(id="plant.encoding", what="the file is not UTF-8.", hint="Save it as 'CSV UTF-8'.")
        out.problems.append(Problem(finding, file, line, 1))
        return out
    out.lines = list(io.StringIO(text, newline=""))
    begin = _skip_separator(out)
    reader = csv.reader(iter(out.lines[begin:]), delimiter=out.delimiter, strict=True)
    start = begin
    try:
        for cells in reader:
            if not any(cells):
                pass
            elif not out.columns:
                _read_header(out, cells, start)
                if "path" not in out.columns:
                    break
            else:
                _read_row(out, cells, start)
            start = begin + reader.line_num
    except csv.Error as error:
        what = f"this is not CSV: {error}."
        hint = "Write a quote within a quoted cell twice."
        out.problems.append(Problem(Finding(id="plant.csv", what=what, hint=hint), file, start + 1, 1))
    return out


def write_csv(rows: Iterable[dict[str, str]], delimiter: str = ",") -> bytes:
    """UTF-8 with a byte order mark, without which Excel takes it for the code page of the country."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([row[column] for column in COLUMNS] for row in rows)
    return (_MARK + out.getvalue()).encode()


def _skip_separator(out: CsvFile) -> int:
    """The index of the header's line; Excel's own `sep=;` above it says the delimiter, else the header shows it."""
    first = out.lines[0].strip() if out.lines else ""
    stated = re.fullmatch(r"sep=(.)", first)
    if stated is not None:
        out.delimiter = stated[1]
        return 1
    header = next((line for line in out.lines if line.strip()), "")
    out.delimiter = max(DELIMITERS, key=header.count)
    return 0


def _read_header(out: CsvFile, cells: list[str], line: int) -> None:
    out.columns = [cell.strip().casefold() for cell in cells]
    while out.columns and not out.columns[-1]:
        out.columns.pop()
    text = out.lines[line]
    for position, column in enumerate(out.columns):
        place = _place(text, out.delimiter, position)[1] + 1
        if column not in COLUMNS:
            what = f"'{column}' is not a column here (known: {', '.join(COLUMNS)})."
            finding = Finding(id="plant.unknown_key", what=what, nearest=nearest(column, COLUMNS))
        elif column in out.columns[:position]:
            finding = Finding(id="plant.duplicate_key", what=f"the column '{column}' stands twice.", hint="Remove one.")
        else:
            continue
        out.problems.append(Problem(finding, out.file, line + 1, place))
    if "path" not in out.columns:
        finding = Finding(
            id="plant.missing_key", what="the column 'path' is missing.", hint="Name it in the first line."
        )
        out.problems.append(Problem(finding, out.file, line + 1, 1))


def _read_row(out: CsvFile, cells: list[str], line: int) -> None:
    if any(cells[len(out.columns) :]):
        what = f"the row has {len(cells)} cells, and the header names {len(out.columns)} columns."
        hint = "Put a cell that holds the delimiter in quotes."
        out.problems.append(Problem(Finding(id="plant.csv", what=what, hint=hint), out.file, line + 1, 1))
        return
    out.starts.append(line)
    out.table.rows.append(dict(zip(out.columns, cells, strict=False)))


def _place(text: str, delimiter: str, position: int) -> tuple[int, int]:
    """(line, character) at which a cell begins in the text of its row."""
    starts = list(_cell_starts(text, delimiter))
    at = starts[min(position, len(starts) - 1)]
    lines = re.split("\r\n|\r|\n", text[:at])
    return len(lines) - 1, len(lines[-1])


def _cell_starts(text: str, delimiter: str) -> Iterator[int]:
    yield 0
    quoted = False
    for index, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == delimiter and not quoted:
            yield index + 1

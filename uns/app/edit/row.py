"""How does one row of assets/*.csv change, or join it, with every other row as it was?"""

import csv
import io
from collections.abc import Mapping

from uns.app.edit.marks import no_place
from uns.app.plant.csv_file import CsvFile, read_csv

_MARK = b"\xef\xbb\xbf"


def set_cells(content: bytes, row: int, cells: Mapping[str, str], file: str) -> bytes:
    """The table with other cells in one row, counted from 0. Raises UnsError (`govern.place`) when a column is
    missing."""
    table = read_csv(content, file)
    start = table.starts[row]
    end = table.starts[row + 1] if row + 1 < len(table.starts) else len(table.lines)
    written = _written(table, table.table.rows[row] | dict(cells), cells, start)
    blank = [line for line in table.lines[start + 1 : end] if not line.strip(f"{table.delimiter}\r\n")]
    return _whole(content, [*table.lines[:start], written, *blank, *table.lines[end:]])


def add_row(content: bytes, cells: Mapping[str, str], file: str) -> bytes:
    """The table with one more row at its end. Raises UnsError as `set_cells` does."""
    table = read_csv(content, file)
    lines = list(table.lines)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += _ending(table)
    return _whole(content, [*lines, _written(table, cells, cells, len(lines))])


def _written(table: CsvFile, row: Mapping[str, str], changed: Mapping[str, str], line: int) -> str:
    missing = [column for column, text in changed.items() if text and column not in table.columns]
    if missing:
        raise no_place(table.file, f"it has no column '{missing[0]}'", line + 1)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=table.delimiter, lineterminator=_ending(table))
    writer.writerow([row.get(column, "") for column in table.columns])
    return out.getvalue()


def _ending(table: CsvFile) -> str:
    return "\r\n" if any(line.endswith("\r\n") for line in table.lines) else "\n"


def _whole(content: bytes, lines: list[str]) -> bytes:
    return (_MARK if content.startswith(_MARK) else b"") + "".join(lines).encode()

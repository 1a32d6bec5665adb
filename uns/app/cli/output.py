"""How is an answer printed: as JSON for a program, as CSV for a spreadsheet, or as lines for a person?"""

import json
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import typer


class Output(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def chosen(output: Output | None) -> Output:
    """What was asked for; otherwise a table for a person and JSON for a program."""
    if output is not None:
        return output
    return Output.TABLE if sys.stdout.isatty() else Output.JSON


def print_json(document: Any, *, indent: int | None = 2) -> None:
    typer.echo(json.dumps(document, indent=indent, ensure_ascii=False))


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, header: bool = True) -> None:
    """Values as JSON writes them, so that a program reads them back; nothing for null, strings as they are."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    if header:
        writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_cell(cell) for cell in row])
    sys.stdout.flush()


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

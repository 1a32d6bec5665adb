"""`uns coverage`: what should there be and is not: missing, late, in another unit, extra?"""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.table import MIN_YIELDED, Cell, Column, Row, table_lines
from uns.app.cli.terminal import Colour, Terminal, of_stdout
from uns.app.cli.text import ago_text, printable, shortened, span_text
from uns.app.counted import counted

INCOMPLETE = 1
MAX_ROWS = 10_000
COLUMNS = (
    Column("branch", yields=True),
    Column("assets", right=True),
    Column("seen", right=True),
    Column("missing", right=True),
    Column("late", right=True),
    Column("unit", right=True),
    Column("extra", right=True),
    Column("refused", right=True),
)
COUNTS = (
    "assets", "expected", "seen", "missing", "optional", "optional_seen", "late", "wrong_unit", "unit_unknown", "extra",
    "refused", "withheld",
)  # fmt: skip
NAME = 12
OTHERS = 48
"""Columns that a table without `assets` takes beside the path, and some for larger counts."""


def coverage(
    path: Annotated[str, typer.Argument(help="A branch or an asset; everything when left out.")] = "",
    assets: Annotated[bool, typer.Option("--assets", help="A line for every asset instead of every branch.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 when a declared value is missing.")] = False,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Compare the values that the models promise with those that are there.

    seen: values that are there, of those that must be. Optional ones do not count.
    """
    from uns.app.cli.client import Client

    path = path.strip("/")
    with Client(server, user, ca) as client:
        answer = client.get("coverage", path=path, rows="asset" if assets else "branch", limit=MAX_ROWS)
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(("path", "model", *COUNTS), map(_csv_row, answer["rows"]))
        case Output.TABLE:
            print_lines(_lines(answer, assets, client.now_ms(), of_stdout()))
    if strict and answer["total"]["missing"]:
        raise typer.Exit(INCOMPLETE)


def _lines(answer: dict[str, Any], by_asset: bool, now_ms: int, terminal: Terminal) -> Iterator[str]:
    path, own, total = answer["path"], answer["own"], answer["total"]
    prefix = f"{path}/" if path else ""
    room = None if terminal.width is None else terminal.width - OTHERS
    rows = [
        _row(_end_of(printable(row["path"].removeprefix(prefix)), room), row["counts"], by_asset)
        for row in answer["rows"]
    ]
    if rows and (own["assets"] or own["extra"] or own["refused"]):
        rows.insert(0, _row("(itself)", own, by_asset))
    if not total["assets"] and not rows and not own["extra"] and not own["refused"]:
        yield f"No asset is below '{path}'." if path else "No asset is declared."
    else:
        whole = printable(path) or "all"
        yield from table_lines(
            COLUMNS, [*rows, _row(f"total of {whole}" if rows else whole, total, by_asset)], terminal
        )
    if answer["rows_left_out"]:
        yield f"{counted(answer['rows_left_out'], 'line')} left out: ask for a branch."
    details = list(_details(answer["lists"], path, now_ms))
    if details:
        yield ""
        for name, text in details:
            line = f"{name:<{NAME}}{printable(text)}"
            yield line if terminal.width is None else shortened(line, terminal.width)
    yield from _notes(total)


def _row(name: str, counts: dict[str, Any], by_asset: bool) -> Row:
    return (
        name,
        "" if by_asset else str(counts["assets"]),
        f"{counts['seen']}/{counts['expected']}",
        _fault(counts["missing"], Colour.ERROR),
        _fault(counts["late"], Colour.WARNING),
        _fault(counts["wrong_unit"], Colour.ERROR),
        _fault(counts["extra"], Colour.WARNING),
        _fault(counts["refused"], Colour.WARNING),
    )


def _end_of(path: str, room: int | None) -> str:
    """A path that is too long keeps its end, which tells it from the others."""
    return path if room is None or len(path) <= room else f"…{path[len(path) - max(room, MIN_YIELDED) + 1 :]}"


def _fault(count: int, colour: Colour) -> Cell:
    return Cell(str(count), colour if count else None)


def _details(lists: dict[str, Any], path: str, now_ms: int) -> Iterator[tuple[str, str]]:
    def name(entry: dict[str, Any]) -> str:
        topic: str = entry["topic"]
        return topic.removeprefix(f"{path}/") if path else topic

    for missing in lists["missing"]:
        yield "optional" if missing["optional"] else "missing", name(missing)
    for late in lists["late"]:
        heard, limit = ago_text(late["heard"], now_ms), span_text(late["max_age_ms"])
        yield "late", f"{name(late)}: heard {heard}, max_age {limit}"
    for unit in lists["wrong_unit"]:
        yield "wrong unit", f"{name(unit)}: tells {unit['told']}, the model says {unit['unit']}"
    for extra in lists["extra"]:
        yield "extra", f"{name(extra)}: from {extra['client_id'] or 'nobody known'}, {ago_text(extra['heard'], now_ms)}"
    for refused in lists["refused"]:
        times = counted(refused["count"], "message")
        yield "refused", f"{name(refused)}: {times} of {refused['client_id']} (uns violations show {refused['group']})"


def _notes(total: dict[str, Any]) -> Iterator[str]:
    if total["unit_unknown"]:
        yield ""
        yield f"Units not compared: {counted(total['unit_unknown'], 'value')} whose device tells none."
    if total["withheld"]:
        yield f"Left out: {counted(total['withheld'], 'value')} that you may not read."


def _csv_row(row: dict[str, Any]) -> list[Any]:
    return [row["path"], row["model"], *(row["counts"][name] for name in COUNTS)]

"""`uns source list`: which devices are connected, and how are they doing?"""

from collections.abc import Iterator
from typing import Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.table import Cell, Column, Row, table_lines
from uns.app.cli.terminal import Colour, Terminal, of_stdout
from uns.app.cli.text import PROSE_WIDTH, age_text, finding_lines

COLUMNS = (
    Column("source"),
    Column("adapter"),
    Column("state"),
    Column("for", right=True),
    Column("points", right=True),
    Column("values/s", right=True),
    Column("endpoint", yields=True),
)
CSV_COLUMNS = (
    "name", "adapter", "state", "since", "points", "points_seen", "points_missing", "rate_per_s", "endpoint", "finding",
)  # fmt: skip
_COLOURS = {"retrying": Colour.WARNING, "silent": Colour.WARNING, "failed": Colour.ERROR}


def source_list(
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """List the sources with their state, its cause, and what comes next."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        answer = client.get("sources")
    sources = answer["sources"]
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(CSV_COLUMNS, map(_csv_row, sources))
        case Output.TABLE if sources:
            print_lines(_lines(sources, client.now_ms(), of_stdout()))
        case Output.TABLE:
            typer.echo("No sources: this plant directory has no file in sources/.")


def _lines(sources: list[dict[str, Any]], now_ms: int, terminal: Terminal) -> Iterator[str]:
    """The table; below it, for each source with something to tell, what it is and what comes next."""
    yield from table_lines(COLUMNS, [_row(source, now_ms) for source in sources], terminal)
    width = min(terminal.width or PROSE_WIDTH, PROSE_WIDTH)
    for source in sources:
        finding = source["finding"]
        if finding:
            yield ""
            yield f"{source['name']}: {finding['id']}"
            yield from finding_lines(finding, "  ", width)


def _row(source: dict[str, Any], now_ms: int) -> Row:
    return (
        source["name"],
        source["adapter"],
        Cell(source["state"], _COLOURS.get(source["state"])),
        age_text(source["since"], now_ms),
        f"{source['points_seen']}/{source['points']}",
        f"{source['rate_per_s']:.1f}",
        source["endpoint"],
    )


def _csv_row(source: dict[str, Any]) -> list[Any]:
    flat = {**source, "finding": source["finding"] and source["finding"]["id"]}
    return [flat[name] for name in CSV_COLUMNS]

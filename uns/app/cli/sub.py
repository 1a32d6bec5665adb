"""`uns sub`: values as they change."""

import sys
from contextlib import closing
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json
from uns.app.cli.quality import quality_cell
from uns.app.cli.terminal import Terminal, of_stdout
from uns.app.cli.text import moment_text, printable, value_text

CSV_COLUMNS = ("timestamp", "topic", "value", "quality")
Change = dict[str, Any]


def sub(
    topic_filter: Annotated[str, typer.Argument(metavar="FILTER", help="An MQTT filter, for example 'acme/#'.")],
    count: Annotated[int | None, typer.Option("--count", "-n", min=1, help="Stop after so many values.")] = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Print values as they change, until Ctrl-C.

    The current values come first. JSON is one object a line.
    """
    from uns.app.cli.client import Client

    try:
        _follow(topic_filter, count, Client(server, user, ca), chosen(output))
    except KeyboardInterrupt:  # the usual way to end it
        return


def _follow(topic_filter: str, count: int | None, client: Any, output: Output) -> None:
    terminal, seen = of_stdout(), 0
    if output is Output.CSV:
        print_csv(CSV_COLUMNS, [])
    with client, closing(client.stream(topic_filter, _tell_dropped)) as batches:
        for batch in batches:
            for change in batch[: None if count is None else count - seen]:
                _print(change, output, terminal)
            sys.stdout.flush()
            seen += len(batch)
            if count is not None and seen >= count:
                return


def _print(change: Change, output: Output, terminal: Terminal) -> None:
    match output:
        case Output.JSON:
            print_json(change, indent=None)
        case Output.CSV:
            print_csv(CSV_COLUMNS, [[change.get(name) for name in CSV_COLUMNS]], header=False)
        case Output.TABLE:
            typer.echo(_line(change, terminal))


def _line(change: Change, terminal: Terminal) -> str:
    """`12:00:00.123Z  acme/…/temperature  21.4`: the time of day is enough for what is happening now."""
    quality = quality_cell(change["quality"])
    is_sample = change["quality"] is not None
    value = value_text(change["value"] if is_sample else change.get("payload"), exact=True)
    moment = moment_text(change["timestamp"]).partition(" ")[2] or " " * len("00:00:00.000Z")
    parts = (moment, printable(change["topic"]), value, terminal.coloured(quality.text, quality.colour))
    return "  ".join(filter(None, parts))


def _tell_dropped(count: int) -> None:
    typer.echo(f"{count} value(s) were shed: this reader is too slow.", err=True)

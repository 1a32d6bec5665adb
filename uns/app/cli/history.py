"""`uns history`: the past of a topic, as it was or aggregated."""

from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, TopicArgument, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.quality import quality_cell
from uns.app.cli.table import Column, table_lines
from uns.app.cli.terminal import of_stdout
from uns.app.cli.text import is_number, moment_text, value_text

DEFAULT_LAST = "10m"
CSV_COLUMNS = ("timestamp", "value", "quality")


def history(
    topic: TopicArgument,
    last: Annotated[
        str | None, typer.Option("--last", help="How far back: 30s, 10m, 24h, 7d.", show_default=DEFAULT_LAST)
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="RFC 3339 time, instead of --last.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="RFC 3339 time; now when left out.")] = None,
    agg: Annotated[str | None, typer.Option("--agg", help="FUNCTION:INTERVAL, for example avg:10s, max:1h.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many points.")] = 10_000,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Show the past of a topic, as it was or aggregated."""
    from uns.app.cli.client import Client, topic_path

    query = {"last": last or (None if start else DEFAULT_LAST), "from": start, "to": end, "agg": agg, "limit": limit}
    with Client(server, user, ca) as client:
        answer = client.get(f"history/{topic_path(topic)}", **query)
    points = answer["points"]
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(CSV_COLUMNS, ([point[name] for name in CSV_COLUMNS] for point in points))
        case Output.TABLE if points:
            _print_table(answer)
        case Output.TABLE:
            typer.echo(f"No value between {moment_text(answer['from'])} and {moment_text(answer['to'])}.")
            typer.echo("Look further back with --last, or see whether it is published at all with: uns get " + topic)
    if answer["truncated"]:
        typer.echo(f"Cut after {len(points)} points: narrow the range, aggregate, or raise --limit.", err=True)


def _print_table(answer: dict[str, Any]) -> None:
    points = answer["points"]
    unit = f" [{answer['unit']}]" if answer["unit"] else ""
    name = answer["agg"] or "value"
    columns = (
        Column("time (UTC)"),
        Column(f"{name}{unit}", right=any(is_number(point["value"]) for point in points)),
        Column("quality"),
    )
    rows = [
        (moment_text(point["timestamp"]).rstrip("Z"), value_text(point["value"]), quality_cell(point["quality"]))
        for point in points
    ]
    print_lines(table_lines(columns, rows, of_stdout()))

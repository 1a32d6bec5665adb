"""`uns edge`: publish the sources of a directory to a server elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uns.app.cli.options import PlantArgument
from uns.app.cli.output import print_lines
from uns.app.cli.table import Column, table_lines
from uns.app.cli.terminal import of_stdout
from uns.app.counted import counted

if TYPE_CHECKING:
    from uns.app.edge import EdgeReport

COLUMNS = (
    Column("source"),
    Column("state"),
    Column("server", yields=True),
    Column("points", right=True),
    Column("waiting", right=True),
    Column("backfilled", right=True),
    Column("shed", right=True),
)


def edge(
    directory: PlantArgument,
    server: Annotated[
        list[str] | None,
        typer.Option("--server", "-s", help="MQTT server, such as mqtt://uns.example; again for more, tried in turn."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Directory for what waits to be sent.", file_okay=False)
    ] = None,
) -> None:
    """Publish the sources of a directory as Sparkplug edge nodes to a server elsewhere.

    Nothing listens here. What cannot be sent is kept on disk, and sent later as historical values. The directory needs
    uns.yaml and sources/; with namespace.yaml and models/ too, deadbands and units come from the models.
    """
    from uns.app.run import run_edge_until_stopped

    environ = dict(os.environ)
    if server:
        environ["UNS_EDGE_SERVERS"] = ",".join(server)
    reports = run_edge_until_stopped(
        directory, data, environ, lambda count: typer.echo(f"{counted(count, 'source')} started. Ctrl-C stops.")
    )
    print_lines(table_lines(COLUMNS, list(_rows(reports)), of_stdout()))
    if any(report.forward.waiting for report in reports):
        typer.echo("What waits is sent when uns edge runs again.")


def _rows(reports: "list[EdgeReport]") -> Iterator[tuple[str, ...]]:
    for report in reports:
        status, forward = report.status, report.forward
        yield (
            status.name,
            status.state.value,
            "" if report.server is None else str(report.server),
            f"{status.points_seen}/{status.points}",
            str(forward.waiting),
            str(forward.backfilled),
            str(forward.shed or ""),
        )

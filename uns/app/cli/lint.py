"""`uns lint`: what in a plant directory is permitted, and yet odd?"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from uns.app.cli.check import COLUMNS, INVALID, row
from uns.app.cli.options import CaOption, OutputOption, PlantArgument, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.counted import counted

if TYPE_CHECKING:
    from uns.app.cli.client import Client

ODD = 1
PAGE = 5000


def lint(
    directory: PlantArgument,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 when anything is odd.")] = False,
    server: Annotated[
        str | None, typer.Option("--server", help="Look for orphan retained topics on this server too.")
    ] = None,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Look for what is permitted and yet odd: names, units, owners, models.

    Exit code 5 when the directory is not valid.
    """
    from uns.app.plant.load import lint_plant
    from uns.app.report import problem_lines

    plant, problems = lint_plant(directory, os.environ)
    if server is not None:
        from uns.app.cli.client import Client

        with Client(server, user, ca) as client:
            seen = list(_seen(client))
            _, odd = lint_plant(directory, os.environ, seen)
            problems = [each for each in odd if each.file != "server" or _is_retained(client, each.finding.where)]
    found = [*plant.errors, *problems]
    match chosen(output):
        case Output.JSON:
            print_json({"problems": [dict(zip(COLUMNS, row(problem), strict=True)) for problem in found]})
        case Output.CSV:
            print_csv(COLUMNS, map(row, found))
        case Output.TABLE:
            for problem in found:
                print_lines(problem_lines(problem, directory))
            told = (counted(len(plant.errors), "error"), counted(len(problems), "warning"))
            typer.echo(f"{directory}: {', '.join(told)}." if found else f"{directory}: nothing odd.")
    if plant.errors:
        raise typer.Exit(INVALID)
    if strict and problems:
        raise typer.Exit(ODD)


def _seen(client: "Client") -> Iterator[str]:
    """Every topic with a value, page by page."""
    cursor = None
    while True:
        page = client.get("tree", depth=64, limit=PAGE, cursor=cursor)
        yield from (node["path"] for node in page["nodes"] if node["quality"] is not None)
        cursor = page["next"]
        if cursor is None:
            return


def _is_retained(client: "Client", topic: str) -> bool:
    from uns.app.cli.client import topic_path

    return bool(client.get(f"topics/{topic_path(topic)}")["retained"])

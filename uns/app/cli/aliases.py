"""`uns aliases`, `uns move`: which branches have an old name that still works, and how does one get a new name?"""

import os
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, PlantArgument, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.terminal import of_stdout
from uns.app.cli.text import PROSE_WIDTH, ago_text, printable, wrapped
from uns.app.counted import counted

CSV_COLUMNS = (
    "old", "new", "until", "in_force", "messages", "last", "publishers", "subscribers", "why", "file", "line",
)  # fmt: skip
SHOWN = 10


def aliases(
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """List the old names of branches, and who still publishes or subscribes by them."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        answer = client.get("aliases")
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(CSV_COLUMNS, map(_csv_row, answer["aliases"]))
        case Output.TABLE if answer["aliases"]:
            print_lines(line for each in answer["aliases"] for line in _lines(each, client.now_ms()))
        case Output.TABLE:
            typer.echo(
                "No branch has an old name. 'uns move OLD NEW PLANTDIR' renames one, and keeps the old one alive."
            )


def move(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A branch or an asset, for example acme/ghent/packging.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its path from now on.")],
    directory: PlantArgument,
    until: Annotated[
        str | None, typer.Option("--until", help="The last day on which the old name works, for example 2027-03-31.")
    ] = None,
    why: Annotated[str, typer.Option("--why", "-m", help="Kept with the alias.")] = "",
) -> None:
    """Rename or move a branch in the files of a plant directory, and keep its old name working.

    Comments stay. Nothing is changed on a server: look at it with `uns plan`, which names the clients that it touches.
    """
    from uns.app.edit import move_branch
    from uns.app.plant import PlantFiles, load_files, load_plant
    from uns.app.plant.directory import file_changes, write_files
    from uns.policy.alias import PathAlias

    try:
        day = date.fromisoformat(until) if until else None
    except ValueError as error:
        raise typer.BadParameter(f"{error}", param_hint="--until") from error
    plant = load_plant(directory, os.environ)
    files = plant.files.governed
    after = files | move_branch(plant, PathAlias(old.strip("/"), new.strip("/"), day, why))
    found = load_files(PlantFiles({**plant.files.contents, **after}), directory, os.environ)
    known = {str(problem) for problem in plant.errors}
    faults = [problem for problem in found.errors if str(problem) not in known]
    if faults:
        print_lines(f"{each}" for each in faults)
        typer.echo("Nothing is written.", err=True)
        raise typer.Exit(5)
    write_files(directory, files, after)
    print_lines(line for change in file_changes(files, after) for line in change.diff.splitlines())
    told = [str(problem) for problem in found.problems if str(problem) not in {str(each) for each in plant.problems}]
    print_lines(told)
    typer.echo(f"Written into {directory}. Whom it touches: uns plan {directory}")


def _lines(alias: dict[str, Any], now_ms: int) -> Iterator[str]:
    width = min(of_stdout().width or PROSE_WIDTH, PROSE_WIDTH)
    yield f"{printable(alias['old'])} is {printable(alias['new'])}"
    until = f"until {alias['until']}" if alias["until"] else "for ever"
    ended = "" if alias["in_force"] else ", which is over: messages on the old path are refused"
    why = f": {printable(alias['why'])}" if alias["why"] else ""
    yield from wrapped(f"{until}{ended}{why} ({alias['file']}:{alias['line']})", "  ", width)
    published = counted(alias["messages"], "message")
    last = f", the last {ago_text(alias['last'], now_ms)}" if alias["last"] else ""
    yield f"  {published} on the old path since the server started{last}"
    for publisher in alias["publishers"][:SHOWN]:
        yield f"    {printable(publisher['client_id'])}: {counted(publisher['messages'], 'message')}"
    if len(alias["publishers"]) > SHOWN:
        yield f"    … and {len(alias['publishers']) - SHOWN} more"
    yield f"  {counted(len(alias['subscribers']), 'client')} subscribed by the old name alone"
    for subscriber in alias["subscribers"][:SHOWN]:
        yield f"    {printable(subscriber['client_id'])}: {printable(', '.join(subscriber['filters']))}"
    if len(alias["subscribers"]) > SHOWN:
        yield f"    … and {len(alias['subscribers']) - SHOWN} more"
    if not alias["messages"] and not alias["subscribers"]:
        yield "  Nobody uses it: it can go."
    yield ""


def _csv_row(alias: dict[str, Any]) -> list[Any]:
    flat = {
        **alias,
        "publishers": " ".join(each["client_id"] for each in alias["publishers"]),
        "subscribers": " ".join(each["client_id"] for each in alias["subscribers"]),
    }
    return [flat[name] for name in CSV_COLUMNS]

"""`uns revisions`, `uns revert`, `uns export`, `uns drift`: which plant files run, ran, and lie edited?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.plan import PLAN_TIMEOUT_S, ForceOption, WhyOption, YesOption, print_applied
from uns.app.cli.plan_text import SIGNS
from uns.app.cli.table import Column, table_lines
from uns.app.cli.terminal import of_stdout
from uns.app.cli.text import ago_text, moment_text, printable
from uns.app.counted import counted

CSV_COLUMNS = ("number", "time", "who", "why", "files")
COLUMNS = (
    Column("#", right=True),
    Column("when"),
    Column("who"),
    Column("files", right=True),
    Column("why", yields=True),
)


def revisions(
    number: Annotated[int | None, typer.Argument(help="One revision, with what it changed.", min=1)] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest first.")] = 20,
    before: Annotated[int | None, typer.Option("--before", help="Only those older than this number.", min=1)] = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """List which plant files ran when, by whose hand and why."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        if number is not None:
            _print_one(client.get(f"revisions/{number}"), output)
            return
        answer = client.get("revisions", limit=limit, before=before)
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            rows = (
                [each[name] for name in CSV_COLUMNS[:4]] + [" ".join(each["files"])] for each in answer["revisions"]
            )
            print_csv(CSV_COLUMNS, rows)
        case Output.TABLE:
            print_lines(_list_lines(answer, client.now_ms()))


def revert(
    number: Annotated[int, typer.Argument(help="The revision whose files shall run again.", min=1)],
    why: WhyOption = "",
    yes: YesOption = False,
    force: ForceOption = False,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Apply the files of an earlier revision again, as a new one."""
    from uns.app.cli.client import Client

    if not yes and chosen(output) is Output.TABLE:
        typer.confirm(f"Let the files of revision {number} run again?", abort=True)
    with Client(server, user, ca, timeout_s=PLAN_TIMEOUT_S) as client:
        applied = client.post(f"revisions/{number}/revert", {"why": why, "force": force})
    print_applied(applied, output, shown=False)


def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty directory.", file_okay=False)],
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Write what runs on a server as plant files.

    To apply them again changes nothing.
    """
    from uns.app.cli.client import Client
    from uns.errors import Finding, UnsError

    if directory.exists() and any(directory.iterdir()):
        hint = "Name another, or empty it."
        raise UnsError(Finding(id="plant.exists", what=f"{directory} is not empty.", hint=hint))
    with Client(server, user, ca) as client:
        answer = client.get("export")
    for name, text in answer["files"].items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    match chosen(output):
        case Output.JSON:
            print_json({"revision": answer["revision"], "directory": str(directory), "files": list(answer["files"])})
        case Output.CSV:
            print_csv(["file"], [[name] for name in answer["files"]])
        case Output.TABLE:
            files = counted(len(answer["files"]), "file")
            typer.echo(f"{files} of revision {answer['revision']} written to {directory}.")


def drift(
    diff: Annotated[bool, typer.Option("--diff", help="Show what differs in each file.")] = False,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Say what somebody has edited in the plant directory of a server, and is not in force.

    Exit code 1 when something differs.
    """
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        answer = client.get("drift")
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(["kind", "name"], [[file["kind"], file["name"]] for file in answer["files"]])
        case Output.TABLE if answer["files"]:
            print_lines(_change_lines(answer["files"], diffs=diff))
            typer.echo("This lies in the directory and does not run: apply the directory, or undo the edit.")
        case Output.TABLE:
            typer.echo(f"The directory holds what runs: revision {answer['revision']}.")
    if answer["files"]:
        raise typer.Exit(1)


def _list_lines(answer: dict[str, Any], now_ms: int) -> Iterator[str]:
    rows = []
    for each in answer["revisions"]:
        when = ago_text(each["time"], now_ms)
        rows.append(
            [str(each["number"]), when, printable(each["who"]), str(len(each["files"])), printable(each["why"])]
        )
    yield from table_lines(COLUMNS, rows, of_stdout())
    yield f"Revision {answer['running']} runs. See one with: uns revisions NUMBER"
    if answer["next"] is not None:
        yield f"Older: uns revisions --before {answer['next']}"


def _print_one(answer: dict[str, Any], output: Output | None) -> None:
    if chosen(output) is Output.JSON:
        print_json(answer)
        return
    if chosen(output) is Output.CSV:
        print_csv(["kind", "name"], [[change["kind"], change["name"]] for change in answer["changes"]])
        return
    revision = answer["revision"]
    typer.echo(f"Revision {revision['number']}, {moment_text(revision['time'])}, by {printable(revision['who'])}")
    if revision["why"]:
        typer.echo(f"  {printable(revision['why'])}")
    print_lines(_change_lines(answer["changes"], diffs=True))


def _change_lines(changes: list[dict[str, Any]], *, diffs: bool) -> Iterator[str]:
    for change in changes:
        yield f"  {SIGNS[change['kind']]} {change['name']}"
        if diffs:
            yield from (f"      {printable(line)}" for line in change["diff"].splitlines())

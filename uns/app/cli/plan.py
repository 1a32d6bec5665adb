"""`uns plan`, `uns apply`: what would other plant files change on a running server, and let them take over."""

from pathlib import Path
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, PlantArgument, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.plan_text import plan_lines
from uns.app.cli.terminal import of_stdout

PLAN_TIMEOUT_S = 120.0
CSV_COLUMNS = ("kind", "subject", "name", "details")
WhyOption = Annotated[str, typer.Option("--why", "-m", help="Kept with the revision, for whoever asks later.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Also over files that were edited in the directory of the server.")
]


def plan(
    directory: PlantArgument,
    since: Annotated[
        str | None, typer.Option("--since", help="Judge what was published in this time too, for example 24h.")
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what differs in each file.")] = False,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Show what the files of a plant directory would change on a running server.

    Nothing is changed.
    """
    from uns.app.cli.client import Client

    with Client(server, user, ca, timeout_s=PLAN_TIMEOUT_S) as client:
        answer = client.post("plan", {"files": read_files(directory), "since": since})
    _print(answer, output, diff=diff)


def whatif(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A branch, for example acme/ghent; '' is everything.")],
    mode: Annotated[str, typer.Argument(metavar="MODE", help="observe, warn, quarantine or reject.")],
    since: Annotated[str, typer.Option("--since", help="Judge what was published in this time.")] = "24h",
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Show what a stricter (or laxer) branch would refuse, judged on what was published lately.

    Nothing is changed.
    """
    from uns.app.cli.client import Client

    with Client(server, user, ca, timeout_s=PLAN_TIMEOUT_S) as client:
        answer = client.post("whatif", {"modes": {path: mode}, "since": since})
    _print(answer, output)


def apply(
    directory: PlantArgument,
    why: WhyOption = "",
    yes: YesOption = False,
    force: ForceOption = False,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Let the files of a plant directory take over on a running server, all or nothing.

    Shows the plan and asks first. No client reconnects that keeps its rights, and no message is lost.
    """
    from uns.app.cli.client import Client

    files = read_files(directory)
    asks = not yes and chosen(output) is Output.TABLE
    with Client(server, user, ca, timeout_s=PLAN_TIMEOUT_S) as client:
        base = None
        if asks:
            answer = client.post("plan", {"files": files})
            _print(answer, output)
            if not answer["files"]:
                return
            typer.confirm("Apply this?", abort=True)
            base = answer["base"]
        applied = client.post("apply", {"files": files, "why": why, "base": base, "force": force})
    print_applied(applied, output, shown=asks)


def print_applied(applied: dict[str, Any], output: Output | None, *, shown: bool) -> None:
    """shown: the plan was printed before."""
    number, changed = applied["revision"]["number"], bool(applied["plan"]["files"])
    if chosen(output) is Output.JSON:
        print_json(applied)
        return
    if not shown:
        _print(applied["plan"], output)
    if chosen(output) is Output.TABLE and changed:
        typer.echo(f"Revision {number} runs. Undo it with: uns revert {number - 1}")


def read_files(directory: Path) -> dict[str, str]:
    """The plant files of a directory by path, as the server takes them."""
    from uns.app.plant import PlantFiles
    from uns.errors import Finding, UnsError

    files = PlantFiles.of(directory)
    for name, reason in files.unreadable.items():
        what = f"{directory / name} cannot be read: {reason}."
        raise UnsError(Finding(id="plant.unreadable", what=what, where=name, hint="Mend its permissions."))
    found = {}
    for name, content in files.governed.items():
        try:
            found[name] = content.decode()
        except UnicodeDecodeError as error:
            what = f"{directory / name} is not UTF-8."
            raise UnsError(Finding(id="plant.encoding", what=what, where=name, hint="Save it as UTF-8.")) from error
    return found


def _print(plan: dict[str, Any], output: Output | None, *, diff: bool = False) -> None:
    match chosen(output):
        case Output.JSON:
            print_json(plan)
        case Output.CSV:
            rows = (
                [change[name] for name in CSV_COLUMNS[:3]] + ["; ".join(change["details"])]
                for change in plan["changes"]
            )
            print_csv(CSV_COLUMNS, rows)
        case Output.TABLE:
            print_lines(plan_lines(plan, of_stdout(), diffs=diff))

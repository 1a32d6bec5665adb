"""`uns violations accept`: let the plant files take what they refused, by one of the proposals of its group."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from uns.app.cli.inbox import GroupArgument
from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_json, print_lines
from uns.app.cli.plan import PLAN_TIMEOUT_S, WhyOption, YesOption
from uns.app.cli.plan_text import plan_lines
from uns.app.cli.terminal import of_stdout
from uns.app.cli.text import PROSE_WIDTH, printable, wrapped


def accept(
    group: GroupArgument,
    proposal: Annotated[
        int, typer.Option("--proposal", "-p", min=1, help="Which one, as `uns violations show` counts them.")
    ] = 1,
    why: WhyOption = "",
    yes: YesOption = False,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="PLANTDIR",
            help="Write it into this plant directory, and change nothing on the server.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Change the plant files so that they take the messages of a group.

    Shows the change and asks first. It is a revision like any other: `uns revert` undoes it.
    """
    from uns.app.cli.client import Client

    asked = {"proposal": proposal, "why": why}
    asks = not yes and chosen(output) is Output.TABLE
    with Client(server, user, ca, timeout_s=PLAN_TIMEOUT_S) as client:
        answer = client.post(f"violations/groups/{group}/accept", {**asked, "dry_run": asks or into is not None})
        if into is not None:
            _write(answer["proposal"], f"{why} (violations {group})".strip(), into)
        elif asks:
            print_lines(_lines(answer))
            typer.confirm("Apply this?", abort=True)
            asked |= {"sentence": answer["proposal"]["sentence"]}
            answer = client.post(f"violations/groups/{group}/accept", {**asked, "dry_run": False})
    if chosen(output) is not Output.TABLE:
        print_json(answer)
    elif into is not None:
        typer.echo(f"Written into {into}. Look through it, then: uns check {into}; uns plan {into}; uns apply {into}")
    else:
        if not asks:
            print_lines(_lines(answer))
        _print_done(answer)


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    terminal = of_stdout()
    yield from wrapped(answer["proposal"]["sentence"], "", min(terminal.width or PROSE_WIDTH, PROSE_WIDTH))
    yield ""
    for change in answer["changes"]:
        yield from (printable(line) for line in change["diff"].splitlines())
    yield ""
    yield from plan_lines(answer["plan"], terminal)
    yield ""
    kept, refused = answer["kept"], sum(answer["kept"]["refused"].values())
    yield f"Of the {kept['judged']} latest messages that are kept, {kept['judged'] - refused} would be taken then."
    if kept["first"] is not None:
        yield f"  refused still, for example: {kept['first_topic']}: {kept['first']['what']}"


def _print_done(answer: dict[str, Any]) -> None:
    number, group = answer["revision"]["number"], answer["group"]
    typer.echo(f"Revision {number} runs, and #{group['id']} is {group['state']}. Undo it with: uns revert {number - 1}")
    if group["held"]:
        typer.echo(f"{group['held']} held in quarantine. Publish them with: uns violations replay {group['id']}")


def _write(proposal: dict[str, Any], why: str, directory: Path) -> None:
    """Carry it out on the files of a directory, which may be others than those of the server."""
    import os

    import msgspec

    from uns.app.edit import carry_out
    from uns.app.plant import load_plant
    from uns.app.plant.directory import write_files
    from uns.policy.propose import Proposal

    plant = load_plant(directory, os.environ)
    files = plant.files.governed
    write_files(directory, files, files | carry_out(msgspec.convert(proposal, Proposal), plant, why))

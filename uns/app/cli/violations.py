"""`uns violations list`: which messages broke a rule, from whom, and how to mend it?"""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.terminal import Colour, Terminal, of_stdout
from uns.app.cli.text import PROSE_WIDTH, ago_text, finding_lines, moment_text, printable, shortened

CSV_COLUMNS = ("id", "time", "outcome", "client_id", "role", "topic", "finding", "what", "nearest", "payload")
_COLOURS = {"rejected": Colour.ERROR, "quarantined": Colour.ERROR, "warned": Colour.WARNING}


def violations_list(
    topic: Annotated[str | None, typer.Option("--topic", help="Only topics that this filter matches.")] = None,
    finding: Annotated[str | None, typer.Option("--finding", help="Only this finding id, or family.")] = None,
    client: Annotated[str | None, typer.Option("--client", help="Only this client id.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest first.")] = 20,
    group: Annotated[
        int | None, typer.Option("--group", min=0, help="Only of this group, also when it is muted.")
    ] = None,
    before: Annotated[int | None, typer.Option("--before", help="Only those older than this number.")] = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """List refused, quarantined and tagged messages with their reasons."""
    from uns.app.cli.client import Client

    query = {"topic": topic, "finding": finding, "client": client, "group": group, "limit": limit, "before": before}
    with Client(server, user, ca) as talker:
        answer = talker.get("violations", **query)
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(CSV_COLUMNS, map(_row, answer["violations"]))
        case Output.TABLE if answer["violations"]:
            print_lines(_lines(answer, talker.now_ms(), of_stdout()))
        case Output.TABLE if topic or finding or client or group or before:
            typer.echo(f"No violation is like that; {answer['total']} are stored in all.")
        case Output.TABLE:
            typer.echo("No violations: everything published so far kept the rules.")


def _lines(answer: dict[str, Any], now_ms: int, terminal: Terminal) -> Iterator[str]:
    for violation in answer["violations"]:
        yield from _block(violation, now_ms, terminal)
        yield ""
    shown = f"{len(answer['violations'])} of {answer['total']}, the newest first."
    if answer["shed"]:
        shown += f" {answer['shed']} were lost because the store was full."
    yield shown + (f" Older: uns violations list --before {answer['next']}" if answer["next"] is not None else "")


def _block(violation: dict[str, Any], now_ms: int, terminal: Terminal) -> Iterator[str]:
    finding, topic = violation["finding"], violation["topic"]
    width = min(terminal.width or PROSE_WIDTH, PROSE_WIDTH)
    outcome = terminal.coloured(violation["outcome"], _COLOURS.get(violation["outcome"]))
    if violation["replay"]:
        outcome += f" (replay: {violation['replay']})"
    moment = f"{ago_text(violation['time'], now_ms)} ({moment_text(violation['time'])})"
    yield f"#{violation['id']}  {outcome}  {finding['id']}  {moment}"
    yield f"  {printable(topic)}"
    yield from finding_lines(finding, "    ", width, topic)
    who = " ".join(filter(None, (violation["client_id"], violation["address"])))
    yield f"    from {printable(who)}, role {violation['role']}"
    if violation["payload"]:
        yield "    " + shortened(f"payload {printable(violation['payload'])}", width - 4)


def _row(violation: dict[str, Any]) -> list[Any]:
    finding = violation["finding"]
    flat = {**violation, "finding": finding["id"], "what": finding["what"], "nearest": finding["nearest"]}
    return [flat[name] for name in CSV_COLUMNS]

"""`uns violations`: which troubles are there, and what is decided about each?"""

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.table import Cell, Column, Row, table_lines
from uns.app.cli.terminal import Colour, Terminal, of_stdout
from uns.app.cli.text import (
    PROSE_WIDTH,
    age_text,
    ago_text,
    finding_lines,
    moment_text,
    printable,
    shortened,
    wrapped,
)
from uns.app.counted import counted
from uns.fields import parse_duration
from uns.samples import format_timestamp

COLUMNS = (
    Column("id", right=True),
    Column("last", right=True),
    Column("count", right=True),
    Column("held", right=True),
    Column("state"),
    Column("finding"),
    Column("client", yields=True),
)
if TYPE_CHECKING:
    from uns.app.cli.client import Client

CSV_COLUMNS = (
    "id", "state", "count", "held", "first", "last", "finding", "rule", "branch", "client_id", "assigned", "what",
)  # fmt: skip
_COLOURS = {"open": None, "muted": Colour.WARNING, "resolved": None}

GroupArgument = Annotated[
    int, typer.Argument(metavar="ID", min=0, help="Number of a group, as `uns violations` lists.")
]
NoteOption = Annotated[str, typer.Option("--note", help="Why; kept in the journal of the group.")]


class StateChoice(StrEnum):
    """Which groups are listed."""

    OPEN = "open"
    MUTED = "muted"
    RESOLVED = "resolved"
    ALL = "all"


class SortChoice(StrEnum):
    """What comes first."""

    LAST = "last"
    COUNT = "count"


def groups(
    ctx: typer.Context,
    state: Annotated[StateChoice, typer.Option("--state", help="Only those.")] = StateChoice.OPEN,
    topic: Annotated[str | None, typer.Option("--topic", help="Only with topics that this filter matches.")] = None,
    finding: Annotated[str | None, typer.Option("--finding", help="Only this finding id, or family.")] = None,
    client: Annotated[str | None, typer.Option("--client", help="Only this client id.")] = None,
    branch: Annotated[str | None, typer.Option("--branch", help="Only this equipment and what is below it.")] = None,
    sort: Annotated[SortChoice, typer.Option("--sort", help="What comes first.")] = SortChoice.LAST,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 20,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """What goes wrong, in groups of one finding, branch and client. `uns violations show ID` tells all about one."""
    from uns.app.cli.client import Client

    if ctx.invoked_subcommand is not None:
        return
    query = {
        "state": None if state is StateChoice.ALL else state.value,
        "topic": topic,
        "finding": finding,
        "client": client,
        "branch": branch,
        "sort": sort.value,
        "limit": limit,
    }
    with Client(server, user, ca) as talker:
        answer = talker.get("violations/groups", **query)
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(CSV_COLUMNS, map(_csv_row, answer["groups"]))
        case Output.TABLE if answer["groups"]:
            print_lines(_table(answer, talker.now_ms(), of_stdout()))
        case Output.TABLE if any(answer["by_state"].values()) or topic or finding or client or branch:
            typer.echo(f"Nothing like that: {_by_state(answer)}.")
        case Output.TABLE:
            typer.echo("No violations: everything published so far kept the rules.")


def show(
    group: GroupArgument,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """All about one group: why, from whom, its latest messages, and what was decided."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as talker:
        answer = talker.get(f"violations/groups/{group}")
    if chosen(output) is Output.TABLE:
        print_lines(_detail(answer, talker.now_ms(), of_stdout()))
    else:
        print_json(answer)


def mute(
    group: GroupArgument,
    span: Annotated[str | None, typer.Option("--for", help="So long, for example 8h; else until unmuted.")] = None,
    note: NoteOption = "",
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
) -> None:
    """Count a group, and list it and its messages no more. What quarantine holds is held all the same."""
    try:
        span_ms = None if span is None else int(parse_duration(span))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from error
    from uns.app.cli.client import Client

    _act(Client(server, user, ca), group, "mute", note=note, span_ms=span_ms)


def unmute(
    group: GroupArgument,
    note: NoteOption = "",
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
) -> None:
    """Take a muted group back into the list."""
    from uns.app.cli.client import Client

    _act(Client(server, user, ca), group, "unmute", note=note)


def assign(
    group: GroupArgument,
    to: Annotated[str, typer.Argument(metavar="WHOM", help="A person or a team; '' is nobody.")],
    note: NoteOption = "",
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
) -> None:
    """Say who sees to a group."""
    from uns.app.cli.client import Client

    _act(Client(server, user, ca), group, "assign", note=note, to=to)


def resolve(
    group: GroupArgument,
    note: NoteOption = "",
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
) -> None:
    """Say that a group is mended. The next occurrence opens it again."""
    from uns.app.cli.client import Client

    _act(Client(server, user, ca), group, "resolve", note=note)


def reopen(
    group: GroupArgument,
    note: NoteOption = "",
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
) -> None:
    """Say that a resolved group is not mended."""
    from uns.app.cli.client import Client

    _act(Client(server, user, ca), group, "reopen", note=note)


def _act(client: "Client", group: int, action: str, *, note: str, to: str = "", span_ms: int | None = None) -> None:
    with client as talker:
        until = None
        if span_ms is not None:
            talker.get("info")  # tells the server's time
            until = format_timestamp(talker.now_ms() + span_ms)
        body = {"action": action, "note": note, "to": to, "until": until}
        changed = talker.post(f"violations/groups/{group}/actions", body)["group"]
    typer.echo(f"#{group} is {_standing(changed)}")


def _standing(group: dict[str, Any]) -> str:
    told: str = group["state"]
    if group["muted_until"]:
        told += f" until {moment_text(group['muted_until'])}"
    if group["assigned"]:
        told += f", assigned to {printable(group['assigned'])}"
    return told


def _by_state(answer: dict[str, Any]) -> str:
    return ", ".join(f"{number} {state}" for state, number in answer["by_state"].items())


def _table(answer: dict[str, Any], now_ms: int, terminal: Terminal) -> Iterator[str]:
    """Below each row the topic of the latest one, whole."""
    header, *rows = table_lines(COLUMNS, [_row(group, now_ms) for group in answer["groups"]], terminal)
    yield header
    for row, group in zip(rows, answer["groups"], strict=True):
        yield row
        yield f"    {printable(group['topic'])}"
    yield ""
    yield f"{len(answer['groups'])} of {counted(answer['total'], 'group')} ({_by_state(answer)})."
    yield "All about one: uns violations show ID. Every message: uns violations list."


def _row(group: dict[str, Any], now_ms: int) -> Row:
    return (
        str(group["id"]),
        age_text(group["last"], now_ms),
        str(group["count"]),
        str(group["held"]) if group["held"] else "",
        Cell(group["state"], _COLOURS[group["state"]]) if group["state"] != "open" else "",
        group["finding"]["id"],
        printable(group["client_id"]),
    )


def _csv_row(group: dict[str, Any]) -> list[Any]:
    flat = {**group, "finding": group["finding"]["id"], "what": group["finding"]["what"]}
    return [flat[name] for name in CSV_COLUMNS]


def _detail(answer: dict[str, Any], now_ms: int, terminal: Terminal) -> Iterator[str]:
    group = answer["group"]
    width = min(terminal.width or PROSE_WIDTH, PROSE_WIDTH)
    yield f"#{group['id']}  {group['finding']['id']}  {_standing(group)}"
    yield f"  {printable(group['topic'])}"
    yield from finding_lines(group["finding"], "    ", width, group["topic"])
    yield ""
    for name, told in _facts(group, now_ms):
        first, *more = list(wrapped(told, " " * 12, width)) or [""]
        yield f"  {name:<10}{first[12:]}"
        yield from more
    if answer["samples"]:
        yield ""
        yield "The latest messages:"
    for sample in answer["samples"]:
        told = f"#{sample['id']}  {sample['replay'] or sample['outcome']}  {moment_text(sample['time'])}"
        yield shortened(f"  {told}  {printable(sample['payload'] or '')}", width)
    if answer["proposals"]:
        yield ""
        yield "What would take it:"
    for number, proposal in enumerate(answer["proposals"], 1):
        first, *more = wrapped(f"{proposal['kind']}: {proposal['sentence']}", "     ", width)
        yield f"  {number}. {first[5:]}"
        yield from more
    if answer["proposals"]:
        yield f"  Show and apply one: uns violations accept {group['id']} --proposal 1"
    if answer["journal"]:
        yield ""
        yield "What was done:"
    for entry in answer["journal"]:
        who = f"by {printable(entry['who'])}" if entry["who"] else "by itself"
        note = f": {printable(entry['note'])}" if entry["note"] else ""
        yield shortened(f"  {moment_text(entry['time'])}  {entry['what']} {who}{note}", width)


def _facts(group: dict[str, Any], now_ms: int) -> Iterator[tuple[str, str]]:
    """What stands in the middle: a name and a text each."""
    by = ", ".join(f"{group[name]} {name}" for name in ("delivered", "quarantined", "rejected") if group[name])
    yield "rule", group["rule"]
    yield "branch", group["branch"]
    yield (
        "client",
        f"{group['client_id']} {'from ' if group['addresses'] else ''}{', '.join(group['addresses'])}".strip(),
    )
    yield "count", f"{group['count']} ({by}), {group['kept']} kept, {group['held']} held in quarantine"
    yield "first", f"{moment_text(group['first'])} ({ago_text(group['first'], now_ms)})"
    yield "last", f"{moment_text(group['last'])} ({ago_text(group['last'], now_ms)})"
    if group["nearest"]:
        yield "nearest", ", ".join(group["nearest"])
    if group["reopened"]:
        yield "reopened", counted(group["reopened"], "time")
    if group["note"]:
        yield "note", group["note"]

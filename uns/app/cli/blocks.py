"""`uns violations block`: who may not connect any more?"""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.table import Column, table_lines
from uns.app.cli.terminal import of_stdout
from uns.app.cli.text import age_text, printable
from uns.app.counted import counted

COLUMNS = (
    Column("id", right=True),
    Column("client"),
    Column("user"),
    Column("address"),
    Column("since", right=True),
    Column("by"),
    Column("reason", yields=True),
)
CSV_COLUMNS = ("id", "client_id", "user", "address", "time", "who", "reason")


def block(
    group: Annotated[int | None, typer.Argument(metavar="[ID]", min=0, help="The client of this group.")] = None,
    client: Annotated[str, typer.Option("--client", help="This client id.")] = "",
    name: Annotated[str, typer.Option("--login", help="Clients that log in as this user.")] = "",
    address: Annotated[str, typer.Option("--address", help="Clients from this host.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Told to the client, and kept.")] = "",
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
) -> None:
    """Disconnect a client now, and refuse it from now on. Of several options each must be the client's."""
    from uns.app.cli.client import Client

    if group is None and not (client or name or address):
        raise typer.BadParameter("say whom: the ID of a group, --client, --login or --address")
    body = {"client": client, "user": name, "address": address, "reason": reason, "group": group}
    with Client(server, user, ca) as talker:
        made = talker.post("blocks", body)
    number = made["block"]["id"]
    typer.echo(f"Blocked {_subject(made['block'])}; {counted(len(made['disconnected']), 'connection')} closed.")
    typer.echo(f"Undo: uns violations unblock {number}")


def unblock(
    block_id: Annotated[int, typer.Argument(metavar="BLOCK", min=0, help="Number of a block, see `blocks`.")],
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
) -> None:
    """Let a client connect again."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as talker:
        removed = talker.delete(f"blocks/{block_id}")
    typer.echo(f"No longer blocked: {_subject(removed)}")


def blocks(
    server: ServerOption = DEFAULT_SERVER, user: UserOption = None, ca: CaOption = None, output: OutputOption = None
) -> None:
    """List who may not connect, since when and why."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as talker:
        answer = talker.get("blocks")
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(CSV_COLUMNS, ([entry[name] for name in CSV_COLUMNS] for entry in answer["blocks"]))
        case Output.TABLE if answer["blocks"]:
            print_lines(_lines(answer["blocks"], talker.now_ms()))
        case Output.TABLE:
            typer.echo("Nobody is blocked.")


def _lines(listed: list[dict[str, Any]], now_ms: int) -> Iterator[str]:
    rows = [
        (
            str(entry["id"]),
            printable(entry["client_id"]),
            printable(entry["user"]),
            printable(entry["address"]),
            age_text(entry["time"], now_ms),
            printable(entry["who"]),
            printable(entry["reason"]),
        )
        for entry in listed
    ]
    yield from table_lines(COLUMNS, rows, of_stdout())


def _subject(entry: dict[str, Any]) -> str:
    names = (("client", "client_id"), ("user", "user"), ("address", "address"))
    return ", ".join(f"{word} {printable(entry[key])}" for word, key in names if entry[key])

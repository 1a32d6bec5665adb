"""`uns tree`: what is in the namespace, and what does it say now?"""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.quality import quality_cell
from uns.app.cli.table import Column, Row, table_lines
from uns.app.cli.terminal import of_stdout
from uns.app.cli.text import age_text, printable, shortened, value_text

PAGE = 1000
MAX_VALUE = 32
COLUMNS = (
    Column("topic"),
    Column("value", right=True, yields=True),
    Column("unit"),
    Column("quality"),
    Column("age", right=True),
    Column("about", yields=True),
)
CSV_COLUMNS = ("path", "value", "unit", "quality", "timestamp")


def tree(
    path: Annotated[str, typer.Argument(help="Where to start; everything when left out.")] = "",
    depth: Annotated[int, typer.Option("--depth", "-d", min=1, max=64, help="How many levels to show.")] = 20,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Show the namespace with its current values."""
    from uns.app.cli.client import Client

    path = path.strip("/")
    with Client(server, user, ca) as client:
        nodes = _nodes(client, path, depth)
    match chosen(output):
        case Output.JSON:
            print_json({"path": path, "nodes": nodes})
        case Output.CSV:
            values = (node for node in nodes if _has_value(node))
            print_csv(CSV_COLUMNS, ([node[name] for name in CSV_COLUMNS] for node in values))
        case Output.TABLE if nodes:
            print_lines(table_lines(COLUMNS, list(_rows(path, nodes, client.now_ms())), of_stdout()))
        case Output.TABLE:
            typer.echo(f"Nothing is below '{path}'. Is it a topic? See: uns get {path}" if path else "Nothing here.")


def _nodes(client: Any, path: str, depth: int) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = client.get("tree", path=path, depth=depth, limit=PAGE, cursor=cursor)
        nodes += page["nodes"]
        cursor = page["next"]
        if cursor is None:
            return nodes


def _rows(path: str, nodes: list[dict[str, Any]], now_ms: int) -> Iterator[Row]:
    if path:
        yield (path, "", "", "", "", "")
    shift = 0 if path else 1
    for node in nodes:
        name = "  " * (node["depth"] - shift) + printable(node["name"])
        if _has_value(node):
            value = "" if node["quality"] is None else shortened(value_text(node["value"]), MAX_VALUE)
            age = age_text(node["timestamp"], now_ms)
            yield (name, value, node["unit"] or "", quality_cell(node["quality"]), age, _about(node))
        else:
            yield (name, "", "", "", "", _about(node))


def _has_value(node: dict[str, Any]) -> bool:
    return node["kind"] in ("attribute", "topic")


def _about(node: dict[str, Any]) -> str:
    """The model belongs to the asset, and is told there only."""
    model = node["model"] if node["kind"] == "asset" else None
    return "  ".join(filter(None, (model, printable(node["description"] or ""))))

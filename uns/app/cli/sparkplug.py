"""`uns sparkplug`: which edge nodes are there, what do they say, and what can be asked of them?"""

import json
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.table import Cell, Column, Row, table_lines
from uns.app.cli.terminal import Colour, Terminal, of_stdout
from uns.app.cli.text import age_text, printable, value_text
from uns.app.counted import counted

NodeArgument = Annotated[
    str, typer.Argument(metavar="GROUP/NODE", help="Group id and edge node id, such as acme:ghent:packaging/line1.")
]
NODE_COLUMNS = (
    Column("node", yields=True),
    Column("state"),
    Column("for", right=True),
    Column("devices", right=True),
    Column("metrics", right=True),
    Column("gaps", right=True),
    Column("rebirths", right=True),
    Column("client", yields=True),
)
METRIC_COLUMNS = (
    Column("metric", yields=True),
    Column("alias", right=True),
    Column("datatype"),
    Column("value", right=True, yields=True),
    Column("unit"),
    Column("quality"),
    Column("topic", yields=True),
)
NODE_CSV = ("group", "node", "state", "since", "bd_seq", "devices", "metrics", "last_message", "client", "rebirths")
METRIC_CSV = (
    "device", "name", "alias", "datatype", "unit", "topic", "template", "value", "quality", "timestamp",
)  # fmt: skip
_COLOURS = {"offline": Colour.ERROR, "unknown": Colour.WARNING}


def nodes(
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """List the edge nodes that were heard, with their state; where there were any, gaps and rebirth requests too."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        answer = client.get("sparkplug/nodes")
    found = answer["nodes"]
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(NODE_CSV, map(_csv_row, found))
        case Output.TABLE if found:
            print_lines(table_lines(NODE_COLUMNS, [_row(node, client.now_ms()) for node in found], of_stdout()))
        case Output.TABLE:
            typer.echo("No edge node was heard: nothing came on spBv1.0/# since the server started.")


def show(
    node: NodeArgument,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Show an edge node: its session, its devices, and every metric of its births with its topic and value."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        answer = client.get(_path(node))
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(METRIC_CSV, ([metric[name] for name in METRIC_CSV] for metric in answer["born"]))
        case Output.TABLE:
            print_lines(_shown(answer, client.now_ms(), of_stdout()))


def rebirth(
    node: NodeArgument, server: ServerOption = DEFAULT_SERVER, user: UserOption = None, ca: CaOption = None
) -> None:
    """Ask an edge node for all its births again."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        sent = client.post(f"{_path(node)}/rebirth", {})["sent"]
    typer.echo(
        f"{node} is asked for its births."
        if sent
        else f"{node} was asked a moment ago; it is asked again as soon as it may be. See 'uns sparkplug show {node}'."
    )


def command(
    node: NodeArgument,
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="As in its birth, such as speed/setpoint.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="JSON; text that is no JSON is a string.")],
    device: Annotated[str, typer.Option("--device", "-d", help="The device of the metric; none for the node.")] = "",
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
) -> None:
    """Write a metric with an NCMD or DCMD, in the datatype of its birth.

    A negative number comes after --, as in: uns sparkplug command -d filler acme:ghent:packaging/line1 offset -- -5
    """
    from uns.app.cli.client import Client

    body = {"device": device, "metric": metric, "value": _json(value)}
    with Client(server, user, ca) as client:
        topic = client.post(f"{_path(node)}/commands", body)["topic"]
    typer.echo(f"Sent on {topic}. The device answers with a new value, if it takes it.")


def record(
    node: NodeArgument,
    seconds: Annotated[float, typer.Option("--for", help="Seconds, up to 300.", min=0.1, max=300)] = 10.0,
    rebirth: Annotated[bool, typer.Option(help="Ask for the births first.")] = True,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
) -> None:
    """Record what an edge node sends, one JSON object per line, the payload in base64.

    A session to look at, or to play again in a test: uns sparkplug record GROUP/NODE --for 30 > session.jsonl
    """
    from uns.app.cli.client import TIMEOUT_S, Client

    with Client(server, user, ca, timeout_s=TIMEOUT_S + seconds) as client:
        answer = client.post(f"{_path(node)}/recording", {"seconds": seconds, "rebirth": rebirth})
    for message in answer["messages"]:
        typer.echo(json.dumps(message))
    if answer["full"]:
        typer.echo("There was no room for more.", err=True)


def _path(node: str) -> str:
    group, slash, name = node.partition("/")
    if not slash or not group or not name:
        raise typer.BadParameter(f"'{node}' is not GROUP/NODE", param_hint="GROUP/NODE")
    return f"sparkplug/nodes/{quote(group, safe='')}/{quote(name, safe='')}"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _row(node: dict[str, Any], now_ms: int) -> Row:
    counts, rebirths = node["counts"], node["rebirths"]
    waiting = f" ({rebirths['unanswered']} unanswered)" if rebirths["unanswered"] else ""
    return (
        printable(f"{node['group']}/{node['node']}"),
        Cell(node["state"], _COLOURS.get(node["state"])),
        age_text(node["since"], now_ms),
        f"{sum(device['online'] for device in node['devices'])}/{len(node['devices'])}",
        str(_metrics(node)),
        str(counts.get("gaps") or ""),
        f"{rebirths['requests']}{waiting}" if rebirths["requests"] else "",
        printable(node["client"]),
    )


def _metrics(node: dict[str, Any]) -> int:
    return sum((int(device["metrics"]) for device in node["devices"]), int(node["metrics"]))


def _csv_row(node: dict[str, Any]) -> list[Any]:
    flat = {
        **node,
        "devices": len(node["devices"]),
        "metrics": _metrics(node),
        "rebirths": node["rebirths"]["requests"],
    }
    return [flat[name] for name in NODE_CSV]


def _shown(node: dict[str, Any], now_ms: int, terminal: Terminal) -> Iterator[str]:
    since = f" for {age_text(node['since'], now_ms)}" if node["since"] else ""
    yield printable(f"{node['group']}/{node['node']}")
    yield f"  {node['state']}{since}, bdSeq {node['bd_seq']}, client {printable(node['client']) or 'not known'}"
    if node["last_message"]:
        yield f"  last message {age_text(node['last_message'], now_ms)} ago"
    yield f"  {', '.join(f'{count} {name}' for name, count in node['counts'].items())}"
    rebirths = node["rebirths"]
    if rebirths["requests"]:
        asked = counted(rebirths["requests"], "time")
        unanswered = f", {rebirths['unanswered']} since its last birth" if rebirths["unanswered"] else ""
        yield f"  asked for its births {asked}{unanswered}, the last: {rebirths['cause']}"
    if node["templates"]:
        yield f"  templates: {printable(', '.join(node['templates']))}"
    of_device: dict[str, list[dict[str, Any]]] = {}
    for metric in node["born"]:
        of_device.setdefault(metric["device"], []).append(metric)
    known = {device["name"]: device for device in node["devices"]}
    for name, metrics in of_device.items():
        yield ""
        below = _branch(metrics)
        where = f", below {printable(below)}" if below else ""
        if name in known:
            state = "online" if known[name]["online"] else "offline"
            yield f"{printable(name)}: {state} for {age_text(known[name]['since'], now_ms)}{where}"
        else:
            yield f"the node itself{where}"
        yield from table_lines(METRIC_COLUMNS, [_metric_row(metric, below) for metric in metrics], terminal)


def _branch(metrics: list[dict[str, Any]]) -> str:
    """The branch of the tree in which metrics appear under their own names, or an empty string."""
    for metric in metrics:
        topic, tail = metric["topic"] or "", f"/{metric['name']}"
        if topic.endswith(tail):
            return str(topic).removesuffix(tail)
    return ""


def _metric_row(metric: dict[str, Any], below: str) -> Row:
    topic = metric["topic"] or ""
    quality = metric["quality"] or ""
    return (
        printable(metric["name"]),
        "" if metric["alias"] is None else str(metric["alias"]),
        f"{metric['datatype']} {printable(metric['template'])}" if metric["template"] else metric["datatype"],
        "" if metric["quality"] is None else value_text(metric["value"]),
        printable(metric["unit"]),
        Cell(quality, None if quality in ("Good", "") else Colour.WARNING),
        "" if topic == f"{below}/{metric['name']}" else printable(topic),
    )

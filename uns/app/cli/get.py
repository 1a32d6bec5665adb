"""`uns get`: everything about one topic."""

from collections.abc import Iterator
from typing import Any

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, TopicArgument, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.quality import quality_cell
from uns.app.cli.table import Cell
from uns.app.cli.terminal import Terminal, of_stdout
from uns.app.cli.text import ago_text, finding_lines, moment_text, printable, span_text, value_text

Fact = tuple[str, str]
INDENT = 13


def get(
    topic: TopicArgument,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Show one topic: value, contract, owner, source, last publisher."""
    from uns.app.cli.client import Client, topic_path

    with Client(server, user, ca) as client:
        detail = client.get(f"topics/{topic_path(topic)}")
    match chosen(output):
        case Output.JSON:
            print_json(detail)
        case Output.CSV:
            print_csv(list(detail), [list(detail.values())])
        case Output.TABLE:
            print_lines(_lines(detail, client.now_ms(), of_stdout()))


def _lines(detail: dict[str, Any], now_ms: int, terminal: Terminal) -> Iterator[str]:
    yield detail["topic"]
    yield f"  {_value(detail, now_ms, terminal)}"
    yield ""
    for name, text in _facts(detail):
        yield f"  {name:<{INDENT - 2}}{text}"
    if detail["finding"]:
        yield f"  {'refused':<{INDENT - 2}}{detail['finding']['id']}, the last message that was refused here:"
        yield from finding_lines(detail["finding"], " " * INDENT, topic=detail["topic"])


def _value(detail: dict[str, Any], now_ms: int, terminal: Terminal) -> str:
    attribute = detail["attribute"] or {}
    cell = quality_cell(detail["quality"])
    if detail["payload"] is None:
        expects_value = attribute or detail["open"]
        return "no data yet" if expects_value else f"no value: a level. See: uns tree {detail['topic']}"
    if detail["timestamp"] is None:  # a document, or text that is no sample
        return value_text(detail["payload"], exact=True)
    late = Cell("stale", cell.colour) if detail["stale"] else Cell("")
    marks = [terminal.coloured(mark.text, mark.colour) for mark in (cell, late) if mark.text]
    value = " ".join(filter(None, (value_text(detail["value"], exact=True), attribute.get("unit"))))
    age = f"{ago_text(detail['timestamp'], now_ms)} ({moment_text(detail['timestamp'])})"
    return "  ".join([value, *marks, age])


def _facts(detail: dict[str, Any]) -> Iterator[Fact]:
    attribute, source, publisher = detail["attribute"], detail["source"], detail["publisher"]
    yield from _given("about", printable(detail["description"] or ""))
    if attribute:
        yield "contract", contract_text(attribute)
    yield from _given("model", detail["model"])
    yield from _given("owner", detail["owner"])
    yield "mode", "open branch, judged by no contract" if detail["open"] else detail["mode"]
    if source and source["name"]:
        yield "source", f"{source['name']} ({source['adapter']}, {source['state']}) {source['endpoint']}"
        yield "address", ", ".join(f"{name}: {value_text(value)}" for name, value in source["address"].items())
    if source:
        yield "sparkplug", f"{source['group']}/{source['node']}/{source['device']} {source['metric']}"
    if publisher:
        origin = " ".join(filter(None, (publisher["protocol"], publisher["address"])))
        yield "publisher", printable(f"{publisher['client_id']} (role {publisher['role']}, {origin})")
    if detail["received_at"]:
        kept = "retained" if detail["retained"] else "not retained"
        yield "message", f"{moment_text(detail['received_at'])}, {detail['payload_bytes']} bytes, {kept}"
    yield "traffic", f"{detail['updates']} received, {detail['subscribers']} subscriber(s)"


def _given(name: str, text: str | None) -> Iterator[Fact]:
    if text:
        yield name, text


def contract_text(attribute: dict[str, Any]) -> str:
    """`number in Cel, -10 to 120, at most 5 s old, writable`."""
    parts = [f"{attribute['type']} in {attribute['unit']}" if attribute["unit"] else attribute["type"]]
    low, high = attribute["min"], attribute["max"]
    if low is not None and high is not None:
        parts.append(f"{value_text(low)} to {value_text(high)}")
    elif low is not None or high is not None:
        parts.append(f"at least {value_text(low)}" if high is None else f"at most {value_text(high)}")
    if attribute["enum"]:
        parts.append("one of " + ", ".join(value_text(word) for word in attribute["enum"]))
    if attribute["max_age_ms"]:
        parts.append(f"at most {span_text(attribute['max_age_ms'])} old")
    if attribute["writable"]:
        parts.append("writable")
    return ", ".join(parts)

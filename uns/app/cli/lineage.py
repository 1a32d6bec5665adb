"""`uns lineage`: where does a topic come from, what lets it in, and where does it go?"""

import time
from collections.abc import Iterator
from typing import Any

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, TopicArgument, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.terminal import of_stdout
from uns.app.cli.text import PROSE_WIDTH, ago_text, printable, span_text, value_text, wrapped
from uns.app.counted import counted

LOOK_S = 1.0
"""Between two looks at a counter, for the rate."""
NAME = 13
MAX_SUBSCRIBERS = 20
_BY = {"model": "model ", "open": "open branch "}

Fact = tuple[str, str]


def lineage(
    topic: TopicArgument,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Show where a topic comes from, with files and lines, what lets it in, and where it goes."""
    from uns.app.cli.client import Client, topic_path

    with Client(server, user, ca) as client:
        resource = f"lineage/{topic_path(topic)}"
        answer = client.get(resource)
        if answer["rate"] is None:
            time.sleep(LOOK_S)
            answer = client.get(resource)
        now_ms = client.now_ms()
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(("what", "says"), _facts(answer, now_ms))
        case Output.TABLE:
            print_lines(_lines(answer, now_ms, min(of_stdout().width or PROSE_WIDTH, PROSE_WIDTH)))


def _lines(answer: dict[str, Any], now_ms: int, width: int) -> Iterator[str]:
    yield printable(answer["topic"])
    for name, text in _facts(answer, now_ms):
        first, *more = list(wrapped(text, " " * (NAME + 2), width)) or [""]
        yield f"  {name:<{NAME}}{first.strip()}"
        yield from more


def _facts(answer: dict[str, Any], now_ms: int) -> Iterator[Fact]:
    yield from _origin(answer["source"])
    yield from _rules(answer)
    publisher, rate, error = answer["publisher"], answer["rate"], answer["error"]
    if publisher:
        by = ", ".join(filter(None, (publisher["role"] and f"role {publisher['role']}", publisher["protocol"])))
        yield "publisher", f"{publisher['client_id']} ({by}) {ago_text(publisher['time'], now_ms)}"
    else:
        yield "publisher", "nothing was heard yet"
    if rate:
        yield "rate", f"{rate['per_s']:.3g} messages/s, over the last {span_text(rate['over_ms'])}"
    yield "updates", f"{counted(answer['updates'], 'message')} since the server started"
    yield "history", _history(answer["history"])
    yield from _destinations(answer)
    if error:
        when = (
            f"{ago_text(error['time'], now_ms)}, {error['outcome']}, from {error['client_id']}: "
            if error["time"]
            else ""
        )
        yield "last error", f"{error['finding_id']} {when}{error['what']}"


def _origin(source: dict[str, Any] | None) -> Iterator[Fact]:
    if source is None:
        return
    if source["name"]:
        state = ", ".join(filter(None, (source["adapter"], source["state"], source["finding"])))
        yield "source", f"{source['name']} ({state}){_at(source['written'])}"
        yield "endpoint", source["endpoint"]
        yield "address", ", ".join(f"{key}: {value_text(value)}" for key, value in source["address"].items())
    place = "/".join(filter(None, (source["group"], source["node"], source["device"])))
    yield "sparkplug", f"{place} {source['metric']}"


def _rules(answer: dict[str, Any]) -> Iterator[Fact]:
    for old in answer["old_names"]:
        until = f"until {old['until']}" if old["until"] else "for ever"
        yield "old name", f"{old['topic']} {until}{_at(old['written'])}"
    equipment, contract, admitted = answer["equipment"], answer["contract"], answer["admitted"]
    if equipment:
        by = f" by the pattern {equipment['pattern']}" if equipment["pattern"] else ""
        yield "declared", f"{equipment['path']}{by}{_at(equipment['written'])}"
    if contract:
        stated = "" if contract["stated_by"] == contract["model"] else f" (stated by {contract['stated_by']})"
        yield "contract", f"{contract['model']} {contract['attribute']}{stated}{_at(contract['written'])}"
    at = "" if admitted["by"] == "model" else _at(admitted["written"])
    yield "admitted by", f"{_BY.get(admitted['by'], '')}{admitted['rule']}{at}"
    stated = f"stated at {answer['mode_source']}" if answer["mode_source"] else "the default of all"
    yield "mode", f"{answer['mode']} ({stated})"


def _history(history: dict[str, Any]) -> str:
    if history["filter"] is None:
        return "not recorded"
    if not history["recorded"]:
        return f"not recorded: {history['filter']} takes the topic, but its payload holds no value"
    days = history["retention_days"]
    return f"recorded by {history['filter']}, kept {'for ever' if days is None else counted(days, 'day')}"


def _destinations(answer: dict[str, Any]) -> Iterator[Fact]:
    subscribers = answer["subscribers"]
    count = len(subscribers) + answer["subscribers_left_out"]
    if not count:
        yield "subscribers", "none"
    for each in subscribers[:MAX_SUBSCRIBERS]:
        note = " (of this server)" if each["inner"] else "" if each["connected"] else " (not connected)"
        yield "subscriber", f"{each['client_id']} by {each['filter']}{note}"
    if count > MAX_SUBSCRIBERS:
        yield "subscribers", f"{count - MAX_SUBSCRIBERS} more"


def _at(written: dict[str, Any] | None) -> str:
    return f" at {written['file']}:{written['line']}" if written else ""

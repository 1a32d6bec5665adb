"""How does a plan read for a person? What differs, whom it touches now, and what of the past it would have refused."""

from collections.abc import Iterator
from typing import Any

from uns.app.cli.terminal import Colour, Terminal
from uns.app.cli.text import PROSE_WIDTH, printable, shortened, wrapped
from uns.app.counted import counted

SIGNS = {"added": "+", "changed": "~", "removed": "-"}
_COLOURS = {"changed": Colour.WARNING, "removed": Colour.ERROR}
SHOWN = 40
SUBJECT = 10
SOURCES = {"added": "starts", "removed": "stops", "changed": "starts anew"}


def plan_lines(plan: dict[str, Any], terminal: Terminal, *, diffs: bool = False) -> Iterator[str]:
    """diffs: with what differs in each file, line by line."""
    width = min(terminal.width or PROSE_WIDTH, PROSE_WIDTH)
    files = plan["files"]
    if not files and not plan["changes"]:
        yield f"Nothing differs from revision {plan['base']}, which runs."
        return
    if files:
        yield f"{counted(len(files), 'file')} not as in revision {plan['base']}, which runs:"
    else:
        yield f"As revision {plan['base']}, which runs, but:"
    for file in files:
        yield _sign(file["kind"], file["name"], terminal)
        if diffs:
            yield from (f"      {printable(line)}" for line in file["diff"].splitlines())
    yield from _changes(plan, terminal, width)
    yield from _topics(plan, width)
    yield from _touched(plan, width)
    yield from _foresight(plan["foresight"], width)
    for warning in plan["warnings"]:
        place = f"{warning['file']}:{warning['line']}:{warning['column']}" if warning["line"] else warning["file"]
        yield from wrapped(f"{place}: warning {warning['id']}: {warning['what']}", "  ", width)


def _changes(plan: dict[str, Any], terminal: Terminal, width: int) -> Iterator[str]:
    changes = plan["changes"]
    if not changes:
        yield "What is declared stays the same."
        return
    yield ""
    for change in changes[:SHOWN]:
        yield _sign(change["kind"], f"{change['subject']:<{SUBJECT}}{printable(change['name'])}", terminal)
        for detail in change["details"]:
            yield shortened(f"      {printable(detail)}", width)
    if len(changes) > SHOWN:
        yield f"    … and {len(changes) - SHOWN} more"
    for source in plan["sources"]:
        why = f" ({source['why']})" if source["why"] else ""
        yield _sign(source["kind"], f"{'source':<{SUBJECT}}{source['name']} {SOURCES[source['kind']]}{why}", terminal)


def _topics(plan: dict[str, Any], width: int) -> Iterator[str]:
    figures = {kind: plan[f"topics_{kind}"] for kind in SIGNS}
    told = [f"{figure['count']} {kind}" for kind, figure in figures.items() if figure["count"]]
    if told:
        yield ""
        yield f"Topics: {', '.join(told)}."
    for kind, figure in figures.items():
        yield from (shortened(f"  {SIGNS[kind]} {printable(topic)}", width) for topic in figure["topics"])
        if figure["count"] > len(figure["topics"]):
            yield f"    … and {figure['count'] - len(figure['topics'])} more"
    orphans = plan["orphans"]
    if orphans["count"]:
        first = ", ".join(map(printable, orphans["topics"]))
        yield from wrapped(f"{counted(orphans['count'], 'retained value')} stay behind, undeclared: {first}", "", width)


def _touched(plan: dict[str, Any], width: int) -> Iterator[str]:
    if plan["publishers"] or plan["subscribers"]:
        yield ""
        yield "Touched at this moment:"
    for role in ("publisher", "subscriber"):
        for touched in plan[f"{role}s"][:SHOWN]:
            more = f" and {touched['count'] - 1} more" if touched["count"] > 1 else ""
            yield shortened(f"  {role:<12}{printable(touched['client_id'])}: {touched['why']}", width)
            yield shortened(f"              {printable(touched['topics'][0])}{more}", width)
        left = len(plan[f"{role}s"]) - SHOWN
        if left > 0:
            yield f"    … and {left} more {role}s"


def _foresight(foresight: dict[str, Any] | None, width: int) -> Iterator[str]:
    if foresight is None:
        return
    judged = counted(foresight["judged"], "message")
    yield ""
    yield f"{judged} of the past judged anew{'' if foresight['complete'] else ' (there are more)'}:"
    for word, key in (("would be refused", "refused"), ("that was refused would be taken", "admitted")):
        count = foresight[f"{key}_count"]
        yield f"  {count or 'none'} {word}{':' if count else '.'}"
        for each in foresight[key]:
            yield shortened(f"    {each['count']} ×  {each['finding']}  {printable(each['topic'])}", width)
            yield shortened(f"         {printable(each['client_id'])}: {printable(each['what'])}", width)


def _sign(kind: str, text: str, terminal: Terminal) -> str:
    return f"  {terminal.coloured(SIGNS[kind], _COLOURS.get(kind))} {text}"

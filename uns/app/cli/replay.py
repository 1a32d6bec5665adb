"""`uns violations replay`: how does what quarantine holds come back into the plant?"""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_json, print_lines
from uns.app.cli.terminal import of_stdout
from uns.app.cli.text import PROSE_WIDTH, finding_lines, printable, wrapped
from uns.app.counted import counted

_SUMS = ("delivered", "history", "outdated", "expired", "refused")
_PORTION = 500
_TOLD = 20


def replay(
    group: Annotated[int | None, typer.Argument(metavar="ID", min=0, help="Number of a group.")] = None,
    numbers: Annotated[
        list[int] | None, typer.Option("--message", help="Number of a message; may be repeated.")
    ] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Those on topics that this filter matches.")] = None,
    finding: Annotated[
        str | None, typer.Option("--finding", help="Those refused for this finding id, or family.")
    ] = None,
    client: Annotated[str | None, typer.Option("--client", help="Those of this client id.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Refused at this time (RFC 3339) or later.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Refused before this time (RFC 3339).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge them, and change nothing.")] = False,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Publish held messages by the rules of now: in order, as of their own time, each at most once."""
    from uns.app.cli.client import Client

    asked = {
        "group": group, "ids": numbers or None, "topic": topic, "finding": finding, "client": client, "start": start,
        "end": end,
    }  # fmt: skip
    chosen_by = {name: value for name, value in asked.items() if value is not None}
    if not chosen_by:
        raise typer.BadParameter("say which: the ID of a group, --message, --topic (# is everything), …")
    with Client(server, user, ca) as talker:
        report = _whole(talker, {**chosen_by, "dry_run": dry_run})
    if chosen(output) is Output.TABLE:
        print_lines(_lines(report))
    else:
        print_json(report)
    if report["refused"]:
        raise typer.Exit(5)


def _whole(talker: Any, body: dict[str, Any]) -> dict[str, Any]:
    """Portion after portion, summed up."""
    total: dict[str, Any] = {}
    after: int | None = 0
    while after is not None:
        report = talker.post("violations/replay", {**body, "after": after, "limit": _PORTION})
        after = report["next"]
        if not total:
            total = report
            continue
        for name in _SUMS:
            total[name] += report[name]
        for name, number in report["by_finding"].items():
            total["by_finding"][name] = total["by_finding"].get(name, 0) + number
        total["refusals"] = (total["refusals"] + report["refusals"])[:_TOLD]
        total["next"] = after
    return total


def _lines(report: dict[str, Any]) -> Iterator[str]:
    would = "would be " if report["dry_run"] else ""
    if not any(report[name] for name in _SUMS):
        yield "Quarantine holds nothing like that."
        return
    yield f"{counted(report['delivered'], 'message')} {would}delivered."
    if report["history"]:
        yield f"{report['history']} {would}put into history only: older than the current value, or expired."
    if report["outdated"]:
        yield f"{report['outdated']} {would}passed over: older too, and nothing that history records."
    if report["expired"]:
        yield f"{report['expired']} of these had expired."
    if not report["refused"]:
        return
    kinds = ", ".join(f"{number} {name}" for name, number in sorted(report["by_finding"].items()))
    width = min(of_stdout().width or PROSE_WIDTH, PROSE_WIDTH)
    yield from wrapped(f"{report['refused']} {would}refused again, and stay in quarantine: {kinds}.", "", width)
    told: set[tuple[str, str]] = set()
    for refusal in report["refusals"]:
        kind = (refusal["topic"], refusal["finding"]["id"])
        if kind not in told:
            told.add(kind)
            yield f"  {printable(refusal['topic'])}"
            yield from finding_lines(refusal["finding"], "    ", width, refusal["topic"])

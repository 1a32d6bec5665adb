"""`uns explain`: what would a publish on a topic get, and which rules say so?"""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from uns.app.cli.get import contract_text
from uns.app.cli.options import DEFAULT_SERVER, CaOption, OutputOption, ServerOption, UserOption
from uns.app.cli.output import Output, chosen, print_csv, print_json, print_lines
from uns.app.cli.terminal import Colour, Terminal, of_stdout
from uns.app.cli.text import PROSE_WIDTH, finding_lines, printable, wrapped

CSV_COLUMNS = ("rule", "matched", "why")
NAME = 12
MAX_RULE = 40


def explain(
    topic: Annotated[str, typer.Argument(help="Any topic, right or wrong.")],
    role: Annotated[str | None, typer.Option("--role", help="Judge access for this role too.")] = None,
    server: ServerOption = DEFAULT_SERVER,
    user: UserOption = None,
    ca: CaOption = None,
    output: OutputOption = None,
) -> None:
    """Say what a publish on a topic would get, and every rule that matters there."""
    from uns.app.cli.client import Client

    with Client(server, user, ca) as client:
        answer = client.get("explain", topic=topic, role=role)
    match chosen(output):
        case Output.JSON:
            print_json(answer)
        case Output.CSV:
            print_csv(CSV_COLUMNS, ([rule[name] for name in CSV_COLUMNS] for rule in answer["rules"]))
        case Output.TABLE:
            print_lines(_lines(answer, of_stdout()))


def _lines(answer: dict[str, Any], terminal: Terminal) -> Iterator[str]:
    topic, verdict = answer["topic"], answer["verdict"]
    width = min(terminal.width or PROSE_WIDTH, PROSE_WIDTH)
    finding = verdict["finding"]
    yield printable(topic)
    if finding:
        outcome = terminal.coloured(verdict["outcome"], Colour.ERROR)
        yield f"  a message here would be {outcome}: {finding['id']}"
        yield from finding_lines(finding, "  ", width, topic)
    else:
        yield "  accepted here: a message that keeps the contract, from a role that may publish"
    yield ""
    for name, text in _facts(answer):
        yield f"  {name:<{NAME}}{text}"
    yield ""
    yield from _rules(answer["rules"], finding["what"] if finding else "", width)


def _rules(rules: list[dict[str, Any]], told: str, width: int) -> Iterator[str]:
    """One rule a line; a reason that does not fit beside its rule stands below it."""
    indent = " " * (NAME + 2)
    aligned = max(len(rule["rule"]) for rule in rules if len(rule["rule"]) <= MAX_RULE)
    for rule in rules:
        why = "see above." if rule["why"] == told else printable(rule["why"])
        head = f"  {'applies' if rule['matched'] else 'no':<{NAME}}{printable(rule['rule']):<{aligned}}"
        if len(head) + 2 + len(why) <= width:
            yield f"{head}  {why}"
        else:
            yield head.rstrip()
            yield from wrapped(why, indent + "  ", width)


def _facts(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if answer["levels"]:
        yield "levels", ", ".join(f"{level} {name}" for level, name in answer["levels"].items())
    if answer["attribute"]:
        yield "contract", contract_text(answer["attribute"])
    for name in ("model", "owner"):
        if answer[name]:
            yield name, answer[name]
    yield "mode", f"{answer['mode']} (from {answer['mode_source']})"
    yield "publishers", ", ".join(answer["publishers"]) or "no role"

"""How do models, their changes and the judgement of a new version read for a person on a terminal?"""

from collections.abc import Iterator, Sequence
from typing import Any

from uns.app.cli.table import Cell, Column, table_lines
from uns.app.cli.terminal import Colour, Terminal
from uns.app.cli.text import PROSE_WIDTH, finding_lines, wrapped

Step = dict[str, Any]
_COLUMNS = (
    *(Column("MODEL"), Column("STATUS"), Column("OWNER"), Column("COMPATIBILITY")),
    *(Column("ASSETS", right=True), Column("CHANGELOG", yields=True)),
)


def model_lines(rows: Sequence[dict[str, Any]], terminal: Terminal) -> Iterator[str]:
    if not rows:
        yield "No models."
        return
    cells = [
        [
            row["ref"],
            Cell(row["status"], None if row["status"] == "active" else Colour.WARNING),
            row["owner"] or "",
            row["compatibility"],
            str(row["assets"]),
            (row["changelog"] or "").strip().replace("\n", " "),
        ]
        for row in rows
    ]
    yield from table_lines(_COLUMNS, cells, terminal)


def step_lines(step: Step, terminal: Terminal) -> Iterator[str]:
    width = min(terminal.width or PROSE_WIDTH, PROSE_WIDTH)
    yield f"{step['old']} to {step['new']}" + ("" if step["held"] else " (not promised)")
    if not step["changes"]:
        yield "  nothing changes"
    for change in step["changes"]:
        colour = None if change["level"] == "compatible" else Colour.WARNING
        name = f"'{change['path']}'" if change["path"] else "the document"
        yield f"  {terminal.coloured(change['level'], colour)}"
        yield from wrapped(f"{name}: {change['what']}", "    ", width)
        for text in filter(None, (change["old_data"], change["old_consumers"])):
            yield from wrapped(text, "    ", width)


def report_lines(answer: dict[str, Any], terminal: Terminal) -> Iterator[str]:
    width = min(terminal.width or PROSE_WIDTH, PROSE_WIDTH)
    for finding in answer["findings"]:
        yield terminal.coloured(finding["id"], Colour.ERROR)
        yield from finding_lines(finding, "  ", width)
    for step in answer["steps"]:
        yield from step_lines(step, terminal)
    yield f"{answer['ref'] or 'The file'} {'may run' if answer['valid'] else 'may not run'}."
    if answer["assets"]:
        yield from wrapped(f"Assets that use the model: {', '.join(answer['assets'])}.", "", width)
    if answer.get("messages"):
        yield from wrapped(answer["messages"]["text"].capitalize(), "", width)
    if answer.get("clients"):
        yield from wrapped(
            f"Clients that subscribe: {', '.join(c['client_id'] for c in answer['clients'])}.", "", width
        )

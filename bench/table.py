"""How does the table read: on a terminal, and in a page of the documents?"""

from pathlib import Path
from typing import Any

import msgspec

from bench.brokers import Uns
from bench.machine import Machine
from bench.run import Column, Row
from bench.scenario import Against, Mark

BUSY = 0.85
"""Below this share of a core, something else than the broker's CPU set the pace, and the table says so."""
_WAITED = (
    f"The broker used less than {BUSY:.0%} of a core here: the load generator, the disk, or waiting for the next "
    "acknowledgement set the pace."
)
LOSS_SHOWN = 0.0005


class _Footnotes:
    """Texts and their numbers; the same text gets the same number."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def mark(self, text: str) -> str:
        if text not in self._texts:
            self._texts.append(text)
        return f" ({self._texts.index(text) + 1})"

    def lines(self) -> list[str]:
        return [f"({number}) {text}  " for number, text in enumerate(self._texts, 1)]


def render(rows: list[Row], machine: Machine, how: str) -> str:
    """The table in Markdown, padded so that it reads on a terminal too. how: rounds and seconds."""
    brokers = [column.broker for column in rows[0].columns] if rows else []
    notes = _Footnotes()
    head = ["scenario", *brokers, "to mosquitto", "mark", "met"]
    body = [_cells(row, notes) for row in rows]
    widths = [max(len(cells[n]) for cells in [head, *body]) for n in range(len(head))]
    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    lines = [f"Machine: {machine}", "", how, ""]
    for cells in [head, rule, *body]:
        padded = [
            cells[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)),
        ]
        lines.append("| " + " | ".join(padded) + " |")
    return "\n".join([*lines, "", *notes.lines()]).rstrip() + "\n"


def _cells(row: Row, notes: _Footnotes) -> list[str]:
    title = row.scenario.title + (notes.mark(row.scenario.note) if row.scenario.note else "")
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} ×"
    met = {True: "yes", False: "no", None: ""}[row.met]
    return [title, *(_cell(row, column, notes) for column in row.columns), ratio, _mark(row.scenario.mark, row), met]


def _cell(row: Row, column: Column, notes: _Footnotes) -> str:
    if column.median is None:
        return "-" + notes.mark(column.missing)
    text = f"{_figure(column.median)} {row.scenario.unit}"
    if column.lost > LOSS_SHOWN:
        text += f", {column.lost:.1%} lost"
    if not row.scenario.paced and column.cpu is not None and column.cpu < BUSY:
        text += notes.mark(_WAITED)
    return text


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _mark(mark: Mark, row: Row) -> str:
    unit = "×" if mark.against is Against.MOSQUITTO else row.scenario.unit
    return f"{'≥' if mark.at_least else '≤'} {mark.bound:,g} {unit}"


def as_json(rows: list[Row], machine: Machine, how: str) -> bytes:
    """Every round of every broker."""
    document: dict[str, Any] = {"machine": machine, "how": how, "scenarios": [_row_json(row) for row in rows]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _row_json(row: Row) -> dict[str, Any]:
    scenario = row.scenario
    return {
        "name": scenario.name,
        "title": scenario.title,
        "unit": scenario.unit,
        "mark": _mark(scenario.mark, row),
        "ratio": row.ratio,
        "met": row.met,
        "note": scenario.note,
        "brokers": {
            column.broker: {"median": column.median, "missing": column.missing, "rounds": column.rounds}
            for column in row.columns
        },
    }


def write_into(page: Path, section: str, text: str) -> None:
    """Put text between the two comments of a page that mark a section. Raises ValueError when they are not there."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, found_begin, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"{page} has no place for it: put the lines {begin} and {end} into it")
    page.write_text(f"{before}{begin}\n{text}{end}{after}", encoding="utf-8")


def failed(rows: list[Row]) -> list[str]:
    """The scenarios in which ours has no figure, with the reason."""
    found = []
    for row in rows:
        ours = row.column(Uns.name)
        if ours is not None and ours.missing:
            found.append(f"{row.scenario.name}: {ours.missing}")
    return found

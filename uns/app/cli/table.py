"""How is a table laid out so that it survives a narrow terminal?

No column ever wraps. Those that `yields` are cut to what is left of the line, the last one first; the others keep their
width. Where the output is no terminal nothing is cut, so that `grep` finds whole words.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from uns.app.cli.terminal import Colour, Terminal
from uns.app.cli.text import shortened, width_of

GAP = "  "
MIN_YIELDED = 12


class Column(NamedTuple):
    """right: aligned right, as numbers are. yields: cut when the line is too long, to no less than `MIN_YIELDED`."""

    title: str
    right: bool = False
    yields: bool = False


class Cell(NamedTuple):
    """Text, and a colour when it is something out of the ordinary."""

    text: str
    colour: Colour | None = None


Row = Sequence[str | Cell]


def table_lines(columns: Sequence[Column], rows: Sequence[Row], terminal: Terminal) -> Iterator[str]:
    """Header and rows. Columns without any text are left out."""
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    kept = [index for index in range(len(columns)) if any(row[index].text for row in cells)]
    columns = [columns[index] for index in kept]
    cells = [[row[index] for index in kept] for row in cells]
    widths = [
        max(width_of(column.title), *(width_of(row[index].text) for row in cells))
        for index, column in enumerate(columns)
    ]
    if terminal.width is not None:
        _narrow(widths, columns, terminal.width)
    yield _line([Cell(column.title) for column in columns], columns, widths, terminal)
    for row in cells:
        yield _line(row, columns, widths, terminal)


def _narrow(widths: list[int], columns: Sequence[Column], width: int) -> None:
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    for index in reversed(range(len(columns))):
        if columns[index].yields:
            cut = min(max(0, excess), max(0, widths[index] - MIN_YIELDED))
            widths[index] -= cut
            excess -= cut


def _line(cells: Sequence[Cell], columns: Sequence[Column], widths: Sequence[int], terminal: Terminal) -> str:
    parts = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        text = shortened(cell.text, width)
        pad = " " * (width - width_of(text))
        shown = terminal.coloured(text, cell.colour)
        parts.append(pad + shown if column.right else shown + pad)
    return GAP.join(parts).rstrip()

"""How is a table laid out so that it survives a narrow terminal?

No column ever wraps. The last one may be a `fill`: it is cut to what is left of the line, or moved below the row by the
caller. Where the output is no terminal nothing is cut, so that `grep` finds whole words.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from uns.app.cli.terminal import Colour, Terminal
from uns.app.cli.text import shortened, width_of

GAP = "  "
MIN_FILL = 12


class Column(NamedTuple):
    """right: aligned right, as numbers are. fill: takes what the line has left; only the last column."""

    title: str
    right: bool = False
    fill: bool = False


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
    if columns and columns[-1].fill and terminal.width is not None:
        used = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
        widths[-1] = min(widths[-1], max(MIN_FILL, terminal.width - used))
    yield _line([Cell(column.title) for column in columns], columns, widths, terminal)
    for row in cells:
        yield _line(row, columns, widths, terminal)


def _line(cells: Sequence[Cell], columns: Sequence[Column], widths: Sequence[int], terminal: Terminal) -> str:
    parts = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        text = shortened(cell.text, width)
        pad = " " * (width - width_of(text))
        shown = terminal.coloured(text, cell.colour)
        parts.append(pad + shown if column.right else shown + pad)
    return GAP.join(parts).rstrip()

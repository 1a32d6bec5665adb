"""How does a quality show? Good is silent, what is out of the ordinary has words and a colour."""

from uns.app.cli.table import Cell
from uns.app.cli.terminal import Colour

_SHOWN = {
    "Good": Cell(""),
    "GoodNoData": Cell("no data"),
    "Uncertain": Cell("Uncertain", Colour.WARNING),
    "Bad": Cell("Bad", Colour.ERROR),
}


def quality_cell(quality: str | None) -> Cell:
    """`quality` as the API names it; None, for a payload that is no sample, has nothing to show."""
    return _SHOWN.get(quality or "Good", Cell(str(quality), Colour.WARNING))

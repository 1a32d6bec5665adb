"""What does the terminal behind stdout offer: its width, and whether colours are welcome?"""

import os
import shutil
import sys
from enum import StrEnum
from typing import NamedTuple


class Colour(StrEnum):
    """Only what is out of the ordinary has a colour. The values are SGR parameters (ECMA-48)."""

    WARNING = "33"
    ERROR = "31"


class Terminal(NamedTuple):
    """width: in characters; None when the output is no terminal and a line may have any length."""

    width: int | None
    colours: bool

    def coloured(self, text: str, colour: Colour | None) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if colour and text and self.colours else text


def of_stdout() -> Terminal:
    """NO_COLOR (no-color.org) and TERM=dumb are honoured."""
    if not sys.stdout.isatty():
        return Terminal(None, False)
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Terminal(shutil.get_terminal_size().columns, not plain)

"""A finding in a plant directory, with the place where a person mends it."""

from typing import Literal

import msgspec

from uns.errors import Finding


class Problem(msgspec.Struct, frozen=True):
    """file: relative to the plant directory; line and column count from 1, 0 when the file as a whole is meant.

    An error keeps the directory from being served; a warning does not.
    """

    finding: Finding
    file: str
    line: int = 0
    column: int = 0
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.severity} {self.finding}"

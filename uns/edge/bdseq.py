"""Where does an edge node keep its bdSeq between two starts? (Sparkplug B 3.0, section 6.4.7)"""

import os
from pathlib import Path
from typing import Protocol

from uns.edge.spec import SourceSpec


class BdSeqStore(Protocol):
    """The bdSeq of the next CONNECT of one edge node."""

    def load(self) -> int:
        """0 when none was ever stored."""

    def save(self, bd_seq: int) -> None:
        """Stored before the CONNECT that uses the one before, so that no two sessions share a number.

        Raises OSError when it cannot be stored.
        """


class FileBdSeq:
    """One small file per edge node below the data directory, replaced atomically."""

    def __init__(self, directory: Path, spec: SourceSpec) -> None:
        self._path = directory / f"{spec.name}.bdseq"

    def load(self) -> int:
        """A missing or unreadable file counts as none: hosts compare the number for equality only."""
        try:
            return int(self._path.read_text("ascii")) % 256
        except (OSError, ValueError):
            return 0

    def save(self, bd_seq: int) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w", encoding="ascii") as file:
            file.write(str(bd_seq))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)

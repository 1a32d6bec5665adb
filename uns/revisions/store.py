"""Where are the revisions of a plant kept? In one SQLite file, each with all its files, equal contents once.

begin ─▶ pending ─▶ applied       a crash in between leaves it pending: its files are all here, and whoever starts
             └────▶ failed        next carries it out
"""

import hashlib
import sqlite3
import zlib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from uns.policy.plan import Revision
from uns.storage import Database

MAX_REVISIONS = 1000


class State(StrEnum):
    """How far a revision has come."""

    PENDING = "pending"
    APPLIED = "applied"
    FAILED = "failed"


class RevisionStore:
    """Revisions by number, the latest `max_revisions` of them. Every method blocks on the disk: call it in a thread.

    Raises UnsError when the file cannot be opened, and sqlite3.Error when the disk refuses.
    """

    def __init__(self, path: Path, max_revisions: int = MAX_REVISIONS) -> None:
        self._database = Database(path, "uns.revisions")
        self._max_revisions = max_revisions

    def close(self) -> None:
        self._database.close()

    def begin(
        self, files: Mapping[str, bytes], changes: Mapping[str, str], time_ms: int, who: str, why: str
    ) -> Revision:
        """Keep a new revision, pending. changes: path to `added`, `changed` or `removed`."""
        with self._database.write() as connection:
            (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM revisions").fetchone()
            revision = Revision(number=last + 1, time_ms=time_ms, who=who, why=why, files=dict(changes))
            connection.execute(
                "INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?)",
                (revision.number, time_ms, who, why, State.PENDING, msgspec.json.encode(changes).decode()),
            )
            for name, content in files.items():
                digest = hashlib.sha256(content).digest()
                connection.execute("INSERT OR IGNORE INTO contents VALUES (?, ?)", (digest, zlib.compress(content)))
                connection.execute("INSERT INTO files VALUES (?, ?, ?)", (revision.number, name, digest))
        return revision

    def settle(self, number: int, state: State) -> None:
        """A pending revision was applied, or it failed. The oldest beyond the bound go."""
        with self._database.write() as connection:
            connection.execute("UPDATE revisions SET state = ? WHERE number = ?", (state, number))
            if connection.execute("DELETE FROM revisions WHERE number <= ?", (number - self._max_revisions,)).rowcount:
                connection.execute("DELETE FROM files WHERE revision <= ?", (number - self._max_revisions,))
                connection.execute("DELETE FROM contents WHERE digest NOT IN (SELECT digest FROM files)")

    def pending(self) -> Revision | None:
        """The revision that a crash left half applied."""
        return self._newest(State.PENDING)

    def latest(self) -> Revision | None:
        """The revision that was applied last."""
        return self._newest(State.APPLIED)

    def newest(self, limit: int = 100, before: int | None = None) -> list[Revision]:
        """Applied revisions with a number below `before`, newest first."""
        condition = "state = ? AND number < ?"
        return self._select(condition, (State.APPLIED, 2**62 if before is None else before), limit)

    def get(self, number: int) -> Revision | None:
        """An applied revision."""
        return next(iter(self._select("state = ? AND number = ?", (State.APPLIED, number), 1)), None)

    def files(self, number: int) -> dict[str, bytes]:
        """All the files of a revision by path; none when it is not kept."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name, packed FROM files JOIN contents USING (digest) WHERE revision = ? ORDER BY name",
                (number,),
            ).fetchall()
        return {name: zlib.decompress(packed) for name, packed in rows}

    def before(self, number: int) -> int | None:
        """The number of the applied revision before this one."""
        found = self._select("state = ? AND number < ?", (State.APPLIED, number), 1)
        return found[0].number if found else None

    def _newest(self, state: State) -> Revision | None:
        return next(iter(self._select("state = ?", (state,), 1)), None)

    def _select(self, condition: str, values: tuple[object, ...], limit: int) -> list[Revision]:
        with self._database.read() as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(
                f"SELECT * FROM revisions WHERE {condition} ORDER BY number DESC LIMIT ?", (*values, limit)
            ).fetchall()
            connection.row_factory = None
        return [
            Revision(
                number=row["number"],
                time_ms=row["time_ms"],
                who=row["who"],
                why=row["why"],
                files=msgspec.json.decode(row["changes"], type=dict[str, str]),
            )
            for row in rows
        ]

"""Where do violations go, so that nothing is lost at `kill -9`, nothing blocks the door, and nothing grows for ever?"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from uns.errors import Finding
from uns.policy.verdict import Outcome
from uns.policy.violation import Violation
from uns.storage import BatchWriter, Database, Limits
from uns.topics import matches
from uns.violations.room import make_room, measure
from uns.violations.rows import INSERT, StoredViolation, from_row, size_of, to_row

_READ_FLUSH_S = 1.0
_LIMITS = Limits(buffer_items=10_000, buffer_bytes=32 * 1024 * 1024, batch_items=1_000, interval_s=0.0)
_CONDITIONS = {
    "before": "id < :before",
    "finding": "substr(finding_id || '.', 1, length(:finding) + 1) = :finding || '.'",
    "client": "client_id = :client",
}


class ViolationStatus(msgspec.Struct, frozen=True):
    """stored: rows in the file, with their bytes; the rest counts since start, in violations, `failures` in attempts.

    shed: old ones that gave way to new ones; dropped: never stored, because the disk refused until the buffer was full;
    refused: what no disk could take. `finding` is `violations.write_failed` while the disk refuses.
    """

    stored: int
    stored_bytes: int
    pending: int
    shed: int
    dropped: int
    refused: int
    failures: int
    finding: Finding | None


class Page(msgspec.Struct, frozen=True):
    """violations: newest first; next: `before` of the next page, None on the last one."""

    violations: list[StoredViolation]
    next: int | None


class ViolationStore:
    """Violations in one SQLite file, bounded by rows and bytes; what gives way first is told in `room`.

    `record` may be called in the broker's turn. The reading methods see everything recorded before them, unless the
    disk refuses; they block on the disk, so call them in a thread.
    """

    def __init__(
        self, path: Path, max_rows: int = 100_000, max_bytes: int = 256 * 1024 * 1024, *, limits: Limits = _LIMITS
    ) -> None:
        self._database = Database(path, "uns.violations")
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._shed = 0
        with self._database.read() as connection:
            self._usage = measure(connection)
        self._writer: BatchWriter[Violation] = BatchWriter("violations", str(path), self._write, size_of, limits)
        self._writer.start()

    def record(self, violation: Violation) -> None:
        """Keep a violation; it is on disk a few milliseconds later."""
        self._writer.offer(violation)

    def get(self, violation_id: int) -> StoredViolation | None:
        """One violation with its whole payload."""
        return next(iter(self._select("id = :id", {"id": violation_id}, 1)), None)

    def latest_for(self, topic: str) -> StoredViolation | None:
        """The newest violation on exactly this topic."""
        return next(iter(self._select("topic = :topic", {"topic": topic}, 1)), None)

    def list(
        self,
        limit: int = 100,
        *,
        before: int | None = None,
        topic_filter: str | None = None,
        finding: str | None = None,
        client_id: str | None = None,
    ) -> Page:
        """The newest violations with an id below `before`. finding: an id (`payload.range`) or a family (`payload`)."""
        topic_condition = "topic_matches(:topic, topic)" if _is_wild(topic_filter or "") else "topic = :topic"
        asked = {"before": before, "topic": topic_filter, "finding": finding, "client": client_id}
        conditions = {**_CONDITIONS, "topic": topic_condition}
        used = [conditions[name] for name, value in asked.items() if value is not None]
        found = self._select(" AND ".join(used) or "1", asked, limit + 1)
        page = [*found[:limit]]
        return Page(page, page[-1].id if len(found) > limit else None)

    def count(self) -> int:
        """How many violations are stored."""
        self.flush(_READ_FLUSH_S)
        return sum(self._usage.rows)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything recorded so far is on disk; False when the disk refuses or the time is up."""
        return self._writer.flush(timeout_s)

    def status(self) -> ViolationStatus:
        batches, usage = self._writer.status(), self._usage
        return ViolationStatus(
            stored=sum(usage.rows),
            stored_bytes=sum(usage.size_bytes),
            pending=batches.pending,
            shed=self._shed,
            dropped=batches.shed,
            refused=batches.refused,
            failures=batches.failures,
            finding=batches.finding,
        )

    def close(self) -> None:
        """Write what is buffered and release the file."""
        self._writer.close()
        self._database.close()

    def _write(self, batch: Sequence[Violation]) -> None:
        rows = [to_row(violation) for violation in batch]
        usage = self._usage.copy()
        for row in rows:
            usage.add(row["outcome"] == Outcome.QUARANTINED, row["size"])
        with self._database.write() as connection:
            connection.executemany(INSERT, rows)
            shed = make_room(connection, usage, self._max_rows, self._max_bytes)
        self._usage = usage  # replaced whole, and only after the commit: readers take it without a lock
        self._shed += shed

    def _select(self, condition: str, values: dict[str, Any], limit: int) -> Sequence[StoredViolation]:
        self.flush(_READ_FLUSH_S)
        with self._reader() as connection:
            rows = connection.execute(
                f"SELECT * FROM violations WHERE {condition} ORDER BY id DESC LIMIT :limit", {**values, "limit": limit}
            ).fetchall()
        return [from_row(row) for row in rows]

    @contextlib.contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._database.read() as connection:
            connection.row_factory = sqlite3.Row
            connection.create_function("topic_matches", 2, matches, deterministic=True)
            yield connection


def _is_wild(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter

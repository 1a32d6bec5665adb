"""Where do violations go, so that nothing is lost at `kill -9`, nothing blocks the door, and nothing grows for ever?"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from uns.errors import Finding
from uns.policy.namespace import Namespace
from uns.policy.verdict import Outcome
from uns.policy.violation import Violation
from uns.storage import BatchWriter, Database, Limits
from uns.topics import matches
from uns.violations import groups
from uns.violations.group_key import GroupKey, group_key
from uns.violations.room import drop_aged, make_room, measure
from uns.violations.rows import INSERT, StoredViolation, from_row, size_of, to_row

READ_FLUSH_S = 1.0
_LIMITS = Limits(buffer_items=10_000, buffer_bytes=32 * 1024 * 1024, batch_items=1_000, interval_s=0.0)
_DAY_MS = 86_400_000
_CONDITIONS = {
    "before": "id < :before",
    "finding": "substr(finding_id || '.', 1, length(:finding) + 1) = :finding || '.'",
    "client": "client_id = :client",
    "group": "group_id = :group",
}
_NOT_MUTED = "group_id NOT IN (SELECT id FROM groups WHERE state = 'muted' AND ifnull(muted_until_ms > :now, 1))"


class ViolationStatus(msgspec.Struct, frozen=True):
    """stored: rows in the file, with their bytes; held: those of them that quarantine holds; groups: their number.
    The rest counts since start, in violations, `failures` in attempts.

    shed: old ones that gave way to new ones; aged: those that became too old; muted: counted in their group and not
    stored, because it is muted; dropped: never stored, because the disk refused until the buffer was full; refused:
    what no disk could take. groups_shed: groups that gave way to new ones. `finding` is `violations.write_failed`
    while the disk refuses.
    """

    stored: int
    stored_bytes: int
    held: int
    groups: int
    pending: int
    shed: int
    aged: int
    muted: int
    groups_shed: int
    dropped: int
    refused: int
    failures: int
    finding: Finding | None


class Page(msgspec.Struct, frozen=True):
    """violations: newest first; next: `before` of the next page, None on the last one."""

    violations: list[StoredViolation]
    next: int | None


class ViolationStore:
    """Violations in one SQLite file and their groups, bounded by rows, bytes, age and groups; what gives way first is
    told in `room` and `groups`.

    `record` may be called in the broker's turn. The reading methods see everything recorded before them, unless the
    disk refuses; they block on the disk, so call them in a thread. namespace: names the groups of what comes from now
    on; it may be replaced at any time.
    """

    def __init__(
        self,
        path: Path,
        max_rows: int = 100_000,
        max_bytes: int = 256 * 1024 * 1024,
        *,
        max_age_days: int | None = None,
        max_groups: int = 10_000,
        namespace: Namespace | None = None,
        limits: Limits = _LIMITS,
    ) -> None:
        self.namespace = namespace
        self.database = Database(path, "uns.violations")
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_age_ms = None if max_age_days is None else max_age_days * _DAY_MS
        self._max_groups = max_groups
        self._shed = self._aged = self._muted = self._groups_shed = 0
        self._settling = threading.Lock()
        self._group_old_rows(limits.batch_items)
        with self.database.read() as connection:
            self._usage = measure(connection)
            (self._groups,) = connection.execute("SELECT count(*) FROM groups").fetchone()
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
        group: int | None = None,
        now_ms: int = 0,
    ) -> Page:
        """The newest violations with an id below `before`. finding: an id (`payload.range`) or a family (`payload`).
        Those of a group that is muted at `now_ms` are left out unless the group is asked for."""
        topic_condition = "topic_matches(:topic, topic)" if _is_wild(topic_filter or "") else "topic = :topic"
        asked = {"before": before, "topic": topic_filter, "finding": finding, "client": client_id, "group": group}
        conditions = {**_CONDITIONS, "topic": topic_condition}
        used = [conditions[name] for name, value in asked.items() if value is not None]
        if group is None:
            used.append(_NOT_MUTED)
        found = self._select(" AND ".join(used), {**asked, "now": now_ms}, limit + 1)
        page = [*found[:limit]]
        return Page(page, page[-1].id if len(found) > limit else None)

    def count(self) -> int:
        """How many violations are stored."""
        self.flush(READ_FLUSH_S)
        return sum(self._usage.rows)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything recorded so far is on disk; False when the disk refuses or the time is up."""
        return self._writer.flush(timeout_s)

    def status(self) -> ViolationStatus:
        batches, usage = self._writer.status(), self._usage
        return ViolationStatus(
            stored=sum(usage.rows),
            stored_bytes=sum(usage.size_bytes),
            held=usage.rows[True],
            groups=self._groups,
            pending=batches.pending,
            shed=self._shed,
            aged=self._aged,
            muted=self._muted,
            groups_shed=self._groups_shed,
            dropped=batches.shed,
            refused=batches.refused,
            failures=batches.failures,
            finding=batches.finding,
        )

    def close(self) -> None:
        """Write what is buffered and release the file."""
        self._writer.close()
        self.database.close()

    @contextlib.contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that may end the holding of messages: what lies in the store is counted anew after it."""
        with self._settling:
            with self.database.write() as connection:
                yield connection
                usage = measure(connection)
            self._usage = usage

    @contextlib.contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees everything recorded so far, with `topic_matches`; rows are `sqlite3.Row`."""
        self.flush(READ_FLUSH_S)
        with self.database.read() as connection:
            connection.row_factory = sqlite3.Row
            connection.create_function("topic_matches", 2, matches, deterministic=True)
            yield connection

    def _write(self, batch: Sequence[Violation]) -> None:
        rows = [to_row(violation) for violation in batch]
        keys = [self._key(violation) for violation in batch]
        with self._settling:
            with self.database.write() as connection:
                usage = self._usage.copy()
                settled = self._settle(connection, keys, rows)
                kept = list(_kept(rows, [settled[key] for key in keys]))
                for row in kept:
                    usage.add(row["outcome"] == Outcome.QUARANTINED, row["size"])
                connection.executemany(INSERT, kept)
                aged = 0
                if self._max_age_ms is not None:
                    aged = drop_aged(connection, usage, max(row["time_ms"] for row in rows) - self._max_age_ms)
                shed = make_room(connection, usage, self._max_rows, self._max_bytes)
                count = self._groups + sum(group.is_new for group in settled.values())
                groups_shed = groups.make_room(connection, count, self._max_groups)
            # Replaced whole, and only after the commit: readers take them without a lock.
            self._usage, self._groups = usage, count - groups_shed
        self._shed += shed
        self._aged += aged
        self._muted += len(rows) - len(kept)
        self._groups_shed += groups_shed

    def _key(self, violation: Violation) -> GroupKey:
        assert violation.verdict.finding is not None  # `to_row` was there first
        return group_key(self.namespace, violation, violation.verdict.finding)

    def _settle(
        self, connection: sqlite3.Connection, keys: Sequence[GroupKey], rows: Sequence[dict[str, Any]]
    ) -> dict[GroupKey, groups.Settled]:
        counted = groups.tally(zip(keys, rows, strict=True))
        return {key: groups.settle(connection, key, tally) for key, tally in counted.items()}

    def _group_old_rows(self, batch_items: int) -> None:
        """The rows that an earlier version wrote, before there were groups; once, and what was done is kept."""
        while True:
            with self.database.write() as connection:
                connection.row_factory = sqlite3.Row
                try:
                    rows = connection.execute(
                        "SELECT * FROM violations WHERE group_id IS NULL ORDER BY id LIMIT ?", (batch_items,)
                    ).fetchall()
                finally:
                    connection.row_factory = None
                if not rows:
                    return
                keys = [self._key(from_row(row).violation) for row in rows]
                settled = self._settle(connection, keys, [dict(row) for row in rows])
                connection.executemany(
                    "UPDATE violations SET group_id = ? WHERE id = ?",
                    [(settled[key].id, row["id"]) for key, row in zip(keys, rows, strict=True)],
                )

    def _select(self, condition: str, values: dict[str, Any], limit: int) -> Sequence[StoredViolation]:
        with self.reader() as connection:
            rows = connection.execute(
                f"SELECT * FROM violations WHERE {condition} ORDER BY id DESC LIMIT :limit", {**values, "limit": limit}
            ).fetchall()
        return [from_row(row) for row in rows]


def _kept(rows: Sequence[dict[str, Any]], settled: Sequence[groups.Settled]) -> Iterator[dict[str, Any]]:
    """The rows to be stored, with their groups: of a muted group only what quarantine holds."""
    for row, group in zip(rows, settled, strict=True):
        if not group.muted or row["outcome"] == Outcome.QUARANTINED:
            yield {**row, "group_id": group.id}


def _is_wild(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter

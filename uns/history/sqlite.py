"""The embedded store of history: one SQLite file, samples clustered by topic and source time."""

import sqlite3
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from uns.history.store import Row
from uns.history.values import QUALITIES, QUALITY_NUMBERS, decode_value, encode_value
from uns.samples import Sample
from uns.storage import Database

_PAGE_ROWS = 10_000
_KNOWN_TOPICS = 200_000
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1

_INSERT = """
INSERT INTO samples (topic_id, timestamp_ms, received_ms, quality, kind, value) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (topic_id, timestamp_ms) DO NOTHING
"""
_RANGE = """
SELECT timestamp_ms, quality, kind, value FROM samples
WHERE topic_id = ? AND timestamp_ms >= ? AND timestamp_ms < ? ORDER BY timestamp_ms LIMIT ?
"""
_LATEST = """
SELECT timestamp_ms, quality, kind, value, received_ms FROM samples
WHERE topic_id = (SELECT id FROM topics WHERE topic = ?) ORDER BY timestamp_ms DESC LIMIT 1
"""
_PRUNE = """
DELETE FROM samples WHERE topic_id = :topic_id AND timestamp_ms IN (
    SELECT timestamp_ms FROM samples WHERE topic_id = :topic_id AND timestamp_ms < :before_ms
    ORDER BY timestamp_ms LIMIT :max_rows)
"""


class SqliteHistory:
    """A `HistoryStore`. Raises sqlite3.Error when the disk refuses; opening raises UnsError (see `Database`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path, "uns.history")
        self._topic_ids: dict[str, int] = {}

    def append(self, rows: Sequence[Row]) -> int:
        encoded = [(row.topic, *_encode(row)) for row in rows]
        with self._database.write() as connection:
            ids = self._ids_of({row.topic for row in rows}, connection)
            cells = [(ids[topic], *rest) for topic, *rest in encoded]
            cells.sort(key=itemgetter(0, 1))  # stable: of two rows with one key the first offered wins
            added = connection.executemany(_INSERT, cells).rowcount
        self._remember(ids)
        return added

    def read(self, topic: str, start_ms: int, end_ms: int) -> Iterator[Sample]:
        """Fetched in pages, each a transaction of its own: a slow reader fills no memory and holds no log back."""
        topic_id = self._topic_id(topic)
        start_ms, end_ms = max(start_ms, _INT64_MIN), min(end_ms, _INT64_MAX)
        while topic_id is not None:
            with self._database.read() as connection:
                page = connection.execute(_RANGE, (topic_id, start_ms, end_ms, _PAGE_ROWS)).fetchall()
            for timestamp_ms, quality, kind, cell in page:
                yield Sample(decode_value(kind, cell), QUALITIES[quality], timestamp_ms)
            if len(page) < _PAGE_ROWS:
                return
            start_ms = page[-1][0] + 1

    def latest(self, topic: str) -> Row | None:
        with self._database.read() as connection:
            found = connection.execute(_LATEST, (topic,)).fetchone()
        if found is None:
            return None
        timestamp_ms, quality, kind, cell, received_ms = found
        return Row(topic, Sample(decode_value(kind, cell), QUALITIES[quality], timestamp_ms), received_ms)

    def prune(self, before_ms: int, max_rows: int) -> int:
        with self._database.read() as connection:
            topic_ids = [topic_id for (topic_id,) in connection.execute("SELECT id FROM topics")]
        deleted = 0
        with self._database.write() as connection:
            for topic_id in topic_ids:
                if deleted >= max_rows:
                    break
                arguments = {"topic_id": topic_id, "before_ms": before_ms, "max_rows": max_rows - deleted}
                deleted += connection.execute(_PRUNE, arguments).rowcount
        return deleted

    def close(self) -> None:
        self._database.close()

    def _topic_id(self, topic: str) -> int | None:
        with self._database.read() as connection:
            found = connection.execute("SELECT id FROM topics WHERE topic = ?", (topic,)).fetchone()
        return None if found is None else int(found[0])

    def _ids_of(self, topics: set[str], connection: sqlite3.Connection) -> dict[str, int]:
        """The ids of some topics; unknown ones are added in the running transaction, and remembered after it."""
        ids = {topic: self._topic_ids[topic] for topic in topics if topic in self._topic_ids}
        new = [(topic,) for topic in topics if topic not in ids]
        connection.executemany("INSERT INTO topics (topic) VALUES (?) ON CONFLICT (topic) DO NOTHING", new)
        for (topic,) in new:
            ids[topic] = connection.execute("SELECT id FROM topics WHERE topic = ?", (topic,)).fetchone()[0]
        return ids

    def _remember(self, ids: dict[str, int]) -> None:
        if len(self._topic_ids) > _KNOWN_TOPICS:
            self._topic_ids.clear()
        self._topic_ids.update(ids)


def _encode(row: Row) -> tuple[int, int, int, int, object]:
    kind, cell = encode_value(row.sample.value)
    return row.sample.timestamp_ms, row.received_ms, QUALITY_NUMBERS[row.sample.quality], kind, cell

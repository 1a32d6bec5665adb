"""Where do sessions and retained messages lie, so that a broker that was killed comes back as it was?

Batches come from the ledger of the broker, one transaction each. Rows are written many to a statement: Python's lock is
given up and taken again for each statement, and beside a busy event loop every such turn may cost milliseconds.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from uns.broker import Batch, Reading, Retained, SessionRow, Snapshot
from uns.persistence import rows
from uns.persistence.rows import Row
from uns.storage import Database

_AT_ONCE = (256, 128, 64, 32, 16, 8, 4, 2, 1)
"""Rows to a statement: few sizes, so that each is prepared once and stays so (Python keeps 128 statements). 256 rows of
8 columns stay under every limit."""
_FETCHED = 10_000


class BrokerStore:
    """One file. `write` may be called from any thread, one call at a time; `load` before the first of them.

    synced: a batch survives a power cut once `write` returned; without, it survives the end of the process.
    """

    def __init__(self, path: Path, *, synced: bool = True) -> None:
        self.path = path
        self._database = Database(path, "uns.persistence", synced=synced, functions=(rows.delivery_body,))
        self._inode = path.stat().st_ino

    def load(self) -> Snapshot:
        """Everything on disk. `retained` is read as it is consumed: do so before the first `write`."""
        with self._database.read() as connection:
            bodies = connection.execute("SELECT body FROM delivery ORDER BY number")
            read = connection.execute("SELECT now_ms, wall_ms FROM clock").fetchone()
            return Snapshot(
                sessions=[SessionRow(*row) for row in connection.execute("SELECT * FROM session")],
                subscriptions=[rows.to_subscription(row) for row in connection.execute("SELECT * FROM subscription")],
                messages={row[0]: rows.to_message(row[1:]) for row in connection.execute("SELECT * FROM message")},
                deliveries=[rows.to_delivery(body) for (body,) in bodies],
                taken=[(session, packet_id) for session, packet_id in connection.execute("SELECT * FROM taken")],
                wills=[rows.to_will(row) for row in connection.execute("SELECT * FROM will")],
                retained=self._retained(),
                clock=None if read is None else Reading(*read),
            )

    def _retained(self) -> Iterator[Retained]:
        with self._database.read() as connection:
            cursor = connection.execute("SELECT * FROM retained")
            while fetched := cursor.fetchmany(_FETCHED):
                yield from map(rows.to_retained, fetched)

    def write(self, batch: Batch) -> None:
        """Write one batch, all of it or, with an sqlite3.Error or OSError, nothing."""
        if self.path.stat().st_ino != self._inode:  # the system would go on writing into a file that nobody can open
            raise FileNotFoundError(f"{self.path} was replaced while the server runs; restart it")
        with self._database.write() as connection:
            subscribed = [(key, options) for key, options in batch.subscriptions.items() if options is not None]
            _put(connection, "session", 6, [rows.session_row(each) for each in batch.sessions.values() if each])
            _put(connection, "subscription", 7, [rows.subscription_row(*key, options) for key, options in subscribed])
            _put(connection, "message", 8, list(map(rows.message_row, batch.messages)))
            _put(connection, "delivery", 2, list(map(rows.delivery_row, batch.deliveries)))
            _put(connection, "taken", 2, [key for key, is_taken in batch.taken.items() if is_taken])
            _put(connection, "will", 14, [rows.will_row(each) for each in batch.wills.values() if each])
            _put(connection, "retained", 7, [rows.retained_row(each) for each in batch.retained.values() if each])
            _put(connection, "clock", 3, [(1, batch.clock.now_ms, batch.clock.wall_ms)])
            gone = [key for key, options in batch.subscriptions.items() if options is None]
            connection.executemany("DELETE FROM subscription WHERE session = ? AND filter = ?", gone)
            free = [key for key, is_taken in batch.taken.items() if not is_taken]
            connection.executemany("DELETE FROM taken WHERE session = ? AND packet_id = ?", free)
            _take_out(connection, "message", "number", batch.messages_done)
            _take_out(connection, "delivery", "number", batch.deliveries_done)
            _take_out(connection, "will", "client_id", [client for client, each in batch.wills.items() if not each])
            _take_out(connection, "retained", "topic", [topic for topic, each in batch.retained.items() if not each])
            ended = [number for number, session in batch.sessions.items() if session is None]
            _take_out(connection, "session", "number", ended)
            _take_out(connection, "subscription", "session", ended)
            _take_out(connection, "taken", "session", ended)

    def close(self) -> None:
        self._database.close()


def _put(connection: sqlite3.Connection, table: str, columns: int, values: Sequence[Row]) -> None:
    for part in _parts(values):
        connection.execute(_insert(table, columns, len(part)), [cell for row in part for cell in row])


def _take_out(connection: sqlite3.Connection, table: str, column: str, keys: Sequence[Any]) -> None:
    for part in _parts(keys):
        connection.execute(_delete(table, column, len(part)), part)


@cache
def _insert(table: str, columns: int, rows: int) -> str:
    row = f"({','.join('?' * columns)})"
    return f"INSERT OR REPLACE INTO {table} VALUES {','.join([row] * rows)}"


@cache
def _delete(table: str, column: str, rows: int) -> str:
    return f"DELETE FROM {table} WHERE {column} IN ({','.join('?' * rows)})"


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut into the largest of `_AT_ONCE` that fit, so that a statement has one of few texts."""
    start = 0
    for size in _AT_ONCE:
        while len(values) - start >= size:
            yield values[start : start + size]
            start += size

"""How is a SQLite file opened, brought to the newest schema, written by one and read by many?

Write-ahead log with `synchronous=FULL`: a commit that returned survives `kill -9` and a power cut, and readers never
wait for the writer. The schema is the numbered SQL files in the `migrations` folder of the package that owns the
file; they only go forward, and `PRAGMA user_version` holds the number of the last one applied.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from uns.errors import Finding, UnsError

BUSY_TIMEOUT_S = 1.0
_JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024
_IDLE_READERS = 4


class Database:
    """One SQLite file: one writing connection behind a lock, and read-only connections that are lent out.

    Every method may be called from any thread. Opening creates the folder and the file when they are missing, and
    raises UnsError `storage.open_failed` or `storage.newer_schema`.
    """

    def __init__(
        self, path: Path, owner: str, *, synced: bool = True, functions: Sequence[Callable[..., Any]] = ()
    ) -> None:
        """owner: the package whose `migrations` folder holds the schema, for example `uns.history`.

        synced: a commit waits for the disk; without, it is the operating system's to write, and a power cut may take
        the last ones, never the order.

        functions: what the migrations call by name, for a change of the rows that SQL cannot express.
        """
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _connect(path, "rwc")
        except (OSError, sqlite3.Error) as error:
            raise _open_failed(path, error) from error
        try:
            for function in functions:
                self._writer.create_function(function.__name__, -1, function)
            _prepare(self._writer, path, _migrations(owner), synced)
        except BaseException as error:
            self._writer.close()
            if isinstance(error, sqlite3.Error):
                raise _open_failed(path, error) from error
            raise

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed when the block ends, rolled back when it raises (sqlite3.Error from either)."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the cause.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A read-only connection for this block; fetch all rows in it, for an open cursor holds the log back."""
        with self._idle_lock:
            if self._closed:
                raise sqlite3.ProgrammingError(f"{self.path} is closed")
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = _connect(self.path, "ro")
        try:
            yield connection
        finally:
            with self._idle_lock:
                keep = not self._closed and len(self._idle) < _IDLE_READERS
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()

    def close(self) -> None:
        """Close every connection; the log is folded into the file. Closing again does nothing."""
        with self._idle_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        with self._lock:
            self._writer.close()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )


def _prepare(connection: sqlite3.Connection, path: Path, migrations: list[tuple[int, str]], synced: bool) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
    connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT_BYTES}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    newest = migrations[-1][0]
    if version > newest:
        raise UnsError(
            Finding(
                id="storage.newer_schema",
                what=f"{path} has schema {version}, this version of the program knows schemas up to {newest}.",
                hint="Start the newer version that wrote it, or restore a backup made before the upgrade.",
            )
        )
    for number, script in migrations:
        if number > version:
            try:
                connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _migrations(owner: str) -> list[tuple[int, str]]:
    """(number, SQL) of `migrations/0001_name.sql` and on, ascending."""
    folder = resources.files(owner) / "migrations"
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted((int(file.name.partition("_")[0]), file.read_text("utf-8")) for file in files)


def _open_failed(path: Path, error: Exception) -> UnsError:
    return UnsError(
        Finding(
            id="storage.open_failed",
            what=f"{path} cannot be opened: {error}.",
            hint="Check that the data directory is writable and has room, and that this file is a database of this "
            "program; move it away to start with an empty one.",
        )
    )

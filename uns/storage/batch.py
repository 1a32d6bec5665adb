"""How do many quick producers share one slow disk? A bounded buffer, and one thread that writes it in batches.

    offer() ──► buffer ──► batch ──► write(batch)      one thread, in the order offered
                  │ full                 │ disk fails: the same batch again, after a growing pause
                  ▼                      │ an item fails: halve the batch until that item stands alone, refuse it
              oldest shed, counted       ▼

When the disk stays away the buffer fills and sheds its **oldest** items: what comes back afterwards is one gap with a
start and an end, followed by everything recent, and the newest value is never the one that is missing.
"""

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from uns.errors import Finding

T = TypeVar("T")

_log = logging.getLogger(__name__)

_ITEM_ERRORS = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.NotSupportedError)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of a writer. The buffer holds at most `buffer_items` and `buffer_bytes`, plus one batch on its way.

    interval_s: how long the first item of a batch waits for company; 0 writes at once.
    retry_first_s, retry_last_s: the pause after a failure, doubled each time.
    """

    buffer_items: int = 100_000
    buffer_bytes: int = 64 * 1024 * 1024
    batch_items: int = 5_000
    interval_s: float = 0.25
    retry_first_s: float = 0.5
    retry_last_s: float = 30.0


class BatchStatus(msgspec.Struct, frozen=True):
    """Counters since start, in items, but `failures` in attempts. `finding` says why the disk refuses, while it does.

    written: handed to `write` with success; pending: not on disk yet; shed: lost because the buffer was full or
    closing found the disk away; refused: items that no disk could take.
    """

    written: int
    pending: int
    shed: int
    refused: int
    failures: int
    finding: Finding | None


class BatchWriter(Generic[T]):
    """Owns the thread that calls `write`. `offer` never blocks on the disk; every method is safe from any thread.

    name: the family of its findings and the name of the thread; target: the file, as named in findings.
    write: puts a batch on disk, all or nothing; it is called again with the same batch after a failure.
    size_of: the bytes that an item holds in memory.
    """

    def __init__(
        self, name: str, target: str, write: Callable[[Sequence[T]], None], size_of: Callable[[T], int], limits: Limits
    ) -> None:
        self._name = name
        self._target = target
        self._write = write
        self._size_of = size_of
        self._limits = limits
        self._changed = threading.Condition()
        self._items: deque[T] = deque()
        self._bytes = 0
        self._offered = 0
        self._batch_start = 0  # how many items were offered before the batch on its way
        self._flush_to = 0
        self._closing = False
        self._written = self._shed = self._refused = self._failures = self._in_flight = 0
        self._finding: Finding | None = None
        self._thread = threading.Thread(target=self._run, name=f"{name} writer", daemon=True)

    def start(self) -> None:
        """Begin to write; items offered earlier are waiting."""
        self._thread.start()

    def offer(self, item: T) -> None:
        """Take an item, shedding the oldest ones when the buffer is full."""
        size = self._size_of(item)
        with self._changed:
            self._items.append(item)
            self._bytes += size
            self._offered += 1
            limits = self._limits
            if len(self._items) > limits.buffer_items or self._bytes > limits.buffer_bytes:
                self._shed_oldest()
            if len(self._items) in (1, limits.batch_items):
                self._changed.notify_all()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything offered so far is settled; False when the disk refuses or the time is up."""
        with self._changed:
            target = self._flush_to = self._offered
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._settled() >= target or self._finding is not None, timeout_s)
            return self._settled() >= target

    def status(self) -> BatchStatus:
        with self._changed:
            return BatchStatus(
                written=self._written,
                pending=len(self._items) + self._in_flight,
                shed=self._shed,
                refused=self._refused,
                failures=self._failures,
                finding=self._finding,
            )

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what is left, trying once where the disk refuses, and end the thread. Closing again does nothing."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _shed_oldest(self) -> None:
        limits = self._limits
        while self._items and (len(self._items) > limits.buffer_items or self._bytes > limits.buffer_bytes):
            self._bytes -= self._size_of(self._items.popleft())
            self._shed += 1

    def _run(self) -> None:
        while batch := self._take():
            self._settle(batch)
            with self._changed:
                self._in_flight = 0
                self._changed.notify_all()

    def _take(self) -> list[T]:
        """The next batch; an empty one, only when closing, ends the thread."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._items or self._closing)
                self._changed.wait_for(self._is_due, self._limits.interval_s)
                if self._items or self._closing:
                    break
            batch = [self._items.popleft() for _ in range(min(len(self._items), self._limits.batch_items))]
            self._bytes -= sum(map(self._size_of, batch))
            self._in_flight = len(batch)
            self._batch_start = self._offered - len(self._items) - len(batch)
            return batch

    def _settled(self) -> int:
        """Every item up to this number, in the order of offering, is written, refused or shed."""
        return self._batch_start if self._in_flight else self._offered - len(self._items)

    def _is_due(self) -> bool:
        return len(self._items) >= self._limits.batch_items or self._flush_to > self._settled() or self._closing

    def _settle(self, batch: Sequence[T]) -> None:
        """Write, refuse or shed every item of a batch."""
        pause_s = self._limits.retry_first_s
        while True:
            last_attempt = self._closing
            try:
                self._write(batch)
            except Exception as error:
                if not _is_disk_error(error):
                    self._divide(batch, error)
                    return
                self._failed(batch, error)
                if last_attempt:
                    self._give_up(batch)
                    return
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, pause_s)
                pause_s = min(pause_s * 2, self._limits.retry_last_s)
            else:
                self._succeeded(batch)
                return

    def _divide(self, batch: Sequence[T], error: Exception) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            self._settle(batch[:middle])
            self._settle(batch[middle:])
            return
        with self._changed:
            self._refused += 1
            first = self._refused == 1
        if first:
            _log.error(
                "%s: an item cannot be stored, and is left out (counted from now on)", self._name, exc_info=error
            )

    def _failed(self, batch: Sequence[T], error: Exception) -> None:
        finding = Finding(
            id=f"{self._name}.write_failed",
            what=f"{len(batch)} rows cannot be written to {self._target}: {error}.",
            hint="Free space on the disk, or make the data directory writable again; writing resumes by itself, and "
            "until then the newest rows wait in memory.",
        )
        with self._changed:
            self._failures += 1
            first, self._finding = self._finding is None, finding
            self._changed.notify_all()
        if first:
            _log.error("%s", finding)

    def _succeeded(self, batch: Sequence[T]) -> None:
        with self._changed:
            self._written += len(batch)
            recovered, self._finding = self._finding is not None, None
            shed = self._shed
        if recovered:
            _log.info("%s: writing to %s works again (%d rows shed since start)", self._name, self._target, shed)

    def _give_up(self, batch: Sequence[T]) -> None:
        with self._changed:
            self._shed += len(batch) + len(self._items)
            self._items.clear()
            self._bytes = 0


def _is_disk_error(error: Exception) -> bool:
    """Is the storage to blame, so that the same batch may pass later, and not one of its items?"""
    return isinstance(error, OSError) or (
        isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _ITEM_ERRORS)
    )

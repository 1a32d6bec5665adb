"""How do many acknowledgements share one commit?

The open batch of the ledger is taken when somebody waits for the disk, and written by a thread; whatever comes while it
writes is the next batch. So a commit joins all that came during the one before, and under load nobody waits longer than
two of them:

    NOW ── the turn of the event loop ends ─▶ ┐
    SOON ── JOIN_S: a subscriber may be first ▶ take ─▶ thread: BEGIN … COMMIT, fsync ─▶ settled
    LAZY ── LAZY_S ───────────────────────▶ ┘              └─ disk refuses: RETRY_S, the same batch again
"""

import asyncio
import logging
import sqlite3
import threading
from enum import StrEnum
from queue import SimpleQueue

from uns.broker import Batch, Ledger, Urgency
from uns.errors import Finding
from uns.persistence.store import BrokerStore

log = logging.getLogger(__name__)

JOIN_S = 0.005
"""How long the disk waits for the acknowledgements of connected subscribers, which would make a write needless."""
LAZY_S = 1.0
"""How old a change may become that nobody waits for: the loss window of what is not acknowledged."""
RETRY_S = 0.5


class Durability(StrEnum):
    """What has become of a message when its acknowledgement goes out."""

    FSYNC = "fsync"  # on the disk: it survives a power cut
    OS = "os"  # handed to the operating system: it survives the end of the process, kill -9 included
    MEMORY = "memory"  # in memory only: a restart forgets sessions and retained messages


class GroupCommit:
    """Writes the batches of a ledger to a store, from the event loop that made it. `close` writes the last one.

    batches, failures: how many since the start. finding: why the disk refuses now, or None.
    """

    def __init__(self, ledger: Ledger, store: BrokerStore) -> None:
        self.batches = 0
        self.failures = 0
        self._ledger = ledger
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._inbox: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="broker store", daemon=True)
        self._thread.start()
        self._idle = asyncio.Event()
        self._idle.set()
        self._timer: asyncio.Handle | None = None
        self._unwritten: Batch | None = None
        self._closing = False
        ledger.on_urgency = self._schedule
        self._schedule(ledger.urgency)

    @property
    def finding(self) -> Finding | None:
        return self._ledger.failing

    def _schedule(self, urgency: Urgency) -> None:
        """The open batch has become more urgent, or the last one is done and this is what came meanwhile."""
        if self._unwritten is not None or self._closing or urgency is Urgency.NONE:
            return
        if self._timer is not None:
            self._timer.cancel()
        if urgency is Urgency.NOW:
            self._timer = self._loop.call_soon(self._commit)
        else:
            self._timer = self._loop.call_later(JOIN_S if urgency is Urgency.SOON else LAZY_S, self._commit)

    def _commit(self) -> None:
        self._timer = None
        batch = self._unwritten or self._ledger.take()
        if batch is not None:
            self._unwritten = batch
            self._idle.clear()
            self._inbox.put(batch)

    def _write(self) -> None:
        """In the thread: each batch, until None comes."""
        while (batch := self._inbox.get()) is not None:
            error: Exception | None = None
            try:
                self._store.write(batch)
            except Exception as raised:  # told and tried again in the loop
                error = raised
            self._loop.call_soon_threadsafe(self._written, batch, error)

    def _written(self, batch: Batch, error: Exception | None) -> None:
        self._idle.set()
        if error is None:
            self.batches += 1
            self._unwritten = None
            if self._ledger.failing is not None:
                log.info("sessions and retained messages are written to %s again", self._store.path)
            try:
                self._ledger.settled(batch)
            finally:
                self._schedule(self._ledger.urgency)
        else:
            self._failed(batch, error)

    def _failed(self, batch: Batch, error: Exception) -> None:
        self.failures += 1
        finding = Finding(
            id="storage.write_failed",
            what=f"the message cannot be kept: {self._store.path.name} cannot be written ({error}).",
            hint="Free space on the disk of the data directory, or make it writable; until then messages that must "
            "be kept are refused, and it is tried again twice a second.",
        )
        if self._ledger.failing is None:
            log.error(
                "%s cannot be written (%s); what must be kept is refused until it can. %s",
                self._store.path,
                error,
                finding.hint,
                exc_info=None if _is_disk_error(error) else error,
            )
        self._ledger.failed(batch, finding)
        if not self._closing:
            self._timer = self._loop.call_later(RETRY_S, self._commit)

    async def close(self) -> None:
        """Write what is open, trying once where the disk refuses, and end the thread."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        await self._idle.wait()
        for _ in range(2):  # a batch that is tried again, and what came meanwhile
            self._commit()
            await self._idle.wait()
            if self._unwritten is not None:
                log.error("what was not written to %s is lost with this stop", self._store.path)
                break
        self._ledger.on_urgency = None
        self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)


def _is_disk_error(error: Exception) -> bool:
    return isinstance(error, OSError | sqlite3.OperationalError)

"""Where do samples wait that an edge node cannot send now? On its disk, bounded, in the order in which they came.

    keep() ──► buffer ──► thread ──► samples.db ──► oldest() … forget()

A sample leaves the disk when the broker has it for sure, so one can be sent twice, and none is lost: a history that
has a source time already does not grow.
"""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from uns.samples import Sample
from uns.storage.batch import BatchWriter, Limits
from uns.storage.database import Database

NamedSample = tuple[str, Sample]
"""(metric name, sample)"""


class WhenFull(StrEnum):
    """What gives way when the disk holds as much as it may."""

    OLDEST = "oldest"
    NEWEST = "newest"


class Row(msgspec.Struct, frozen=True):
    """A sample that waits. id: its number on disk."""

    id: int
    device: str
    metric: str
    sample: Sample


_Packed = tuple[str, Sample]
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Packed).decode


class BacklogStatus(msgspec.Struct, frozen=True):
    """waiting: on disk, or on their way there; shed: given up because there was no room."""

    waiting: int
    shed: int


class Backlog:
    """The samples of one edge node. `keep` never blocks; the others may block on the disk, and run in a thread.

    Raises UnsError `storage.*` when the file cannot be opened.
    """

    def __init__(self, path: Path, *, max_samples: int = 1_000_000, when_full: WhenFull = WhenFull.OLDEST) -> None:
        self._database = Database(path, "uns.edge", synced=False)
        self._max_samples = max_samples
        self._when_full = when_full
        with self._database.read() as connection:
            (self._on_disk,) = connection.execute("SELECT count(*) FROM samples").fetchone()
        self._shed = 0
        self._writer: BatchWriter[tuple[str, bytes]] = BatchWriter(
            "backlog", str(path), self._write, lambda item: len(item[1]) + 120, Limits(interval_s=0.1)
        )
        self._writer.start()

    def keep(self, device: str, samples: Iterable[NamedSample]) -> None:
        for sample in samples:
            self._writer.offer((device, _pack(sample)))

    def oldest(self, count: int, after: int, devices: Collection[str]) -> list[Row]:
        """Up to `count` rows with ids above `after`, oldest first, of these devices."""
        marks = ", ".join("?" * len(devices))
        query = f"SELECT id, device, sample FROM samples WHERE id > ? AND device IN ({marks}) ORDER BY id LIMIT ?"
        with self._database.read() as connection:
            rows = connection.execute(query, (after, *devices, count)).fetchall()
        return [Row(number, device, *_unpack(packed)) for number, device, packed in rows]

    def forget(self, rows: Sequence[Row]) -> None:
        """The broker has them."""
        with self._database.write() as connection:
            connection.executemany("DELETE FROM samples WHERE id = ?", [(row.id,) for row in rows])
            self._on_disk -= len(rows)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until what was kept is on disk; False when the disk refuses or the time is up."""
        return self._writer.flush(timeout_s)

    def status(self) -> BacklogStatus:
        batches = self._writer.status()
        return BacklogStatus(self._on_disk + batches.pending, self._shed + batches.shed + batches.refused)

    def close(self) -> None:
        self._writer.close()
        self._database.close()

    def _write(self, batch: Sequence[tuple[str, bytes]]) -> None:
        excess = max(0, self._on_disk + len(batch) - self._max_samples)
        taken = batch
        if excess and self._when_full is WhenFull.NEWEST:
            taken = batch[: len(batch) - excess]
        elif excess > self._on_disk:  # a batch that is larger than all there may be
            taken = batch[excess - self._on_disk :]
        with self._database.write() as connection:
            gone = 0
            if excess and self._when_full is WhenFull.OLDEST:
                oldest = "DELETE FROM samples WHERE id IN (SELECT id FROM samples ORDER BY id LIMIT ?)"
                gone = connection.execute(oldest, (excess,)).rowcount
            connection.executemany("INSERT INTO samples (device, sample) VALUES (?, ?)", taken)
            self._on_disk += len(taken) - gone
        self._shed += excess

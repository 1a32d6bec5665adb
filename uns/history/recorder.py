"""How do published values get into history without ever slowing the broker?

    link ──► receive()      the broker's turn: an append to a bounded buffer
                 │
             _write()       one thread: decode, append a batch, now and then prune what is older than the retention

A message that carries no sample (an event document, a Sparkplug payload) is counted and left out. A disk that refuses
is retried with growing pauses while the buffer holds the newest messages; `status().finding` says so until it works.
"""

from collections.abc import Sequence

import msgspec

from uns.clock import Clock
from uns.errors import Finding
from uns.history.arrivals import Arrivals
from uns.history.store import HistoryStore, Row
from uns.link import Link, Message
from uns.samples import Sample, decode_sample
from uns.storage import BatchWriter, Limits
from uns.topics import matches

_DAY_MS = 86_400_000
_PRUNE_EVERY_MS = 3_600_000
_PRUNE_ROWS = 20_000
_NO_TIME = -(2**63)
"""Stands for the time of a payload that states none; no RFC 3339 time is so early."""
_ROW_BYTES = 200
"""Roughly what a waiting message or row takes besides its payload."""


class RecorderStatus(msgspec.Struct, frozen=True):
    """Counters since start, in messages, but `failures` in attempts; times in UTC milliseconds since 1970.

    recorded: new rows; duplicates: topic and source time were known; not_samples: no sample in the payload;
    pending: waiting for the disk; shed: lost to a full buffer; refused: values that no disk could take; pruned: rows
    deleted by age. `finding` is `history.write_failed` while the disk refuses.
    """

    recorded: int
    duplicates: int
    not_samples: int
    pending: int
    shed: int
    refused: int
    pruned: int
    failures: int
    last_commit_ms: int | None
    finding: Finding | None


class Recorder:
    """A client of the broker that records what matches `filters`; it opens and closes its link, not the store.

    retention_days: rows with an older source time are deleted, within the hour and some at a time; None keeps all.
    """

    def __init__(
        self,
        link: Link,
        store: HistoryStore,
        filters: Sequence[str],
        clock: Clock,
        *,
        retention_days: int | None = None,
        limits: Limits | None = None,
        target: str = "the history store",
    ) -> None:
        self._link = link
        self._store = store
        self._filters = filters
        self._clock = clock
        self._retention_ms = None if retention_days is None else retention_days * _DAY_MS
        self._prune_due_ms = clock.monotonic_ms()
        self._recorded = self._duplicates = self._not_samples = self._pruned = 0
        self._last_commit_ms: int | None = None
        self._writer: BatchWriter[Message | Row] = BatchWriter(
            "history", target, self._write, _size_of, limits or Limits()
        )
        self._arrivals = Arrivals()
        self.receive = self._writer.offer

    def start(self) -> None:
        """Open the link and subscribe; retained values come first, and those known already make no row."""
        self._writer.start()
        self._link.open()
        for topic_filter in self._filters:
            self._link.subscribe(topic_filter, self.receive)

    def follow(self, filters: Sequence[str]) -> None:
        """Record what these filters match from now on; where an old one stands again nothing changes."""
        for topic_filter in self._filters:
            if topic_filter not in filters:
                self._link.unsubscribe(topic_filter)
        for topic_filter in filters:
            if topic_filter not in self._filters:
                self._link.subscribe(topic_filter, self.receive)
        self._filters = filters

    def stop(self) -> None:
        """Leave the broker and write what is buffered."""
        self._link.close()
        self._writer.close()

    def records(self, topic: str) -> bool:
        """Is this topic among what is recorded?"""
        return self.filter_of(topic) is not None

    def filter_of(self, topic: str) -> str | None:
        """The filter by which a topic is recorded, or None."""
        return next((topic_filter for topic_filter in self._filters if matches(topic_filter, topic)), None)

    @property
    def retention_days(self) -> int | None:
        return None if self._retention_ms is None else self._retention_ms // _DAY_MS

    def record_historical(self, topic: str, sample: Sample) -> None:
        """Record a value that was not published as current, such as one from a store-and-forward buffer."""
        self._writer.offer(Row(topic, sample, self._clock.wall_ms()))

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything received so far is readable; False when the disk refuses or the time is up."""
        return self._writer.flush(timeout_s)

    def status(self) -> RecorderStatus:
        batches = self._writer.status()
        return RecorderStatus(
            recorded=self._recorded,
            duplicates=self._duplicates,
            not_samples=self._not_samples,
            pending=batches.pending,
            shed=batches.shed,
            refused=batches.refused,
            pruned=self._pruned,
            failures=batches.failures,
            last_commit_ms=self._last_commit_ms,
            finding=batches.finding,
        )

    def _write(self, batch: Sequence[Message | Row]) -> None:
        if self._retention_ms is not None and self._clock.monotonic_ms() >= self._prune_due_ms:
            self._prune(self._retention_ms)
        self._arrivals.begin()
        rows = [row for row in map(self._row_of, batch) if row is not None]
        added = self._store.append(rows)
        self._arrivals.settle()
        self._recorded += added
        self._duplicates += len(rows) - added
        self._not_samples += len(batch) - len(rows)
        self._last_commit_ms = self._clock.wall_ms()

    def _row_of(self, item: Message | Row) -> Row | None:
        if isinstance(item, Row):
            return item
        sample = decode_sample(item.payload, _NO_TIME)
        if sample is None:
            return None
        if sample.timestamp_ms == _NO_TIME:
            sample = self._arrivals.stamp(item.topic, sample, item.received_ms)
        return Row(item.topic, sample, item.received_ms)

    def _prune(self, retention_ms: int) -> None:
        """One bounded step; when it was not enough, the next batch brings the next."""
        pruned = self._store.prune(self._clock.wall_ms() - retention_ms, _PRUNE_ROWS)
        self._pruned += pruned
        if pruned < _PRUNE_ROWS:
            self._prune_due_ms = self._clock.monotonic_ms() + _PRUNE_EVERY_MS


def _size_of(item: Message | Row) -> int:
    if isinstance(item, Message):
        return _ROW_BYTES + len(item.payload)
    value = item.sample.value
    return _ROW_BYTES + (len(value) if isinstance(value, str | bytes) else 0)

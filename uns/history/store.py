"""What must a store of history do? Four verbs and a retention, so that another engine can take its place."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from uns.samples import Sample


class Row(NamedTuple):
    """One sample of one topic, and when it arrived (UTC milliseconds since 1970)."""

    topic: str
    sample: Sample
    received_ms: int


class HistoryStore(Protocol):
    """Samples by topic and source time. Times are UTC milliseconds since 1970; every method is safe from any thread."""

    def append(self, rows: Sequence[Row]) -> int:
        """Commit a batch, all or nothing, and return how many rows were new.

        A row whose topic and source time are known is left out, whatever its value: QoS 1 delivers twice, retained
        values come again at each start, and what was recorded stays as it was recorded.
        """

    def read(self, topic: str, start_ms: int, end_ms: int) -> Iterator[Sample]:
        """The samples of `start_ms` <= source time < `end_ms`, oldest first, fetched as they are consumed."""

    def latest(self, topic: str) -> Row | None:
        """The sample with the newest source time."""

    def prune(self, before_ms: int, max_rows: int) -> int:
        """Delete at most `max_rows` samples with a source time before `before_ms`; returns how many were deleted."""

    def close(self) -> None:
        """Release the store; what was appended is safe already."""

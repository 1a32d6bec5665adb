"""What is recorded of the tree, and how is it read back and added to?"""

from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from uns.api.platform import HistoryReader
from uns.app.govern.foresight import ReadHistory
from uns.app.plant import Plant
from uns.app.replay import Record
from uns.clock import Clock
from uns.history import Recorder, SqliteHistory, query
from uns.link import Link
from uns.samples import Sample
from uns.storage import Limits as BufferLimits

FLUSH_S = 1.0
"""What was published just before it is asked for is waited for so long."""


def start_history(
    plant: Plant, data: Path, link: Link, clock: Clock, stack: AsyncExitStack
) -> tuple[Recorder | None, HistoryReader | None, ReadHistory | None]:
    settings = plant.settings.history
    if not settings.enabled:
        return None, None, None
    store = SqliteHistory(data / "history.db")
    stack.callback(store.close)
    recorder = Recorder(
        link,
        store,
        plant.record_filters,
        clock,
        retention_days=settings.retention_days,
        limits=BufferLimits(buffer_items=settings.queue_size),
        target=str(store.path),
    )
    recorder.start()
    stack.callback(recorder.stop)
    return recorder, partial(query, store), partial(_read_samples, recorder, store)


def _read_samples(
    recorder: Recorder, store: SqliteHistory, topics: Iterable[str], start_ms: int, end_ms: int
) -> Iterator[tuple[str, Iterator[Sample]]]:
    """Each topic with its samples, those that were published just now included."""
    recorder.flush(FLUSH_S)
    return ((topic, store.read(topic, start_ms, end_ms)) for topic in topics)


def past(recorder: Recorder | None) -> Record:
    """How a value gets into history without being current: what history records of the tree."""

    def record(topic: str, sample: Sample) -> bool:
        if recorder is None or not recorder.records(topic):
            return False
        recorder.record_historical(topic, sample)
        return True

    return record

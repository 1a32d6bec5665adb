"""The historian: records what is published into a store, and answers ranges of it."""

from uns.history.aggregate import Aggregation, Function, aggregate, parse_aggregation
from uns.history.duration import parse_duration
from uns.history.query import Series, query
from uns.history.recorder import Recorder, RecorderStatus
from uns.history.sqlite import SqliteHistory
from uns.history.store import HistoryStore, Row

__all__ = [
    "Aggregation",
    "Function",
    "HistoryStore",
    "Recorder",
    "RecorderStatus",
    "Row",
    "Series",
    "SqliteHistory",
    "aggregate",
    "parse_aggregation",
    "parse_duration",
    "query",
]

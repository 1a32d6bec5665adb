"""Which samples does a message of data carry? Each metric is found in the births, typed by them, and given a time that
can be true."""

from uns.sparkplug.born import BornMetric, BornTable, Carried
from uns.sparkplug.complaints import Complaints
from uns.sparkplug.datatypes import name_of
from uns.sparkplug.events import Value
from uns.sparkplug.payload import Metric
from uns.sparkplug.sample import json_value, sample_of

EARLIEST_MS = 946_684_800_000
"""2000-01-01: before, a clock was never set."""
MAX_AHEAD_MS = 60_000
"""A clock may be this much ahead of the host's."""


def possible(time_ms: int, received_ms: int) -> bool:
    return EARLIEST_MS <= time_ms <= received_ms + MAX_AHEAD_MS


class ValueReader:
    """Reads the metrics of one message after the other; what is wrong costs that metric and is told."""

    def __init__(self, table: BornTable, complaints: Complaints) -> None:
        self._table = table
        self._complaints = complaints

    def data(self, device: str, metrics: list[Metric], sent_ms: int, received_ms: int) -> tuple[list[Value], bool]:
        """(the samples of NDATA or DDATA, whether a metric is unknown)."""
        carried: list[Carried] = []
        unknown: list[Metric] = []
        by_alias, find = self._table.by_alias, self._table.find
        for metric in metrics:
            born = by_alias.get(metric.alias) if metric.alias is not None else None
            if born is None or born.device != device:
                born = find(device, metric)
            if born is None:
                unknown.append(metric)
            elif born.members is None:
                carried.append((born, metric))
            else:
                for member, part in self._table.members_of(born, metric):
                    if member is None:
                        unknown.append(part)
                    else:
                        carried.append((member, part))
        for metric in unknown:
            self._complaints.unknown(device, metric)
        return self.values(device, carried, sent_ms, received_ms), bool(unknown)

    def values(self, device: str, carried: list[Carried], sent_ms: int, received_ms: int) -> list[Value]:
        """The samples of announced metrics."""
        values: list[Value] = []
        wrong_times: list[tuple[str, int]] = []
        latest_ms = received_ms + MAX_AHEAD_MS
        for born, metric in carried:
            time_ms = metric.timestamp_ms
            if time_ms is None:
                time_ms = sent_ms
            elif not EARLIEST_MS <= time_ms <= latest_ms:
                wrong_times.append((born.name, time_ms))
                if metric.is_historical:
                    continue
                time_ms = received_ms
            value = metric.value
            if value is not None:
                try:
                    value = born.read(value) if metric.datatype is None else _same_type(born, metric)
                except ValueError as error:
                    self._complaints.wrong_value(born, error)
                    continue
            values.append((born, sample_of(metric, value, time_ms), metric.is_historical))
        if wrong_times:
            self._complaints.wrong_times(device, [name for name, _ in wrong_times], wrong_times[0][1])
        return values


def _same_type(born: BornMetric, metric: Metric) -> object:
    if metric.datatype != born.datatype:
        raise ValueError(f"it came as {name_of(metric.datatype)}, its birth said {name_of(born.datatype)}")
    return json_value(metric.value, born.datatype)

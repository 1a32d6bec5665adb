"""Which metrics does an edge node have, under which aliases, and what did they last say?"""

from collections.abc import Iterator, Mapping

import msgspec

from uns.errors import Finding, UnsError, nearest
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.payload import BD_SEQ, REBIRTH, Metric, Properties, Property
from uns.sparkplug.quality import QUALITY_PROPERTY, to_property

UNIT_PROPERTY = "engUnit"

_TOLD = (Quality.UNCERTAIN, Quality.BAD)
"""The qualities that need the property `Quality`; is_null tells GoodNoData, and silence means Good."""


class Declared(msgspec.Struct, eq=False):
    """One metric of the node or a device. sample: the current value, None until the first.

    told: a quality property was sent that a host must be told the end of.
    """

    name: str
    alias: int
    datatype: DataType
    properties: Properties | None
    sample: Sample | None = None
    told: bool = False

    def birth(self, now_ms: int) -> Metric:
        """Name, alias, datatype, properties and the current value, null when there is none yet.

        tck-id-payloads-alias-birth-requirement, tck-id-operational-behavior-data-publish-nbirth-values
        """
        sample = self.sample or Sample(None, Quality.GOOD_NO_DATA, now_ms)
        self.told = sample.quality in _TOLD
        properties = self.properties
        if self.told:
            properties = {**(properties or {}), QUALITY_PROPERTY: to_property(sample.quality)}
        return Metric(self.name, self.alias, self.datatype, sample.value, sample.timestamp_ms, properties=properties)

    def data(self, sample: Sample, historical: bool) -> Metric:
        """By alias alone (tck-id-payloads-alias-data-cmd-requirement).

        The quality is told whenever it is Uncertain or Bad, and once when it turns Good again.
        """
        worth_telling = sample.quality in _TOLD
        properties = {QUALITY_PROPERTY: to_property(sample.quality)} if worth_telling or self.told else None
        if not historical:
            self.told = worth_telling
        value, timestamp_ms = sample.value, sample.timestamp_ms
        return Metric(None, self.alias, self.datatype, value, timestamp_ms, historical, False, properties)


class MetricTable:
    """The metrics of one edge node. Device "" is the node itself. Aliases are unique over the node and its devices,
    and never used twice (tck-id-payloads-alias-uniqueness)."""

    def __init__(self) -> None:
        self._by_device: dict[str, dict[str, Declared]] = {}
        self._folded: dict[tuple[str, str], str] = {}
        self._last_alias = 0
        self._by_alias: dict[int, tuple[str, Declared]] = {}

    def declare(
        self, device: str, name: str, datatype: DataType, unit: str, properties: Mapping[str, Property] | None
    ) -> Finding | None:
        """Add or change a metric. A finding tells of a name that differs from another one only in case.

        Raises UnsError `sparkplug.name` for a name that Sparkplug reserves, or an empty one.
        """
        if not name or name in (BD_SEQ, REBIRTH):
            what = f"'{name}' cannot name a metric of device '{device}': it is {'reserved' if name else 'empty'}."
            raise UnsError(Finding(id="sparkplug.name", what=what, hint="Choose another metric name."))
        given = dict(properties or {})
        if unit:
            given[UNIT_PROPERTY] = Property(SparkplugType.STRING, unit)
        table = self._by_device.setdefault(device, {})
        known = table.get(name)
        if known is not None:
            if known.datatype != datatype:
                known.datatype, known.sample = datatype, None
            known.properties = given or None
            return None
        self._last_alias += 1
        table[name] = metric = Declared(name, self._last_alias, datatype, given or None)
        self._by_alias[metric.alias] = (device, metric)
        like = self._folded.setdefault((device, name.casefold()), name)
        return None if like == name else _case_finding(device, name, like)

    def withdraw(self, device: str, name: str) -> None:
        metric = self._by_device.get(device, {}).pop(name, None)
        if metric is not None:
            del self._by_alias[metric.alias]
            self._folded.pop((device, name.casefold()), None)

    def get(self, device: str, name: str) -> Declared | None:
        return self._by_device.get(device, {}).get(name)

    def require(self, device: str, name: str) -> Declared:
        """The metric, or UnsError `sparkplug.undeclared` with the nearest name."""
        metric = self.get(device, name)
        if metric is not None:
            return metric
        what = f"Metric '{name}' of device '{device}' was never declared."
        like = nearest(name, self._by_device.get(device, {}))
        raise UnsError(
            Finding(id="sparkplug.undeclared", what=what, hint="Declare it before its first value.", nearest=like)
        )

    def by_alias(self, alias: int) -> tuple[str, Declared] | None:
        """(device, metric) of an alias."""
        return self._by_alias.get(alias)

    def of(self, device: str) -> Iterator[Declared]:
        return iter(self._by_device.get(device, {}).values())


def _case_finding(device: str, name: str, like: str) -> Finding:
    """tck-id-case-sensitivity-metric-names"""
    return Finding(
        id="sparkplug.case",
        what=f"Metrics '{name}' and '{like}' of device '{device}' differ only in case.",
        hint="Rename one: many hosts do not tell them apart.",
    )

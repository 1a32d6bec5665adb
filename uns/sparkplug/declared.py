"""Which metrics does an edge node have, under which aliases, and what did they last say?

A metric can be the member of a template instance (a UDT): `motor1/speed` that is the member `speed` of the instance
`motor1` travels inside that instance, whose alias stands for all of its members.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from uns.errors import Finding, UnsError, nearest
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.payload import BD_SEQ, REBIRTH, Metric, Properties, Property, Template
from uns.sparkplug.quality import QUALITY_PROPERTY, to_property

UNIT_PROPERTY = "engUnit"

_TOLD = (Quality.UNCERTAIN, Quality.BAD)
"""The qualities that need the property `Quality`; is_null tells GoodNoData, and silence means Good."""


class Membership(msgspec.Struct, frozen=True):
    """What a metric is in a template. instance: the metric that carries it, member: its name there; template, version:
    of the definition."""

    instance: str
    member: str
    template: str
    version: str = ""


class Declared(msgspec.Struct, eq=False):
    """One metric of the node or a device. alias: of its instance, where it is a member of one.

    sample: the current value, None until the first. announced: the births of this session told it.
    told: a quality property was sent that a host must be told the end of.
    """

    name: str
    alias: int
    datatype: DataType
    properties: Properties | None
    membership: Membership | None = None
    sample: Sample | None = None
    announced: bool = False
    told: bool = False

    def birth(self, now_ms: int) -> Metric:
        """Name, alias, datatype, properties and the current value, null when there is none yet.

        tck-id-payloads-alias-birth-requirement, tck-id-operational-behavior-data-publish-nbirth-values
        """
        sample = self.sample or Sample(None, Quality.GOOD_NO_DATA, now_ms)
        self.announced = True
        self.told = sample.quality in _TOLD
        properties = self.properties
        if self.told:
            properties = {**(properties or {}), QUALITY_PROPERTY: to_property(sample.quality)}
        name, alias = self._names()
        return Metric(name, alias, self.datatype, sample.value, sample.timestamp_ms, properties=properties)

    def definition(self) -> Metric:
        """Of a member: what every instance of its template has."""
        return Metric(self._names()[0], None, self.datatype, None, properties=self.properties)

    def data(self, sample: Sample, historical: bool) -> Metric:
        """By alias alone (tck-id-payloads-alias-data-cmd-requirement).

        The quality is told whenever it is Uncertain or Bad, and once when it turns Good again.
        """
        worth_telling = sample.quality in _TOLD
        properties = {QUALITY_PROPERTY: to_property(sample.quality)} if worth_telling or self.told else None
        if not historical:
            self.told = worth_telling
        name, alias = (None, self.alias) if self.membership is None else self._names()
        return Metric(name, alias, self.datatype, sample.value, sample.timestamp_ms, historical, properties=properties)

    def _names(self) -> tuple[str, int | None]:
        """(name, alias) where it stands: a member has its name in the template, and no alias of its own."""
        return (self.name, self.alias) if self.membership is None else (self.membership.member, None)


class MetricTable:
    """The metrics of one edge node. Device "" is the node itself. Aliases are unique over the node and its devices,
    and never used twice (tck-id-payloads-alias-uniqueness)."""

    def __init__(self) -> None:
        self._by_device: dict[str, dict[str, Declared]] = {}
        self._folded: dict[tuple[str, str], str] = {}
        self._last_alias = 0
        self._by_alias: dict[int, tuple[str, Declared]] = {}
        self._instances: dict[tuple[str, str], int] = {}

    def declare(
        self,
        device: str,
        name: str,
        datatype: DataType,
        unit: str,
        properties: Mapping[str, Property] | None,
        membership: Membership | None = None,
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
                known.datatype, known.sample, known.announced = datatype, None, False
            known.properties = given or None
            return None
        table[name] = metric = Declared(name, self._alias(device, membership), datatype, given or None, membership)
        if membership is None:
            self._by_alias[metric.alias] = (device, metric)
        like = self._folded.setdefault((device, name.casefold()), name)
        return None if like == name else _case_finding(device, name, like)

    def withdraw(self, device: str, name: str) -> None:
        metric = self._by_device.get(device, {}).pop(name, None)
        if metric is not None:
            self._by_alias.pop(metric.alias, None)
            self._folded.pop((device, name.casefold()), None)

    def forget_births(self) -> None:
        """A new session: no host has been told anything."""
        for metrics in self._by_device.values():
            for metric in metrics.values():
                metric.announced = False

    def _alias(self, device: str, membership: Membership | None) -> int:
        known = None if membership is None else self._instances.get((device, membership.instance))
        if known is None:
            known = self._last_alias = self._last_alias + 1
            if membership is not None:
                self._instances[device, membership.instance] = known
        return known

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

    def member(self, device: str, instance: str | int | None, member: str | None) -> Declared | None:
        """The metric that is a member of an instance, which is given by its name or alias."""
        for metric in self._by_device.get(device, {}).values():
            known = metric.membership
            if known is not None and known.member == member and instance in (known.instance, metric.alias):
                return metric
        return None

    def births(self, device: str, now_ms: int) -> list[Metric]:
        """The metrics of a device as its birth announces them, each with all its members where it is an instance."""
        return grouped(((metric, metric.birth(now_ms)) for metric in self.of(device)), now_ms, is_birth=True)

    def definitions(self, now_ms: int) -> list[Metric]:
        """The template of every member that is declared, for the birth of the node
        (tck-id-topics-nbirth-templates, tck-id-payloads-template-definition-members)."""
        members: dict[str, dict[str, Metric]] = {}
        versions: dict[str, str] = {}
        for metrics in self._by_device.values():
            for metric in metrics.values():
                if metric.membership is not None:
                    template = metric.membership.template
                    members.setdefault(template, {}).setdefault(metric.membership.member, metric.definition())
                    versions[template] = metric.membership.version
        return [
            Metric(
                name,
                None,
                SparkplugType.TEMPLATE,
                Template(list(found.values()), version=versions[name] or None, is_definition=True),
                now_ms,
            )
            for name, found in members.items()
        ]

    def templates(self, device: str) -> set[str]:
        """The templates whose instances a device has."""
        return {metric.membership.template for metric in self.of(device) if metric.membership is not None}


def grouped(metrics: Iterable[tuple[Declared, Metric]], now_ms: int, *, is_birth: bool = False) -> list[Metric]:
    """What travels: members inside their instances, the others as they are. Instances tell their name and version in a
    birth, and are their alias in data; historical members stand apart from live ones."""
    travelling: list[Metric] = []
    instances: dict[tuple[int, bool], Metric] = {}
    for declared, metric in metrics:
        membership = declared.membership
        if membership is None:
            travelling.append(metric)
            continue
        key = declared.alias, metric.is_historical
        instance = instances.get(key)
        if instance is None:
            value = Template([], ref=membership.template, version=(membership.version or None) if is_birth else None)
            instance = instances[key] = Metric(
                membership.instance if is_birth else None,
                declared.alias,
                SparkplugType.TEMPLATE,
                value,
                metric.timestamp_ms,
                metric.is_historical,
            )
            travelling.append(instance)
        instance.value.metrics.append(metric)
        instance.timestamp_ms = max(instance.timestamp_ms or 0, metric.timestamp_ms or now_ms)
    return travelling


def _case_finding(device: str, name: str, like: str) -> Finding:
    """tck-id-case-sensitivity-metric-names"""
    return Finding(
        id="sparkplug.case",
        what=f"Metrics '{name}' and '{like}' of device '{device}' differ only in case.",
        hint="Rename one: many hosts do not tell them apart.",
    )

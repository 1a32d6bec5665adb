"""Which metrics has a node announced, and whose name or alias is this? Rebuilt at each birth.

The instance of a template (a UDT) is announced as its members: instance `motor1` with the members `speed` and
`bearing/temperature` is heard as the metrics `motor1/speed` and `motor1/bearing/temperature`, each with a datatype, a
unit and a value of its own.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from uns.errors import Finding
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.declared import UNIT_PROPERTY
from uns.sparkplug.payload import Metric, Properties, Template
from uns.sparkplug.sample import reader

MAX_METRICS = 100_000
"""Of one node and its devices; more are left out."""


class BornMetric(msgspec.Struct, eq=False):
    """A metric that a birth announced. device "" is the edge node itself.

    context: free for whoever listens to the session, for example what the metric is projected to.
    members: of a template instance, by their names in the template; ref: the name of the template.
    instance, member: of a member, the instance that it is in, and its name there. in_long: see `Metric`.
    """

    device: str
    name: str
    alias: int | None
    datatype: int
    properties: Properties | None
    read: Callable[[Any], Any]
    context: Any = None
    members: "dict[str, BornMetric] | None" = None
    ref: str | None = None
    instance: "BornMetric | None" = None
    member: str = ""
    in_long: bool = False

    @property
    def unit(self) -> str:
        """The engineering unit, or an empty string."""
        found = (self.properties or {}).get(UNIT_PROPERTY)
        return found.value if found is not None and isinstance(found.value, str) else ""


class BornDevice(msgspec.Struct, eq=False):
    """A device, or the node itself, with the metrics of its last birth. since_ms: born or dead since then (UTC)."""

    name: str
    online: bool
    since_ms: int
    metrics: dict[str, BornMetric]


Carried = tuple[BornMetric, Metric]
"""An announced metric, and the metric that carries its value."""


class BornTable:
    """What one node and its devices have announced. by_alias: of all of them."""

    def __init__(self) -> None:
        self.devices: dict[str, BornDevice] = {}
        self.templates: dict[str, Template] = {}
        self.by_alias: dict[int, BornMetric] = {}
        self._metrics = 0

    def begin(self) -> None:
        """A node birth makes every earlier alias and template void."""
        self.by_alias = {}
        self.templates = {}

    def find(self, device: str, metric: Metric) -> BornMetric | None:
        """By alias, by name, or both; an alias of another device does not count."""
        if metric.alias is not None:
            found = self.by_alias.get(metric.alias)
            if found is not None and found.device == device:
                return found
        if metric.name is None:
            return None
        owner = self.devices.get(device)
        return owner.metrics.get(metric.name) if owner else None

    def name_of(self, alias: int) -> str | None:
        found = self.by_alias.get(alias)
        return None if found is None else found.name

    def birth(
        self, device: str, metrics: list[Metric], now_ms: int, findings: list[Finding]
    ) -> tuple[list[Carried], list[BornMetric]]:
        """Take a birth: (announced metrics, each with the metric that carries its value; metrics that are gone).

        What cannot be announced is told in `findings` and left out.
        """
        before = self.devices.get(device)
        for gone in before.metrics.values() if before else ():
            self._metrics -= 1
            if gone.alias is not None and self.by_alias.get(gone.alias) is gone:
                del self.by_alias[gone.alias]
        born: dict[str, BornMetric] = {}
        announced: list[Carried] = []
        for metric in metrics:
            if isinstance(metric.value, Template) and metric.value.is_definition:
                if metric.name is not None:
                    self.templates[metric.name] = metric.value
                continue
            self._announce(device, metric, born, announced, findings)
        self._metrics += len(born)
        self.devices[device] = BornDevice(device, True, now_ms, born)
        retired = [gone for name, gone in before.metrics.items() if name not in born] if before else []
        return announced, retired

    def _announce(
        self,
        device: str,
        metric: Metric,
        born: dict[str, BornMetric],
        announced: list[Carried],
        findings: list[Finding],
        instance: BornMetric | None = None,
    ) -> BornMetric | None:
        name, alias, datatype = metric.name, metric.alias, metric.datatype
        if name is not None and instance is not None:
            name = f"{instance.name}/{name}"
        fault = self._fault(device, name, alias, datatype, born)
        if fault or name is None or datatype is None:
            hint = "The metric is left out. Mend the birth of the edge node."
            findings.append(Finding(id="sparkplug.birth", what=fault, hint=hint))
            return None
        made = BornMetric(device, name, alias, datatype, metric.properties, reader(datatype), instance=instance)
        made.member, made.in_long = metric.name or "", metric.in_long
        born[name] = made
        if alias is not None:
            self.by_alias[alias] = made
        if isinstance(metric.value, Template):
            made.ref, made.members = metric.value.ref, {}
            for member in metric.value.metrics:
                inner = self._announce(device, _inherited(member, metric), born, announced, findings, made)
                if inner is not None:
                    made.members[inner.member] = inner
        else:
            announced.append((made, metric))
        return made

    def _fault(
        self, device: str, name: str | None, alias: int | None, datatype: int | None, born: dict[str, BornMetric]
    ) -> str:
        """Why a metric cannot be announced, or an empty string."""
        label = f"Metric '{name}'"
        if name is None:
            return f"A metric (alias {alias}) has no name in its birth."
        if name in born:
            return f"{label} stands twice in its birth."
        if datatype is None or datatype not in SparkplugType.__members__.values():
            return f"{label} has no known datatype in its birth: {datatype}."
        if alias is not None and (other := self.by_alias.get(alias)) is not None:
            of = f" of device '{other.device}'" if other.device != device else ""
            return f"{label} has the alias {alias} of '{other.name}'{of}."
        if self._metrics + len(born) >= MAX_METRICS:
            return f"{label} is one more than the {MAX_METRICS} of one edge node that are followed."
        return ""

    def members_of(self, born: BornMetric, metric: Metric) -> Iterator[tuple[BornMetric | None, Metric]]:
        """The members in a part of a template instance, each with what announced it, or None. An instance that is null
        makes all its members null."""
        value = metric.value
        if value is None:
            for member in (born.members or {}).values():
                yield from self._member(member, _inherited(Metric(member.member), metric))
            return
        for part in value.metrics if isinstance(value, Template) else ():
            found = (born.members or {}).get(part.name) if part.name is not None else None
            if found is None and part.alias is not None:
                found = self.by_alias.get(part.alias)
                found = found if found is not None and found.instance is born else None
            yield from self._member(found, _inherited(part, metric))

    def _member(self, found: BornMetric | None, part: Metric) -> Iterator[tuple[BornMetric | None, Metric]]:
        if found is not None and found.members is not None:
            yield from self.members_of(found, part)
        else:
            yield found, part


def _inherited(member: Metric, metric: Metric) -> Metric:
    """A member with the time and the flags of the metric that it came in, where it has none of its own."""
    if member.timestamp_ms is None:
        member.timestamp_ms = metric.timestamp_ms
    member.is_historical = member.is_historical or metric.is_historical
    return member

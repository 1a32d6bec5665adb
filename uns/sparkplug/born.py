"""Which metrics has a node announced, and whose name or alias is this? Rebuilt at each birth."""

from collections.abc import Callable
from typing import Any

import msgspec

from uns.errors import Finding
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.declared import UNIT_PROPERTY
from uns.sparkplug.payload import Metric, Properties, Template
from uns.sparkplug.sample import reader


class BornMetric(msgspec.Struct, eq=False):
    """A metric that a birth announced. device "" is the edge node itself.

    context: free for whoever listens to the session, for example what the metric is projected to.
    """

    device: str
    name: str
    alias: int | None
    datatype: int
    properties: Properties | None
    read: Callable[[Any], Any]
    context: Any = None

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


class BornTable:
    """What one node and its devices have announced."""

    def __init__(self) -> None:
        self.devices: dict[str, BornDevice] = {}
        self._by_alias: dict[int, BornMetric] = {}

    def clear_aliases(self) -> None:
        """A node birth makes every earlier alias void."""
        self._by_alias = {}

    def find(self, device: str, metric: Metric) -> BornMetric | None:
        """By alias, by name, or both; an alias of another device does not count."""
        if metric.alias is not None:
            found = self._by_alias.get(metric.alias)
            if found is not None and found.device == device:
                return found
        if metric.name is None:
            return None
        owner = self.devices.get(device)
        return owner.metrics.get(metric.name) if owner else None

    def birth(
        self, device: str, metrics: list[Metric], now_ms: int, findings: list[Finding]
    ) -> tuple[list[tuple[BornMetric, Metric]], list[BornMetric]]:
        """Take a birth: (announced metrics, each with the metric that carries its value; metrics that are gone).

        What cannot be announced is told in `findings` and left out.
        """
        before = self.devices.get(device)
        for gone in before.metrics.values() if before else ():
            if gone.alias is not None and self._by_alias.get(gone.alias) is gone:
                del self._by_alias[gone.alias]
        born: dict[str, BornMetric] = {}
        announced: list[tuple[BornMetric, Metric]] = []
        for metric in metrics:
            if isinstance(metric.value, Template) and metric.value.is_definition:
                continue
            finding = self._announce(device, metric, born)
            if finding is not None:
                findings.append(finding)
            elif metric.name is not None:
                announced.append((born[metric.name], metric))
        self.devices[device] = BornDevice(device, True, now_ms, born)
        retired = [gone for name, gone in before.metrics.items() if name not in born] if before else []
        return announced, retired

    def _announce(self, device: str, metric: Metric, born: dict[str, BornMetric]) -> Finding | None:
        name, alias, datatype = metric.name, metric.alias, metric.datatype
        label = f"Metric '{name}' of device '{device}'"
        if name is None:
            return _birth_finding(f"A metric of device '{device}' (alias {alias}) has no name in its birth.")
        if name in born:
            return _birth_finding(f"{label} stands twice in its birth.")
        if datatype is None or datatype not in SparkplugType.__members__.values():
            return _birth_finding(f"{label} has no known datatype in its birth: {datatype}.")
        if alias is not None and (other := self._by_alias.get(alias)) is not None:
            return _birth_finding(f"{label} has the alias {alias} of '{other.name}' of device '{other.device}'.")
        born[name] = made = BornMetric(device, name, alias, datatype, metric.properties, reader(datatype))
        if alias is not None:
            self._by_alias[alias] = made
        return None


def _birth_finding(what: str) -> Finding:
    hint = "The metric is left out. Mend the birth of the edge node."
    return Finding(id="sparkplug.birth", what=what, hint=hint)

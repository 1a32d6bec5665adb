"""What does a host say of a message that it could not take as it was? Node, device, metric and cause, each time."""

from collections.abc import Callable, Iterable

import msgspec

from uns.errors import Finding
from uns.samples import format_timestamp
from uns.sparkplug.born import BornMetric
from uns.sparkplug.datatypes import name_of
from uns.sparkplug.payload import Metric

MAX_TOLD = 1000
_ASKED = "A rebirth of the node mends it; the host asks for one, unless it is passive."


class Complaints:
    """The findings about one edge node. What every message would repeat is told once until the next birth."""

    def __init__(self, node: str, on_finding: Callable[[Finding], None]) -> None:
        self._node = node
        self._on_finding = on_finding
        self._told: set[tuple[str, str, str]] = set()

    def born(self, device: str) -> None:
        """The device, or with "" the node and all its devices, can be told of again."""
        if self._told:
            self._told = {told for told in self._told if device and told[1] != device}

    def about(self, device: str, findings: Iterable[Finding]) -> None:
        """Findings about a message that do not name where it came from."""
        for finding in findings:
            self._on_finding(msgspec.structs.replace(finding, what=f"{self._of(device)}: {finding.what}"))

    def wrong_value(self, born: BornMetric, error: ValueError) -> None:
        what = f"Metric '{born.name}' ({name_of(born.datatype)}): {error}."
        hint = "The other metrics of the payload were taken. Mend the publisher's datatype or value."
        self.about(born.device, [Finding(id="sparkplug.datatype", what=what, hint=hint)])

    def wrong_times(self, device: str, names: list[str], time_ms: int) -> None:
        """names: of the metrics that told impossible times, time_ms the first of these; no name is the message's."""
        whose = f"metric '{names[0]}'" if names and names[0] else "the message"
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        what = f"The time of {whose}{more} cannot be: {_time(time_ms)}."
        hint = "The time of receipt counts instead, and a historical value is left out. Set the clock of the device."
        self.about(device, [Finding(id="sparkplug.timestamp", what=what, hint=hint)])

    def no_birth(self, device: str, kind: str) -> None:
        whose = "the device's" if device else "the node's"
        what = f"{kind} came before {whose} birth, and cannot be read without it."
        self._once("no birth", device, "", Finding(id="sparkplug.no_birth", what=what, hint=_ASKED))

    def unknown(self, device: str, metric: Metric) -> None:
        label = f"named '{metric.name}'" if metric.name is not None else f"with the alias {metric.alias}"
        what = f"No metric {label} stands in the birth."
        self._once("unknown", device, label, Finding(id="sparkplug.unknown_metric", what=what, hint=_ASKED))

    def two_clients(self, current: str, other: str, kind: str) -> None:
        what = f"Two clients are this node at once: '{current}', which was born last, and '{other}', which sent {kind}."
        hint = f"What '{other}' sends is not read. Give each edge node a group and node id of its own."
        self._once("clients", "", other, Finding(id="sparkplug.duplicate_node", what=what, hint=hint))

    def _once(self, about: str, device: str, which: str, finding: Finding) -> None:
        key = (about, device, which)
        if key not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(key)
            self.about(device, [finding])

    def _of(self, device: str) -> str:
        return f"Edge node '{self._node}', device '{device}'" if device else f"Edge node '{self._node}'"


def _time(time_ms: int) -> str:
    try:
        return format_timestamp(time_ms)
    except (OverflowError, ValueError, OSError):
        return f"{time_ms} ms since 1970"

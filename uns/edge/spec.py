"""What does a source file say: which device, over which adapter, published as which Sparkplug edge node?

    source: line1
    adapter: opcua
    edge: acme:ghent:packaging/line1         # group id / edge node id
    endpoint: opc.tcp://127.0.0.1:4840
    devices:
      filler:
        temperature: {node: "ns=2;s=line1.filler.temperature", deadband: 0.1}

Keys not named here are the adapter's. `type` is read here and by the adapter: for a register it is its layout too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from uns.adapter import Point, SourceConfig
from uns.edge.deadband import Deadband, parse_deadband
from uns.errors import Finding, nearest
from uns.fields import pointer, read_fields
from uns.samples import DataType
from uns.sparkplug.declared import Membership
from uns.sparkplug.topic import id_fault
from uns.topics import topic_fault

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_RESERVED = ("bdseq", "node control", "device control")
_POINT_KEYS = ("deadband", "writable")
_LENGTH = re.compile(r"\(\d+\)$")

_NAMED_OTHERWISE = {
    "bool": DataType.BOOLEAN,
    "float32": DataType.FLOAT,
    "float64": DataType.DOUBLE,
}
TYPES = {datatype.name.lower(): datatype for datatype in DataType} | _NAMED_OTHERWISE


class PointRules(msgspec.Struct, frozen=True):
    """What the platform does with a point. None: the source file leaves it to the model of the topic.

    writable: commands may write it. refresh_ms: an unchanged value that the connection still vouches for is reported
    again after this time, so that consumers know it is alive; never when None. unit: a UCUM code, told in the birth.
    membership: the template whose member it is sent as, or None.
    """

    deadband: Deadband | None = None
    writable: bool | None = None
    refresh_ms: int | None = None
    unit: str = ""
    membership: Membership | None = None


class SourceSpec(msgspec.Struct, frozen=True):
    """A source file understood. group and node: the Sparkplug ids of the edge node. templates: models are sent as
    templates (UDTs), where a device holds more than one of them."""

    name: str
    adapter: str
    endpoint: str
    group: str
    node: str
    options: Mapping[str, Any]
    rules: Mapping[Point, PointRules]
    templates: bool = False

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(self.rules)

    @property
    def edge(self) -> str:
        return f"{self.group}/{self.node}"

    def stated(self) -> dict[str, Any]:
        """What the source file says, to be compared with another's: the points of two readings are never equal."""
        fields: dict[str, Any] = msgspec.to_builtins(
            [self.name, self.adapter, self.endpoint, self.edge, self.options, self.templates]
        )
        return {"source": fields, "points": [msgspec.to_builtins(point) for point in self.rules]}

    @property
    def config(self) -> SourceConfig:
        """The part that the adapter gets."""
        return SourceConfig(self.name, self.endpoint, self.options, self.points)


class _Document(msgspec.Struct):
    source: str
    adapter: str
    edge: str
    endpoint: str
    devices: dict[str, dict[str, dict[str, Any]]]
    templates: bool = False


def parse_source(document: Any) -> SourceSpec | list[Finding]:
    """A source document to its spec, or everything wrong with it; `where` is a JSON pointer into the document."""
    if not isinstance(document, Mapping):
        return [_finding("source.wrong_value", "a source file is a mapping of keys to values.", "", "See `source: …`.")]
    known = {field.encode_name for field in msgspec.structs.fields(_Document)}
    options = {key: value for key, value in document.items() if key not in known}
    findings = _shape(document.get("devices", {}))
    if findings:
        return findings
    read, findings = read_fields(_Document, document, also=options)
    if read is None:
        return findings
    findings += _check_name(read.source) + _check_edge(read.edge) + _check_ids(read.devices)
    rules = dict(_points(read.devices, findings))
    if not rules and not findings:
        findings.append(_finding("source.empty", "no device has a point.", "/devices", "Add one: see the sample."))
    if findings:
        return findings
    group, _, node = read.edge.partition("/")
    return SourceSpec(read.source, read.adapter, read.endpoint, group, node, options, rules, read.templates)


def _shape(devices: Any) -> list[Finding]:
    """Devices are mappings of metrics, metrics mappings of keys: named exactly, since it is the commonest slip."""
    if not isinstance(devices, Mapping):
        return [_finding("source.wrong_value", "'devices' is no mapping.", "/devices", "Write DEVICE: {METRIC: {…}}.")]
    findings = []
    for device, metrics in devices.items():
        if not isinstance(metrics, Mapping):
            where = pointer("devices", str(device))
            findings.append(
                _finding("source.wrong_value", f"'{device}' holds no metrics.", where, "Write METRIC: {…}.")
            )
            continue
        findings += [
            _finding(
                "source.wrong_value",
                f"'{metric}' is {keys!r}, not a mapping of keys.",
                pointer("devices", str(device), str(metric)),
                "Write for example {node: …, deadband: 0.1}.",
            )
            for metric, keys in metrics.items()
            if not isinstance(keys, Mapping)
        ]
    return findings


def _check_name(name: str) -> list[Finding]:
    if _NAME.fullmatch(name):
        return []
    what = f"'{name}' is no name for a source."
    return [_finding("source.bad_name", what, "/source", "Use letters, digits, - _ and . (1 to 64).")]


def _check_edge(edge: str) -> list[Finding]:
    group, slash, node = edge.partition("/")
    fault = (id_fault(group) or id_fault(node)) if slash else "the / is missing"
    if not fault:
        return []
    what = f"'{edge}' is no edge node: {fault}."
    return [_finding("source.bad_edge", what, "/edge", "Write GROUP/NODE, such as acme:ghent:packaging/line1.")]


def _check_ids(devices: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Sparkplug ids and names; two that differ only in case collide in hosts that ignore it."""
    findings: list[Finding] = []
    for device, metrics in devices.items():
        where = pointer("devices", device)
        fault = id_fault(device)
        if fault:
            findings.append(_finding("source.bad_device", f"'{device}' is no device id: {fault}.", where, "Rename it."))
        for metric in metrics:
            fault = _metric_fault(metric)
            if fault:
                what = f"'{metric}' is no metric name: {fault}."
                findings.append(_finding("source.bad_metric", what, where + pointer(metric), "Rename it."))
        findings += _doubles("source.duplicate_metric", metrics, where)
    return findings + _doubles("source.duplicate_device", devices, "/devices")


def _metric_fault(name: str) -> str:
    if "" in name.split("/"):
        return "a part of it is empty"
    if name.split("/")[0].casefold() in _RESERVED:
        return "Sparkplug keeps it for itself"
    return topic_fault(name)


def _doubles(id_: str, names: Mapping[str, Any], where: str) -> list[Finding]:
    first: dict[str, str] = {}
    return [
        _finding(
            id_,
            f"'{name}' and '{earlier}' differ only in upper and lower case.",
            where + pointer(name),
            "Rename one: many hosts cannot tell them apart.",
        )
        for name in names
        if (earlier := first.setdefault(name.casefold(), name)) != name
    ]


def _points(
    devices: Mapping[str, Mapping[str, Mapping[str, Any]]], findings: list[Finding]
) -> Iterator[tuple[Point, PointRules]]:
    for device, metrics in devices.items():
        for name, keys in metrics.items():
            address = {key: value for key, value in keys.items() if key not in _POINT_KEYS}
            place = Point(device, name, address)
            datatype = None
            if "type" in keys:
                datatype = TYPES.get(_LENGTH.sub("", str(keys["type"])).casefold())
                if datatype is None:
                    findings.append(_bad_type(str(keys["type"]), place.where("type")))
            yield Point(device, name, address, datatype), _rules(keys, place, findings)


def _rules(keys: Mapping[str, Any], place: Point, findings: list[Finding]) -> PointRules:
    deadband, writable = None, keys.get("writable")
    try:
        deadband = parse_deadband(keys["deadband"]) if "deadband" in keys else None
    except ValueError as error:
        hint = "Write 0.1 (in the unit of the value) or 2%."
        findings.append(_finding("source.bad_deadband", f"{error}.", place.where("deadband"), hint))
    if not isinstance(writable, bool | None):
        what = f"'writable' is {writable!r}, not true or false."
        findings.append(_finding("source.wrong_value", what, place.where("writable"), "Write true or false."))
        writable = None
    return PointRules(deadband, writable)


def _bad_type(name: str, where: str) -> Finding:
    return Finding(
        id="source.bad_type",
        what=f"'{name}' is no type (known: {', '.join(sorted(TYPES))}).",
        where=where,
        nearest=nearest(name, TYPES),
        hint="Correct it, or leave it out where the device tells its types.",
    )


def _finding(id_: str, what: str, where: str, hint: str) -> Finding:
    return Finding(id=id_, what=what, where=where, hint=hint)

"""What does a command ask of an edge node? (Sparkplug B 3.0, sections 6.4.9 and 6.4.10)"""

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from uns.errors import Finding, UnsError
from uns.samples import DataType, parse_timestamp
from uns.sparkplug.datatypes import WRITERS, SparkplugType, name_of
from uns.sparkplug.declared import Declared, MetricTable
from uns.sparkplug.decode import decode, typed
from uns.sparkplug.payload import REBIRTH, Metric, Template
from uns.sparkplug.topic import parse_topic


class RebirthRequested(msgspec.Struct, frozen=True):
    """A host asks for all births again (`Node Control/Rebirth` = true)."""


class Write(msgspec.Struct, frozen=True):
    """A host writes a metric. device "" is the node itself; value has the Python type of `datatype`, or is None."""

    device: str
    metric: str
    datatype: DataType
    value: Any


class Command(msgspec.Struct):
    """What one NCMD or DCMD holds."""

    writes: list[Write]
    rebirth: bool = False


def read_command(topic: str, payload: bytes, table: MetricTable, on_finding: Callable[[Finding], None]) -> Command:
    """The writes and the rebirth request in a command; what cannot be carried out is told as `sparkplug.command`."""
    command = Command([])
    try:
        device = parse_topic(topic).device
    except UnsError as error:
        on_finding(error.finding)
        return command
    decoded, findings = decode(payload)
    for finding in findings:
        on_finding(finding)
    for metric in decoded.metrics if decoded else ():
        if metric.name == REBIRTH and not device:
            # tck-id-operational-behavior-data-commands-ncmd-rebirth-value: false asks for nothing
            command.rebirth = command.rebirth or metric.value in (True, 1)
            continue
        for target, part in _parts(device, metric, table):
            write = _write(device, target, part)
            if isinstance(write, Finding):
                on_finding(write)
            else:
                command.writes.append(write)
    return command


def _parts(device: str, metric: Metric, table: MetricTable) -> Iterator[tuple[Declared | None, Metric]]:
    """What is written, each with its target, if it has one: of a template instance, its members."""
    if not isinstance(metric.value, Template):
        yield _target(device, metric, table), metric
        return
    instance = metric.name if metric.name is not None else metric.alias
    for member in metric.value.metrics:
        yield table.member(device, instance, member.name), member


def _write(device: str, target: Declared | None, metric: Metric) -> Write | Finding:
    label = f"'{metric.name}'" if metric.name else f"alias {metric.alias}"
    if target is None:
        return _refuse(f"device '{device}' has no metric {label}", "Write a metric that its birth lists.")
    if metric.datatype is not None and metric.datatype != target.datatype:
        types = f"{name_of(metric.datatype)}, not {name_of(target.datatype)}"
        return _refuse(f"metric {label} came as {types}", "Send the datatype that the birth tells.")
    value = metric.value
    if value is not None and metric.datatype is None:
        try:
            value = typed(value, target.datatype)
        except ValueError as error:
            return _refuse(f"metric {label} ({name_of(target.datatype)}): {error}", "Send a value of that datatype.")
    return Write(device, target.name, target.datatype, value)


def _target(device: str, metric: Metric, table: MetricTable) -> Declared | None:
    """By name, alias, or both; an alias of another device does not count."""
    if metric.name is not None:
        return table.get(device, metric.name)
    found = table.by_alias(metric.alias) if metric.alias is not None else None
    return found[1] if found and found[0] == device else None


def _refuse(what: str, hint: str) -> Finding:
    return Finding(id="sparkplug.command", what=f"The command was not carried out: {what}.", hint=hint)


_INTEGERS = frozenset(range(SparkplugType.INT8, SparkplugType.UINT64 + 1))


def value_from_json(value: Any, datatype: int) -> Any:
    """The value to put into a command for a JSON value: 5.0 is an integer where one is wanted, DateTimes come as
    RFC 3339, bytes as base64. Raises ValueError when text is no DateTime or no base64; the encoder judges the rest."""
    if type(value) is float and datatype in _INTEGERS and value.is_integer():
        return int(value)
    if type(value) is str and datatype == SparkplugType.DATETIME:
        return parse_timestamp(value)
    if type(value) is str and datatype in (SparkplugType.BYTES, SparkplugType.FILE):
        try:
            return b64decode(value, validate=True)
        except binascii.Error as error:
            raise ValueError(f"'{value}' is no base64: {error}") from error
    if value is not None and datatype not in WRITERS:
        raise ValueError(f"a {name_of(datatype)} cannot be written by a command yet")
    return value

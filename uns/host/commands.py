"""Which message writes a metric? NCMD or DCMD, typed from the birth (Sparkplug B 3.0, sections 6.4.9 and 6.4.10)."""

from typing import Any

from uns.errors import Finding, UnsError, nearest
from uns.link import Message
from uns.sparkplug.born import BornDevice, BornMetric
from uns.sparkplug.command import value_from_json
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.encode import encode
from uns.sparkplug.host import HostSession
from uns.sparkplug.payload import REBIRTH, Metric, Payload, Template
from uns.sparkplug.topic import MessageType, SparkplugTopic


def born_metric(session: HostSession, node: str, device: str, name: str) -> BornMetric:
    """The metric of a node that is there to be written. node: `group/node`.

    Raises UnsError: `unknown.device`, `unknown.metric`, or `unreachable.node` when the node or its device is dead.
    """
    known = session.table.devices.get(device)
    label = f"device '{device}' of node '{node}'" if device else f"node '{node}'"
    if known is None:
        like = nearest(device, session.table.devices)
        raise UnsError(Finding(id="unknown.device", what=f"No birth of {label} was heard.", nearest=like))
    metric = known.metrics.get(name)
    if metric is None:
        like = nearest(name, known.metrics)
        hint = "uns sparkplug show lists what was born."
        raise UnsError(
            Finding(id="unknown.metric", what=f"The birth of {label} has no metric '{name}'.", hint=hint, nearest=like)
        )
    demand_online(known, label)
    return metric


def demand_online(device: BornDevice | None, label: str) -> None:
    """Raises UnsError `unreachable.node` for what cannot hear a command."""
    if device is None or not device.online:
        what = f"{label[:1].upper()}{label[1:]} cannot be written: it is offline."
        raise UnsError(Finding(id="unreachable.node", what=what, hint="Try again when it is born."))


def write(group: str, node: str, metric: BornMetric, value: Any, now_ms: int) -> Message:
    """The command that writes a JSON value. QoS 0, not retained, no seq (tck-id-payloads-ncmd-seq, -ncmd-qos).

    Raises UnsError `sparkplug.datatype` when the value does not fit the datatype of the birth.
    """
    kind = MessageType.DCMD if metric.device else MessageType.NCMD
    try:
        typed = value_from_json(value, metric.datatype)
    except ValueError as error:
        what = f"Metric '{metric.name}' of node '{group}/{node}' cannot be written: {error}."
        raise UnsError(Finding(id="sparkplug.datatype", what=what, hint="Send a value of its datatype.")) from error
    return _message(SparkplugTopic(group, kind, node, metric.device), _carrier(metric, typed), now_ms)


def ask_rebirth(group: str, node: str, now_ms: int) -> Message:
    """tck-id-operational-behavior-data-commands-ncmd-rebirth-verb, -name, -value"""
    metric = Metric(name=REBIRTH, datatype=SparkplugType.BOOLEAN, value=True)
    return _message(SparkplugTopic(group, MessageType.NCMD, node), metric, now_ms)


def _carrier(metric: BornMetric, value: Any) -> Metric:
    """The metric to send: by alias alone where there is one (tck-id-payloads-alias-data-cmd-requirement), in the field
    that its birth used, since some edge nodes read a UInt32 in one of two only. A member travels in an instance of its
    template that has no other member."""
    instance = metric.instance
    if instance is None:
        name = metric.name if metric.alias is None else None
        return Metric(name, metric.alias, metric.datatype, value, in_long=metric.in_long)
    member = Metric(metric.member, None, metric.datatype, value, in_long=metric.in_long)
    return _carrier(instance, Template([member], ref=instance.ref))


def _message(target: SparkplugTopic, metric: Metric, now_ms: int) -> Message:
    metric.timestamp_ms = now_ms
    return Message(str(target), encode(Payload(now_ms, [metric])))

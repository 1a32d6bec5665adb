"""What does a received Sparkplug payload say, and what in it is wrong? Never raises for what a peer sent.

One wrong metric costs that metric and gives a finding; bytes that are no protobuf cost the payload.
"""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from uns.errors import Finding
from uns.sparkplug.compressed import COMPRESSED, inflate
from uns.sparkplug.datatypes import READERS, SparkplugType, name_of
from uns.sparkplug.descriptor import WirePayload, has_extras
from uns.sparkplug.payload import DataSet, MetaData, Metric, Parameter, Payload, Properties, Property, Template

_parse = WirePayload.FromString
_STRUCTURED = {
    SparkplugType.DATASET: DataSet,
    SparkplugType.TEMPLATE: Template,
    SparkplugType.PROPERTY_SET: dict,
    SparkplugType.PROPERTY_SET_LIST: list,
}


NameOf = Callable[[int], str | None]
"""The name of a metric by its alias, None when it is not known."""


def decode(data: bytes, name_of_alias: NameOf = lambda alias: None) -> tuple[Payload | None, list[Finding]]:
    """The payload with its good metrics, and a finding (`sparkplug.payload`, `sparkplug.datatype`) for each wrong one.

    Payload is None when the bytes are no Sparkplug B payload at all. `Finding.where` is `/metrics/<index>`.
    A compressed payload is opened, and keeps the seq it was sent with. name_of_alias: for the findings.
    """
    payload, findings = _decode(data, name_of_alias)
    if payload is None or payload.uuid != COMPRESSED:
        return payload, findings
    try:
        inner, inner_findings = _decode(inflate(payload), name_of_alias)
    except ValueError as error:
        what = f"The compressed payload cannot be opened: {error}."
        return None, [*findings, Finding(id="sparkplug.payload", what=what)]
    if inner is not None and payload.seq is not None:
        inner.seq = payload.seq
    return inner, findings + inner_findings


def _decode(data: bytes, name_of_alias: NameOf) -> tuple[Payload | None, list[Finding]]:
    try:
        wire = _parse(data)
    except DecodeError as error:
        return None, [Finding(id="sparkplug.payload", what=f"{len(data)} bytes are no Sparkplug B payload: {error}.")]
    findings: list[Finding] = []
    metrics: list[Metric] = []
    read = _metric if has_extras(data, len(wire.metrics)) else _bare_metric
    for index, wire_metric in enumerate(wire.metrics):
        try:
            metrics.append(read(wire_metric))
        except ValueError as error:
            findings.append(_wrong_metric(wire_metric, index, error, name_of_alias))
    payload = Payload(
        timestamp_ms=to_ms(wire.timestamp) if wire.timestamp else None,
        metrics=metrics,
        seq=wire.seq if wire.HasField("seq") else None,
        uuid=_text(wire.uuid) if wire.HasField("uuid") else None,
        body=wire.body if wire.HasField("body") else None,
    )
    return payload, findings


def typed(value: Any, datatype: int) -> Any:
    """The value of a metric that came without its datatype. Raises ValueError when it cannot be one."""
    read = READERS.get(datatype)
    if read is not None:
        return read(value)
    struct = _STRUCTURED.get(datatype)  # type: ignore[call-overload]
    if struct is None or not isinstance(value, struct):
        raise ValueError(f"expected {name_of(datatype)}, found {type(value).__name__}")
    return value


def to_ms(timestamp: int) -> int:
    """A timestamp in milliseconds. Peers also send seconds, microseconds and nanoseconds: the range tells which."""
    if 100_000_000_000 <= timestamp < 100_000_000_000_000:
        return timestamp
    if timestamp >= 100_000_000_000_000_000:
        return timestamp // 1_000_000
    if timestamp >= 100_000_000_000_000:
        return timestamp // 1000
    return timestamp * 1000 if timestamp >= 1_000_000_000 else timestamp


def _metric(wire: Any) -> Metric:
    metric = _bare_metric(wire)
    if wire.is_null:
        metric.value = None
    metric.is_historical = wire.is_historical
    metric.is_transient = wire.is_transient
    if wire.HasField("properties"):
        metric.properties = _properties(wire.properties)
    if wire.HasField("metadata"):
        metric.metadata = _metadata(wire.metadata)
    return metric


def _bare_metric(wire: Any) -> Metric:
    """A metric without the parts that `has_extras` looks for."""
    field = wire.WhichOneof("value")
    datatype = wire.datatype or None
    value = None
    in_long = False
    if field is not None:
        value = getattr(wire, field)
        if field == "dataset_value":
            value = _dataset(value)
        elif field == "template_value":
            value = _template(value)
        if datatype is not None and not wire.is_null:
            value = typed(value, datatype)
            in_long = datatype == SparkplugType.UINT32 and field == "long_value"
    name = wire.name or None
    if type(name) is bytes:
        raise ValueError(f"its name {name!r} is not UTF-8")
    alias, timestamp = wire.alias, wire.timestamp
    if not 100_000_000_000 <= timestamp < 100_000_000_000_000:
        timestamp = to_ms(timestamp) if timestamp else None
    metric = Metric(name, alias if alias or wire.HasField("alias") else None, datatype, value, timestamp)
    if in_long:
        metric.in_long = True
    return metric


def _wrong_metric(wire: Any, index: int, error: ValueError, name_of_alias: NameOf) -> Finding:
    name = _text(wire.name) or name_of_alias(wire.alias)
    label = f"'{name}'" if name else f"alias {wire.alias}"
    return Finding(
        id="sparkplug.datatype",
        what=f"Metric {label} ({name_of(wire.datatype)}): {error}.",
        where=f"/metrics/{index}",
        hint="The other metrics of the payload were taken. Mend the publisher's datatype or value.",
    )


def _text(raw: str | bytes) -> str:
    """A string field; one that is no UTF-8 comes as bytes."""
    return raw if isinstance(raw, str) else raw.decode(errors="replace")


def _value(wire: Any, datatype: int) -> Any:
    field = wire.WhichOneof("value")
    return None if field is None else typed(getattr(wire, field), datatype)


def _properties(wire: Any) -> Properties:
    """Keys without a value, and values without a key, are ignored (tck-id-payloads-propertyset-keys-array-size)."""
    return {_text(key): _property(value) for key, value in zip(wire.keys, wire.values, strict=False)}


def _property(wire: Any) -> Property:
    field = wire.WhichOneof("value")
    if field is None or wire.is_null:
        return Property(wire.type, None)
    value = getattr(wire, field)
    if field == "propertyset_value":
        return Property(SparkplugType.PROPERTY_SET, _properties(value))
    if field == "propertysets_value":
        return Property(SparkplugType.PROPERTY_SET_LIST, [_properties(each) for each in value.propertyset])
    return Property(wire.type, typed(value, wire.type) if wire.type else value)


def _metadata(wire: Any) -> MetaData:
    fields: dict[str, Any] = {}
    for field in MetaData.__struct_fields__:
        if wire.HasField(field):
            value = getattr(wire, field)
            fields[field] = _text(value) if isinstance(value, bytes) else value
    return MetaData(**fields)


def _dataset(wire: Any) -> DataSet:
    columns, types = [_text(column) for column in wire.columns], list(wire.types)
    if len(columns) != len(types):
        raise ValueError(f"a DataSet of {len(columns)} columns has {len(types)} types")
    rows = []
    for row in wire.rows:
        if len(row.elements) != len(types):
            raise ValueError(f"a DataSet row has {len(row.elements)} of {len(types)} elements")
        rows.append([_value(element, datatype) for element, datatype in zip(row.elements, types, strict=True)])
    return DataSet(columns, types, rows)


def _template(wire: Any) -> Template:
    return Template(
        metrics=[_metric(metric) for metric in wire.metrics],
        parameters=[Parameter(_text(each.name), each.type, _value(each, each.type)) for each in wire.parameters],
        ref=_text(wire.template_ref) if wire.HasField("template_ref") else None,
        version=_text(wire.version) if wire.HasField("version") else None,
        is_definition=wire.is_definition,
    )

"""Which bytes is a Sparkplug payload? Strict: what does not fit its datatype is refused, never sent."""

from typing import Any

from uns.errors import Finding, UnsError
from uns.sparkplug.datatypes import WRITERS, SparkplugType, name_of
from uns.sparkplug.descriptor import WirePayload
from uns.sparkplug.payload import DataSet, MetaData, Metric, Parameter, Payload, Properties, Property, Template

_PropertyTypes = frozenset(range(SparkplugType.INT8, SparkplugType.UUID + 1))
"""The basic types: those a property, a parameter and a DataSet cell can have."""


def encode(payload: Payload, *, datatypes: bool = True) -> bytes:
    """The protobuf bytes. datatypes False leaves the metrics' datatypes out, as DATA messages do: the birth told them
    (tck-id-payloads-metric-datatype-not-req). Each metric needs its datatype here all the same.

    Raises UnsError `sparkplug.datatype` that names the first metric whose value does not fit.
    """
    wire = WirePayload()
    if payload.timestamp_ms is not None:
        wire.timestamp = payload.timestamp_ms
    add = wire.metrics.add
    for metric in payload.metrics:
        try:
            _put_metric(add(), metric, datatypes)
        except (ValueError, TypeError) as error:
            raise UnsError(_misfit(metric, error)) from error
    if payload.seq is not None:
        wire.seq = payload.seq
    if payload.uuid is not None:
        wire.uuid = payload.uuid
    if payload.body is not None:
        wire.body = payload.body
    encoded: bytes = wire.SerializeToString()
    return encoded


def fault(metric: Metric) -> Finding | None:
    """Why `encode` would refuse this metric, or None."""
    try:
        _put_metric(WirePayload().metrics.add(), metric, True)
    except (ValueError, TypeError) as error:
        return _misfit(metric, error)
    return None


def _misfit(metric: Metric, error: Exception) -> Finding:
    label = f"'{metric.name}'" if metric.name else f"alias {metric.alias}"
    return Finding(
        id="sparkplug.datatype",
        what=f"Metric {label} ({name_of(metric.datatype)}): {error}.",
        hint="Declare the metric with the datatype that its source delivers.",
    )


def _put_metric(wire: Any, metric: Metric, datatypes: bool) -> None:
    if metric.name is not None:
        wire.name = metric.name
    if metric.alias is not None:
        wire.alias = metric.alias
    if metric.timestamp_ms is not None:
        wire.timestamp = metric.timestamp_ms
    datatype = metric.datatype
    if datatype is None:
        raise ValueError("a metric needs a datatype")
    if datatypes:
        wire.datatype = datatype
    if metric.is_historical:
        wire.is_historical = True
    if metric.is_transient:
        wire.is_transient = True
    if metric.properties:
        _put_properties(wire.properties, metric.properties)
    if metric.metadata is not None:
        _put_metadata(wire.metadata, metric.metadata)
    value = metric.value
    if value is None:
        wire.is_null = True
        return
    write = WRITERS.get(datatype)
    if write is not None:
        write(wire, value)
        if metric.in_long:
            wire.long_value = value
    elif datatype == SparkplugType.DATASET and isinstance(value, DataSet):
        _put_dataset(wire.dataset_value, value)
    elif datatype == SparkplugType.TEMPLATE and isinstance(value, Template):
        _put_template(wire.template_value, value)
    else:
        raise ValueError(f"expected {name_of(datatype)}, found {value!r}")


def _put_basic(wire: Any, datatype: int, value: Any) -> None:
    if datatype not in _PropertyTypes:
        raise ValueError(f"{name_of(datatype)} cannot stand here, only a basic type can")
    WRITERS[datatype](wire, value)


def _put_properties(wire: Any, properties: Properties) -> None:
    wire.SetInParent()
    for key, prop in properties.items():
        wire.keys.append(key)
        _put_property(wire.values.add(), prop)


def _put_property(wire: Any, prop: Property) -> None:
    wire.type = prop.type
    if prop.value is None:
        wire.is_null = True
    elif prop.type == SparkplugType.PROPERTY_SET:
        _put_properties(wire.propertyset_value, prop.value)
    elif prop.type == SparkplugType.PROPERTY_SET_LIST:
        wire.propertysets_value.SetInParent()
        for each in prop.value:
            _put_properties(wire.propertysets_value.propertyset.add(), each)
    else:
        _put_basic(wire, prop.type, prop.value)


def _put_metadata(wire: Any, metadata: MetaData) -> None:
    wire.SetInParent()
    for field in MetaData.__struct_fields__:
        value = getattr(metadata, field)
        if value is not None:
            setattr(wire, field, value)


def _put_dataset(wire: Any, dataset: DataSet) -> None:
    if any(datatype not in _PropertyTypes for datatype in dataset.types):
        raise ValueError("a column of a DataSet has a basic type")
    if len(dataset.columns) != len(dataset.types):
        raise ValueError(f"{len(dataset.columns)} columns have {len(dataset.types)} types")
    wire.num_of_columns = len(dataset.columns)
    wire.columns.extend(dataset.columns)
    wire.types.extend(dataset.types)
    for values in dataset.rows:
        row = wire.rows.add()
        for datatype, value in zip(dataset.types, values, strict=True):
            element = row.elements.add()
            if value is not None:
                _put_basic(element, datatype, value)


def _put_template(wire: Any, template: Template) -> None:
    if template.is_definition is (template.ref is not None):
        raise ValueError("a definition has no template_ref, and an instance must have one")
    wire.is_definition = template.is_definition  # tck-id-payloads-template-is-definition: always present
    if template.ref is not None:
        wire.template_ref = template.ref
    if template.version is not None:
        wire.version = template.version
    for metric in template.metrics:
        _put_metric(wire.metrics.add(), metric, True)
    for parameter in template.parameters:
        _put_parameter(wire.parameters.add(), parameter)


def _put_parameter(wire: Any, parameter: Parameter) -> None:
    wire.name, wire.type = parameter.name, parameter.type
    if parameter.value is not None:
        _put_basic(wire, parameter.type, parameter.value)

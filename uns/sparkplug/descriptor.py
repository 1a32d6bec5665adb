"""Which fields does a Sparkplug B payload have on the wire? (Sparkplug B 3.0, section 6.4)

The descriptor is made when this module is imported, so no generated code ties the protobuf version.

The field table is derived from the specification, whose licence asks for this notice:
Copyright (c) 2016-2022 Eclipse Foundation. This software or document includes material copied from or derived from the
Sparkplug Specification (https://www.eclipse.org/tahu/spec/sparkplug_spec.pdf).
"""

from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "org.eclipse.tahu.protobuf"

_SCALARS = {
    "uint32": FieldDescriptorProto.TYPE_UINT32,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}

# One line per field: number, type, name. `*` repeats the field, `|` puts it into the oneof "value". A type that is no
# protobuf scalar is a message of this table. Extension fields stay out: unknown fields are skipped anyway.
_MESSAGES = {
    "Payload": """
        1 uint64 timestamp
        2 *Payload.Metric metrics
        3 uint64 seq
        4 string uuid
        5 bytes body""",
    "Payload.Metric": """
        1 string name
        2 uint64 alias
        3 uint64 timestamp
        4 uint32 datatype
        5 bool is_historical
        6 bool is_transient
        7 bool is_null
        8 Payload.MetaData metadata
        9 Payload.PropertySet properties
        10 |uint32 int_value
        11 |uint64 long_value
        12 |float float_value
        13 |double double_value
        14 |bool boolean_value
        15 |string string_value
        16 |bytes bytes_value
        17 |Payload.DataSet dataset_value
        18 |Payload.Template template_value""",
    "Payload.MetaData": """
        1 bool is_multi_part
        2 string content_type
        3 uint64 size
        4 uint64 seq
        5 string file_name
        6 string file_type
        7 string md5
        8 string description""",
    "Payload.PropertySet": """
        1 *string keys
        2 *Payload.PropertyValue values""",
    "Payload.PropertySetList": """
        1 *Payload.PropertySet propertyset""",
    "Payload.PropertyValue": """
        1 uint32 type
        2 bool is_null
        3 |uint32 int_value
        4 |uint64 long_value
        5 |float float_value
        6 |double double_value
        7 |bool boolean_value
        8 |string string_value
        9 |Payload.PropertySet propertyset_value
        10 |Payload.PropertySetList propertysets_value""",
    "Payload.DataSet": """
        1 uint64 num_of_columns
        2 *string columns
        3 *uint32 types
        4 *Payload.DataSet.Row rows""",
    "Payload.DataSet.Row": """
        1 *Payload.DataSet.DataSetValue elements""",
    "Payload.DataSet.DataSetValue": """
        1 |uint32 int_value
        2 |uint64 long_value
        3 |float float_value
        4 |double double_value
        5 |bool boolean_value
        6 |string string_value""",
    "Payload.Template": """
        1 string version
        2 *Payload.Metric metrics
        3 *Payload.Template.Parameter parameters
        4 string template_ref
        5 bool is_definition""",
    "Payload.Template.Parameter": """
        1 string name
        2 uint32 type
        3 |uint32 int_value
        4 |uint64 long_value
        5 |float float_value
        6 |double double_value
        7 |bool boolean_value
        8 |string string_value""",
}


def _describe_field(message: DescriptorProto, line: str) -> None:
    number, kind, name = line.split()
    type_name = kind.lstrip("*|")
    field = message.field.add(name=name, number=int(number))
    repeated = kind.startswith("*")
    field.label = FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
    if type_name in _SCALARS:
        field.type = _SCALARS[type_name]
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{type_name}"
    if kind.startswith("|"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0


def _message_class() -> Any:
    """The protobuf class of `Payload`. A pool of its own, so that another copy of the schema may be loaded as well."""
    file = FileDescriptorProto(name="uns/sparkplug_b.proto", package=_PACKAGE, syntax="proto2")
    made: dict[str, DescriptorProto] = {}
    for path, table in _MESSAGES.items():
        parent, _, name = path.rpartition(".")
        made[path] = made[parent].nested_type.add(name=name) if parent else file.message_type.add(name=name)
        for line in table.strip().splitlines():
            _describe_field(made[path], line)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


WirePayload: Any = _message_class()


_BARE_METRIC_BYTES = 2


def _extras_class() -> Any:
    """The protobuf class that sees of a payload only the parts of metrics that are seldom there."""
    file = FileDescriptorProto(name="uns/sparkplug_b_extras.proto", package="uns", syntax="proto2")
    metric = file.message_type.add(name="Metric")
    for number, name in enumerate(("is_historical", "is_transient", "is_null"), 5):
        _describe_field(metric, f"{number} bool {name}")
    for number, name in enumerate(("metadata", "properties"), 8):
        _describe_field(metric, f"{number} bytes {name}")
    payload = file.message_type.add(name="Payload")
    payload.field.add(
        name="metrics",
        number=2,
        label=FieldDescriptorProto.LABEL_REPEATED,
        type=FieldDescriptorProto.TYPE_MESSAGE,
        type_name=".uns.Metric",
    )
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("uns.Payload"))


_Extras: Any = _extras_class()


def has_extras(data: bytes, metrics: int) -> bool:
    """Does any of a payload's metrics have flags, properties or metadata? Asking all at once costs a fifth of asking
    each metric for each of them, and most messages of data have none."""
    extras = _Extras.FromString(data)
    extras.DiscardUnknownFields()
    size: int = extras.ByteSize()
    return size != _BARE_METRIC_BYTES * metrics

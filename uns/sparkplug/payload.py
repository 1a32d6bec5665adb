"""What is in a Sparkplug B payload, seen from Python? (Sparkplug B 3.0, section 6.4)

Values by datatype: integers are int, exact over all 64 bits; Float and Double are float; Boolean is bool; String, Text
and UUID are str; DateTime is an int, UTC milliseconds since 1970; Bytes and File are bytes; arrays are lists of these;
DataSet and Template are the structs below; a PropertySet is a dict and a PropertySetList a list of dicts. None is null.
"""

from typing import Any

import msgspec

BD_SEQ = "bdSeq"
REBIRTH = "Node Control/Rebirth"


class Property(msgspec.Struct, frozen=True):
    """type: a `SparkplugType` number; value None is null."""

    type: int
    value: Any


Properties = dict[str, Property]


class MetaData(msgspec.Struct, frozen=True):
    """What a value is, beside its datatype (section 6.4.11): of a file its name, type and size in bytes, of one that
    comes in parts the number `seq` of this part. md5: of the whole content, as hexadecimal text."""

    is_multi_part: bool | None = None
    content_type: str | None = None
    size: int | None = None
    seq: int | None = None
    file_name: str | None = None
    file_type: str | None = None
    md5: str | None = None
    description: str | None = None


class Metric(msgspec.Struct):
    """One metric as it travels. In DATA and CMD name or alias may be missing, and the datatype usually is.

    datatype: a `SparkplugType` number, or None; then integers, arrays and DateTimes are as on the wire, see `typed`.
    timestamp_ms: UTC since 1970, or None when the metric has none. in_long: a UInt32 that travels in `long_value`, as
    the reference implementation has it, and not in `int_value`, as section 6.4.16 does.
    """

    name: str | None = None
    alias: int | None = None
    datatype: int | None = None
    value: Any = None
    timestamp_ms: int | None = None
    is_historical: bool = False
    is_transient: bool = False
    properties: Properties | None = None
    metadata: MetaData | None = None
    in_long: bool = False

    @property
    def is_null(self) -> bool:
        return self.value is None


class Payload(msgspec.Struct):
    """timestamp_ms: when it was sent, UTC since 1970; seq: 0 to 255, absent in NDEATH and commands."""

    timestamp_ms: int | None = None
    metrics: list[Metric] = []
    seq: int | None = None
    uuid: str | None = None
    body: bytes | None = None


class DataSet(msgspec.Struct, frozen=True):
    """A table: types holds one basic `SparkplugType` number per column, rows one value per column."""

    columns: list[str]
    types: list[int]
    rows: list[list[Any]]


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a template."""

    name: str
    type: int
    value: Any


class Template(msgspec.Struct, frozen=True):
    """A definition (in NBIRTH), or an instance that names its definition by `ref`."""

    metrics: list[Metric]
    parameters: list[Parameter] = []
    ref: str | None = None
    version: str | None = None
    is_definition: bool = False

"""How does an OPC UA value become a reading: datatype, value, quality, time? (OPC UA Part 4, 7.11; Part 6, 5.1)"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua

from uns.samples import DataType, Quality

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_GOOD_NO_DATA = ua.StatusCodes.GoodNoData

TYPES = {
    ua.VariantType.Boolean: DataType.BOOLEAN,
    ua.VariantType.SByte: DataType.INT8,
    ua.VariantType.Byte: DataType.UINT8,
    ua.VariantType.Int16: DataType.INT16,
    ua.VariantType.UInt16: DataType.UINT16,
    ua.VariantType.Int32: DataType.INT32,
    ua.VariantType.UInt32: DataType.UINT32,
    ua.VariantType.Int64: DataType.INT64,
    ua.VariantType.UInt64: DataType.UINT64,
    ua.VariantType.Float: DataType.FLOAT,
    ua.VariantType.Double: DataType.DOUBLE,
    ua.VariantType.String: DataType.STRING,
    ua.VariantType.DateTime: DataType.DATETIME,
    ua.VariantType.Guid: DataType.UUID,
    ua.VariantType.ByteString: DataType.BYTES,
    ua.VariantType.XmlElement: DataType.TEXT,
    ua.VariantType.LocalizedText: DataType.TEXT,
}
# A DataType node that is no built-in type, met when a node has no value yet.
_DERIVED = {
    ua.ObjectIds.Enumeration: DataType.INT32,
    ua.ObjectIds.Duration: DataType.DOUBLE,
    ua.ObjectIds.UtcTime: DataType.DATETIME,
}


def datatype_of_value(variant: ua.Variant | None) -> DataType | None:
    """The datatype of a scalar value; None for nothing, an array or a structure."""
    if variant is None or variant.Value is None or isinstance(variant.Value, list):
        return None
    return TYPES.get(variant.VariantType)


def datatype_of_node(node_id: Any) -> DataType | None:
    """The datatype that a variable's DataType attribute names; None when it is none of ours."""
    if not isinstance(node_id, ua.NodeId) or node_id.NamespaceIndex != 0 or not isinstance(node_id.Identifier, int):
        return None
    if node_id.Identifier <= ua.VariantType.LocalizedText:
        return TYPES.get(ua.VariantType(node_id.Identifier))
    return _DERIVED.get(node_id.Identifier)


def quality(status: int) -> Quality:
    """A StatusCode by its severity, the two highest bits."""
    if status == 0:
        return Quality.GOOD
    if status == _GOOD_NO_DATA:
        return Quality.GOOD_NO_DATA
    severity = status >> 30
    if severity == 0:
        return Quality.GOOD
    return Quality.UNCERTAIN if severity == 1 else Quality.BAD


def overflowed(status: int) -> bool:
    """The server's queue of this item ran over (Part 4, table 174: InfoType DataValue, bit Overflow)."""
    return status & 0x0C80 == 0x0480


def timestamp_ms(value: ua.DataValue) -> int | None:
    """The source's time, else the server's, rounded down; None when there is none."""
    moment = value.SourceTimestamp or value.ServerTimestamp
    if moment is None or moment.year < 1970:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    milliseconds: int = (moment - _EPOCH) // _MILLISECOND
    return milliseconds


def to_python(variant: ua.Variant | None) -> Any:
    """A scalar as the platform holds it: DateTime in ms since 1970, Guid as text, LocalizedText without its locale."""
    if variant is None or variant.Value is None:
        return None
    convert = _CONVERT.get(variant.VariantType)
    return variant.Value if convert is None else convert(variant.Value)


def to_variant(value: Any, like: ua.VariantType) -> ua.Variant:
    """The value to write to a node whose value has the type `like`; ValueError when it cannot be one."""
    if like in _INTEGERS:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise ValueError(f"{value!r} is not a whole number")
        low, high = _INTEGERS[like]
        if not low <= value <= high:
            raise ValueError(f"{value!r} is not between {low} and {high}")
        return ua.Variant(int(value), like)
    if like in (ua.VariantType.Float, ua.VariantType.Double):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not a number")
        return ua.Variant(float(value), like)
    if like is ua.VariantType.DateTime and isinstance(value, int):
        return ua.Variant(_EPOCH + value * _MILLISECOND, like)
    if like is ua.VariantType.LocalizedText and isinstance(value, str):
        return ua.Variant(ua.LocalizedText(value), like)
    expected = _PLAIN.get(like)
    if expected is None or not isinstance(value, expected):
        raise ValueError(f"{value!r} cannot be written as {like.name}")
    return ua.Variant(value, like)


def _datetime_ms(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MILLISECOND


_CONVERT: dict[ua.VariantType, Callable[[Any], Any]] = {
    ua.VariantType.DateTime: _datetime_ms,
    ua.VariantType.Guid: str,
    ua.VariantType.LocalizedText: lambda text: text.Text or "",
    ua.VariantType.XmlElement: lambda element: str(getattr(element, "Value", element)),
}
_PLAIN: dict[ua.VariantType, type] = {
    ua.VariantType.Boolean: bool,
    ua.VariantType.String: str,
    ua.VariantType.ByteString: bytes,
}
_INTEGERS = {
    getattr(ua.VariantType, prefix + name): bounds
    for name, bits in (("Byte", 8), ("Int16", 16), ("Int32", 32), ("Int64", 64))
    for prefix, bounds in (
        ("S" if name == "Byte" else "", (-(1 << bits - 1), (1 << bits - 1) - 1)),
        ("" if name == "Byte" else "U", (0, (1 << bits) - 1)),
    )
}

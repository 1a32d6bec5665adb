"""How does a value of each datatype stand on the wire? (Sparkplug B 3.0, section 6.4.16)

Reading is tolerant: signed integers arrive masked to their width or sign-extended to 32 or 64 bits. Writing is strict.
Small signed integers are written sign-extended to 32 bits, as the reference implementation does.
"""

import math
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from uns.samples import shortest
from uns.sparkplug import arrays


class SparkplugType(IntEnum):
    """Every datatype of a metric or property; `uns.samples.DataType` holds the scalar ones with the same numbers."""

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19
    PROPERTY_SET = 20
    PROPERTY_SET_LIST = 21
    INT8_ARRAY = 22
    INT16_ARRAY = 23
    INT32_ARRAY = 24
    INT64_ARRAY = 25
    UINT8_ARRAY = 26
    UINT16_ARRAY = 27
    UINT32_ARRAY = 28
    UINT64_ARRAY = 29
    FLOAT_ARRAY = 30
    DOUBLE_ARRAY = 31
    BOOLEAN_ARRAY = 32
    STRING_ARRAY = 33
    DATETIME_ARRAY = 34


Read = Callable[[Any], Any]
"""Wire value to Python value; raises ValueError when it cannot be one of this datatype."""

Write = Callable[[Any, Any], None]
"""Sets the field of a protobuf message that has the oneof `value`; raises ValueError when the value does not fit."""

_FLOAT_MAX = 3.4028234663852886e38


def _integer(bits: int, signed: bool) -> tuple[Read, Write]:
    full, half = 1 << bits, 1 << (bits - 1)
    low, high = (-half, half - 1) if signed else (0, full - 1)
    direct = half if signed else full
    field, mask = ("int_value", 0xFFFF_FFFF) if bits <= 32 else ("long_value", 0xFFFF_FFFF_FFFF_FFFF)

    def read(raw: Any) -> int:
        if type(raw) is not int:
            raise ValueError(f"expected an integer, found {raw!r}")
        if raw < direct:
            return raw
        if raw < full:
            return raw - full
        for extended in (1 << 32, 1 << 64):
            if extended - half <= raw < extended:
                return raw - extended if signed else raw & (full - 1)
        raise ValueError(f"{raw} is outside {low} to {high}")

    def write(message: Any, value: Any) -> None:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"expected an integer from {low} to {high}, found {value!r}")
        setattr(message, field, value & mask)

    return read, write


def _read_float(raw: Any) -> float:
    if type(raw) is float:
        return raw
    if type(raw) is int:
        return float(raw)
    raise ValueError(f"expected a number, found {raw!r}")


def _read_float32(raw: Any) -> float:
    return shortest(_read_float(raw))


def _write_float32(message: Any, value: Any) -> None:
    if type(value) not in (float, int) or (math.isfinite(value) and abs(value) > _FLOAT_MAX):
        raise ValueError(f"expected a 32-bit float, found {value!r}")
    message.float_value = value


def _write_double(message: Any, value: Any) -> None:
    if type(value) is not float and (type(value) is not int or abs(value) > 1 << 1023):
        raise ValueError(f"expected a number, found {value!r}")
    message.double_value = value


def _read_boolean(raw: Any) -> bool:
    if type(raw) is bool:
        return raw
    if type(raw) is int and raw in (0, 1):
        return raw == 1
    raise ValueError(f"expected a Boolean, found {raw!r}")


def _write_boolean(message: Any, value: Any) -> None:
    if type(value) is not bool:
        raise ValueError(f"expected a Boolean, found {value!r}")
    message.boolean_value = value


def _read_string(raw: Any) -> str:
    if type(raw) is str:
        return raw
    # The protobuf runtime hands over the bytes of a string field that is not UTF-8.
    raise ValueError(f"expected UTF-8 text, found {raw!r}")


def _write_string(message: Any, value: Any) -> None:
    if type(value) is not str:
        raise ValueError(f"expected text, found {value!r}")
    message.string_value = value  # a surrogate raises UnicodeEncodeError, which is a ValueError


def _read_bytes(raw: Any) -> bytes:
    if type(raw) is bytes:
        return raw
    raise ValueError(f"expected bytes, found {raw!r}")


def _write_bytes(message: Any, value: Any) -> None:
    if type(value) is not bytes:
        raise ValueError(f"expected bytes, found {value!r}")
    message.bytes_value = value


def _array(pack: arrays.Pack, unpack: arrays.Unpack) -> tuple[Read, Write]:
    def read(raw: Any) -> list[Any]:
        return unpack(_read_bytes(raw))

    def write(message: Any, value: Any) -> None:
        if not isinstance(value, list | tuple):
            raise ValueError(f"expected a list, found {value!r}")
        message.bytes_value = pack(value)

    return read, write


def _float32_array() -> tuple[Read, Write]:
    read, write = _array(*arrays.numbers("f"))
    return lambda raw: [shortest(value) for value in read(raw)], write


_T = SparkplugType
_TEXT = (_read_string, _write_string)
_CODECS: dict[SparkplugType, tuple[Read, Write]] = {
    _T.INT8: _integer(8, signed=True),
    _T.INT16: _integer(16, signed=True),
    _T.INT32: _integer(32, signed=True),
    _T.INT64: _integer(64, signed=True),
    _T.UINT8: _integer(8, signed=False),
    _T.UINT16: _integer(16, signed=False),
    _T.UINT32: _integer(32, signed=False),
    _T.UINT64: _integer(64, signed=False),
    _T.FLOAT: (_read_float32, _write_float32),
    _T.DOUBLE: (_read_float, _write_double),
    _T.BOOLEAN: (_read_boolean, _write_boolean),
    _T.STRING: _TEXT,
    _T.DATETIME: _integer(64, signed=False),
    _T.TEXT: _TEXT,
    _T.UUID: _TEXT,
    _T.BYTES: (_read_bytes, _write_bytes),
    _T.FILE: (_read_bytes, _write_bytes),
    _T.INT8_ARRAY: _array(*arrays.numbers("b")),
    _T.INT16_ARRAY: _array(*arrays.numbers("h")),
    _T.INT32_ARRAY: _array(*arrays.numbers("i")),
    _T.INT64_ARRAY: _array(*arrays.numbers("q")),
    _T.UINT8_ARRAY: _array(*arrays.numbers("B")),
    _T.UINT16_ARRAY: _array(*arrays.numbers("H")),
    _T.UINT32_ARRAY: _array(*arrays.numbers("I")),
    _T.UINT64_ARRAY: _array(*arrays.numbers("Q")),
    _T.FLOAT_ARRAY: _float32_array(),
    _T.DOUBLE_ARRAY: _array(*arrays.numbers("d")),
    _T.BOOLEAN_ARRAY: _array(arrays.pack_booleans, arrays.unpack_booleans),
    _T.STRING_ARRAY: _array(arrays.pack_strings, arrays.unpack_strings),
    _T.DATETIME_ARRAY: _array(*arrays.numbers("Q")),
}
READERS: dict[int, Read] = {int(datatype): codec[0] for datatype, codec in _CODECS.items()}
WRITERS: dict[int, Write] = {int(datatype): codec[1] for datatype, codec in _CODECS.items()}


_NAMES = {
    datatype: datatype.name.title().replace("_", "").replace("Uint", "UInt").replace("Datetime", "DateTime")
    for datatype in SparkplugType
} | {SparkplugType.DATASET: "DataSet", SparkplugType.UUID: "UUID"}


def name_of(datatype: int | None) -> str:
    """`Int16`, `DateTime`, … as the specification writes them; the number when it is none of them."""
    found = _NAMES.get(datatype or 0)  # type: ignore[call-overload]
    return found if found is not None else f"datatype {datatype}"

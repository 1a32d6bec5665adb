"""Golden registers: what each type and order looks like on the wire."""

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.registers import Register, decode, encode, parse_register
from uns.samples import DataType


def register(**keys: Any) -> Register:
    parsed, findings = parse_register(keys, "/devices/d/m")
    assert parsed is not None, findings
    return parsed


GOLDEN = [
    ({"type": "int16"}, [0xFFFE], -2, DataType.INT16),
    ({"type": "uint16"}, [0xFFFE], 65534, DataType.UINT16),
    ({}, [7], 7, DataType.UINT16),
    ({"type": "int16", "byte_order": "little"}, [0xFEFF], -2, DataType.INT16),
    ({"type": "int32"}, [0xF8A4, 0x32EB], -123456789, DataType.INT32),
    ({"type": "int32", "word_order": "little"}, [0x32EB, 0xF8A4], -123456789, DataType.INT32),
    ({"type": "uint32"}, [0xFFFF, 0xFFFE], 4294967294, DataType.UINT32),
    ({"type": "int64"}, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], -1, DataType.INT64),
    ({"type": "uint64"}, [0xFEDC, 0xBA98, 0x7654, 0x3210], 0xFEDCBA9876543210, DataType.UINT64),
    ({"type": "uint64", "word_order": "little"}, [0x3210, 0x7654, 0xBA98, 0xFEDC], 0xFEDCBA9876543210, DataType.UINT64),
    ({"type": "float32"}, [0x41AB, 0x8000], 21.4375, DataType.FLOAT),
    ({"type": "float32", "word_order": "little"}, [0x8000, 0x41AB], 21.4375, DataType.FLOAT),
    ({"type": "float32", "byte_order": "little"}, [0xAB41, 0x0080], 21.4375, DataType.FLOAT),
    ({"type": "float32", "byte_order": "little", "word_order": "little"}, [0x0080, 0xAB41], 21.4375, DataType.FLOAT),
    ({"type": "float32"}, [0x41AB, 0x3333], 21.4, DataType.FLOAT),
    ({"type": "float32", "scale": 0.1}, [0x41AB, 0x3333], 2.14, DataType.DOUBLE),
    ({"type": "float32", "scale": 1.8, "offset": 32}, [0x41AB, 0x3333], 70.52, DataType.DOUBLE),
    ({"type": "float64"}, [0x3FF8, 0, 0, 0], 1.5, DataType.DOUBLE),
    ({"type": "float64", "word_order": "little"}, [0, 0, 0, 0x3FF8], 1.5, DataType.DOUBLE),
    ({"type": "string(7)"}, [0x4649, 0x4C4C, 0x2D30, 0x3700], "FILL-07", DataType.STRING),
    ({"type": "string(4)", "byte_order": "little"}, [0x4946, 0x4C4C], "FILL", DataType.STRING),
    ({"scale": 0.1}, [3], 0.3, DataType.DOUBLE),
    ({"type": "int16", "scale": 0.01, "offset": -40}, [0xFFFF], -40.01, DataType.DOUBLE),
    ({"type": "uint16", "scale": 2.5}, [3], 7.5, DataType.DOUBLE),
    ({"type": "bool"}, [1], True, DataType.BOOLEAN),
]


@pytest.mark.parametrize(("keys", "words", "value", "datatype"), GOLDEN)
def test_golden_registers(keys: dict[str, Any], words: list[int], value: object, datatype: DataType) -> None:
    parsed = register(register="holding:100", **keys)
    assert parsed.count == len(words)
    assert parsed.datatype is datatype
    decoded = decode(parsed, words)
    assert decoded == value
    assert type(decoded) is type(value)
    assert encode(parsed, decoded) == words


@pytest.mark.parametrize(("bit", "value"), [(0, True), (1, False), (8, False), (15, True)])
def test_a_bit_counts_from_the_least_significant(bit: int, value: bool) -> None:
    assert decode(register(register="input:5", bit=bit), [0x8001]) is value


def test_a_bit_follows_the_byte_order() -> None:
    assert decode(register(register="input:5", bit=8, byte_order="little"), [0x0001]) is True


@pytest.mark.parametrize("table", ["coil", "discrete"])
def test_a_bit_table_gives_bools(table: str) -> None:
    parsed = register(register=f"{table}:3")
    assert (decode(parsed, [1]), decode(parsed, [0])) == (True, False)
    assert parsed.datatype is DataType.BOOLEAN


@given(
    st.floats(width=32, allow_nan=False),
    st.sampled_from(["big", "little"]),
    st.sampled_from(["big", "little"]),
)
def test_every_float_survives_in_every_order(value: float, bytes_: str, words: str) -> None:
    parsed = register(register="holding:0", type="float32", byte_order=bytes_, word_order=words)
    decoded = decode(parsed, encode(parsed, value))
    assert struct.pack("f", decoded) == struct.pack("f", value)


@pytest.mark.parametrize(
    ("keys", "value", "complaint"),
    [
        ({"type": "int16"}, 40000, "does not fit"),
        ({"type": "uint16"}, -1, "does not fit"),
        ({"type": "uint16"}, 1.5, "not a whole number"),
        ({"type": "uint16"}, "7", "not a number"),
        ({"type": "uint16"}, True, "not a number"),
        ({"scale": 0.1}, None, "not a number"),
        ({"type": "int32"}, float("nan"), "NaN"),
        ({"type": "int32"}, float("inf"), "does not fit"),
        ({"type": "bool"}, 1, "not true or false"),
        ({"type": "string(2)"}, "FILL", "longer than 2 bytes"),
        ({"type": "string(2)"}, 5, "not a string"),
        ({"bit": 3}, True, "neighbours"),
    ],
)
def test_what_does_not_fit_is_not_written(keys: dict[str, Any], value: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        encode(register(register="holding:1", **keys), value)


@pytest.mark.parametrize(
    ("keys", "id_", "where", "near"),
    [
        ({}, "source.missing_key", "/devices/d/m", ""),
        ({"register": "40101"}, "source.bad_register", "/devices/d/m/register", ""),
        ({"register": "holdng:1"}, "source.bad_register", "/devices/d/m/register", ""),
        ({"register": "holding:65536"}, "source.bad_register", "/devices/d/m/register", ""),
        ({"register": "holding:-1"}, "source.bad_register", "/devices/d/m/register", ""),
        ({"register": "holding:1", "typ": "int16"}, "source.unknown_key", "/devices/d/m/typ", "type"),
        ({"register": "holding:1", "type": "flot32"}, "source.bad_type", "/devices/d/m/type", "float32"),
        ({"register": "holding:65535", "type": "float32"}, "source.bad_type", "/devices/d/m/type", ""),
        ({"register": "holding:1", "type": "string(0)"}, "source.bad_type", "/devices/d/m/type", ""),
        ({"register": "coil:1", "type": "int16"}, "source.bad_type", "/devices/d/m/type", ""),
        ({"register": "coil:1", "bit": 2}, "source.bad_type", "/devices/d/m/bit", ""),
        ({"register": "holding:1", "bit": 16}, "source.bad_type", "/devices/d/m/bit", ""),
        ({"register": "holding:1", "scale": 0}, "source.bad_type", "/devices/d/m/scale", ""),
        ({"register": "holding:1", "scale": math.nan}, "source.bad_type", "/devices/d/m/scale", ""),
        ({"register": "holding:1", "scale": math.inf}, "source.bad_type", "/devices/d/m/scale", ""),
        ({"register": "holding:1", "offset": math.nan}, "source.bad_type", "/devices/d/m/offset", ""),
        ({"register": "coil:1", "scale": 2}, "source.bad_type", "/devices/d/m/scale", ""),
        ({"register": "holding:1", "word_order": "middle"}, "source.wrong_value", "/devices/d/m/word_order", ""),
        ({"register": "holding:1", "poll": "often"}, "source.wrong_value", "/devices/d/m/poll", ""),
    ],
)
def test_wrong_keys_are_named(keys: dict[str, Any], id_: str, where: str, near: str) -> None:
    parsed, findings = parse_register(keys, "/devices/d/m")
    assert parsed is None
    assert [(finding.id, finding.where, finding.nearest) for finding in findings] == [(id_, where, near)]
    assert findings[0].hint


def test_the_finding_shows_how_to_write_a_register() -> None:
    _, findings = parse_register({"register": "holdng:7"})
    assert "'holding:7'" in findings[0].what


@pytest.mark.parametrize(("words", "raw"), [([0x7FC0, 0], math.nan), ([0x7F80, 0], math.inf), ([0xFF80, 0], -math.inf)])
def test_what_is_no_number_stays_none_when_scaled(words: list[int], raw: float) -> None:
    scaled = decode(register(register="holding:0", type="float32", scale=0.1), words)
    assert scaled == raw or (math.isnan(raw) and isinstance(scaled, float) and math.isnan(scaled))

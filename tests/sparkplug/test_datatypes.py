"""Values on the wire, both ways."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.samples import DataType
from uns.sparkplug.datatypes import READERS, WRITERS, SparkplugType, name_of
from uns.sparkplug.descriptor import WirePayload

T = SparkplugType


def wire_metric():
    return WirePayload().metrics.add()


def through_the_wire(datatype, value):
    metric = wire_metric()
    WRITERS[datatype](metric, value)
    parsed = type(metric).FromString(metric.SerializeToString())
    return READERS[datatype](getattr(parsed, parsed.WhichOneof("value")))


def test_every_scalar_datatype_of_the_platform_has_the_number_of_sparkplug():
    assert {kind.name: int(kind) for kind in DataType}.items() <= {kind.name: int(kind) for kind in T}.items()


BOUNDS = {
    T.INT8: (-(2**7), 2**7 - 1),
    T.INT16: (-(2**15), 2**15 - 1),
    T.INT32: (-(2**31), 2**31 - 1),
    T.INT64: (-(2**63), 2**63 - 1),
    T.UINT8: (0, 2**8 - 1),
    T.UINT16: (0, 2**16 - 1),
    T.UINT32: (0, 2**32 - 1),
    T.UINT64: (0, 2**64 - 1),
    T.DATETIME: (0, 2**64 - 1),
}


@pytest.mark.parametrize("datatype", BOUNDS)
def test_integers_are_exact_at_their_bounds_and_refused_beyond(datatype):
    low, high = BOUNDS[datatype]
    for value in (low, low + 1, 0, high - 1, high):
        assert through_the_wire(datatype, value) == value
    for value in (low - 1, high + 1, True, 1.0, "1", None):
        with pytest.raises(ValueError, match="expected an integer"):
            WRITERS[datatype](wire_metric(), value)


@given(st.sampled_from(list(BOUNDS)).flatmap(lambda kind: st.tuples(st.just(kind), st.integers(*BOUNDS[kind]))))
def test_integers_round_trip(case):
    datatype, value = case
    assert through_the_wire(datatype, value) == value


SIGNED_FORMS = [  # (datatype, as sent, meaning): masked to the width, extended to 32 bits, extended to 64 bits
    (T.INT8, 0xFF, -1),
    (T.INT8, 0x80, -128),
    (T.INT8, 0xFFFF_FFFF, -1),
    (T.INT8, 0xFFFF_FFFF_FFFF_FFFF, -1),
    (T.INT16, 0xFFFE, -2),
    (T.INT16, 0xFFFF_FFFE, -2),
    (T.INT32, 0xFFFF_FFFF, -1),
    (T.INT32, 0xFFFF_FFFF_8000_0000, -(2**31)),
    (T.INT64, 0xFFFF_FFFF_FFFF_FFFF, -1),
    (T.UINT8, 0xFFFF_FFFF, 255),
    (T.UINT32, 0xFFFF_FFFF_8000_0000, 2**31),
]


@pytest.mark.parametrize(("datatype", "raw", "value"), SIGNED_FORMS)
def test_integers_are_read_masked_and_sign_extended(datatype, raw, value):
    assert READERS[datatype](raw) == value


@pytest.mark.parametrize(("datatype", "raw"), [(T.INT8, 300), (T.UINT8, 256), (T.INT16, 0x1_0000), (T.INT32, 2**40)])
def test_integers_that_are_neither_are_refused(datatype, raw):
    with pytest.raises(ValueError, match="outside"):
        READERS[datatype](raw)


WRONG_RAW = [
    (T.INT32, True),
    (T.INT32, "5"),
    (T.DOUBLE, "5"),
    (T.BOOLEAN, 2),
    (T.BOOLEAN, "true"),
    (T.STRING, b"\xff"),
    (T.STRING, 5),
    (T.BYTES, "text"),
    (T.INT32_ARRAY, b"\0\0\0"),
    (T.STRING_ARRAY, b"no end"),
    (T.STRING_ARRAY, b"\xff\0"),
    (T.BOOLEAN_ARRAY, b"\x09\0\0\0\xff"),
    (T.BOOLEAN_ARRAY, b"\x01"),
]


@pytest.mark.parametrize(("datatype", "raw"), WRONG_RAW)
def test_wrong_wire_values_are_refused(datatype, raw):
    with pytest.raises(ValueError):  # noqa: PT011 — each kind says it in its own words
        READERS[datatype](raw)


WRONG_VALUES = [
    (T.FLOAT, 1e39),
    (T.FLOAT, True),
    (T.DOUBLE, True),
    (T.DOUBLE, 10**400),
    (T.BOOLEAN, 1),
    (T.STRING, 1),
    (T.STRING, "\ud800"),
    (T.BYTES, "text"),
    (T.UINT8_ARRAY, [256]),
    (T.UINT8_ARRAY, 5),
    (T.BOOLEAN_ARRAY, [1]),
    (T.STRING_ARRAY, ["a\0b"]),
]


@pytest.mark.parametrize(("datatype", "value"), WRONG_VALUES)
def test_values_that_do_not_fit_are_not_written(datatype, value):
    with pytest.raises(ValueError):  # noqa: PT011
        WRITERS[datatype](wire_metric(), value)


@given(st.floats(width=32))
def test_float_is_the_same_32_bits_after_a_round_trip(value):
    read = through_the_wire(T.FLOAT, value)
    assert math.isnan(read) if math.isnan(value) else struct.pack("<f", read) == struct.pack("<f", value)


def test_float_reads_as_the_shortest_decimal():
    assert through_the_wire(T.FLOAT, 21.4) == 21.4


@given(st.floats())
def test_double_round_trips(value):
    read = through_the_wire(T.DOUBLE, value)
    assert math.isnan(read) if math.isnan(value) else read == value


@pytest.mark.parametrize("raw", [True, 1])
def test_boolean_is_also_read_from_an_integer(raw):
    assert READERS[T.BOOLEAN](raw) is True


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_round_trips(value):
    assert through_the_wire(T.STRING, value) == value


ARRAYS = {
    T.INT8_ARRAY: ([-23, 123], "e97b"),
    T.INT16_ARRAY: ([-30000, 30000], "d08a3075"),
    T.INT32_ARRAY: ([-1, 315338746], "fffffffffaafcb12"),
    T.INT64_ARRAY: ([-2, 1], "feffffffffffffff0100000000000000"),
    T.UINT8_ARRAY: ([23, 250], "17fa"),
    T.UINT16_ARRAY: ([30, 52360], "1e0088cc"),
    T.UINT32_ARRAY: ([52, 0xFFFEFDFC], "34000000fcfdfeff"),
    T.UINT64_ARRAY: ([2**64 - 2], "feffffffffffffff"),
    T.FLOAT_ARRAY: ([1.23, 89.341], "a4709d3f98aeb242"),
    T.DOUBLE_ARRAY: ([1.0, -2.5], "000000000000f03f00000000000004c0"),
    T.BOOLEAN_ARRAY: ([False, False, True, True, False, True, False, False, True, True, False, True], "0c00000034d0"),
    T.STRING_ARRAY: (["ABC", "hello", ""], "4142430068656c6c6f0000"),
    T.DATETIME_ARRAY: ([1256102875335], "c7d0907524010000"),
}


@pytest.mark.parametrize("datatype", ARRAYS)
def test_arrays_are_packed_little_endian(datatype):
    values, packed = ARRAYS[datatype]
    metric = wire_metric()
    WRITERS[datatype](metric, values)
    assert metric.bytes_value.hex() == packed
    assert READERS[datatype](metric.bytes_value) == values
    assert READERS[datatype](b"\0\0\0\0" if datatype == T.BOOLEAN_ARRAY else b"") == []


@given(st.lists(st.booleans()))
def test_boolean_arrays_round_trip(values):
    assert through_the_wire(T.BOOLEAN_ARRAY, values) == values


def test_names_for_people():
    assert [name_of(each) for each in (T.INT16, T.BOOLEAN_ARRAY, 99, None)] == [
        "Int16",
        "BooleanArray",
        "datatype 99",
        "Unknown",
    ]

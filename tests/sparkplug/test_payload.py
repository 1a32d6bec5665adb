"""Payloads byte by byte, there and back, and what the decoder makes of broken ones."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.errors import UnsError
from uns.samples import shortest
from uns.sparkplug.compressed import MAX_BYTES, deflate
from uns.sparkplug.datatypes import SparkplugType as T
from uns.sparkplug.decode import decode, to_ms, typed
from uns.sparkplug.descriptor import WirePayload
from uns.sparkplug.encode import encode, fault
from uns.sparkplug.payload import DataSet, MetaData, Metric, Parameter, Payload, Property, Template

GOLDEN = [  # (payload, its bytes written out field by field from section 6.4)
    (Payload(), ""),
    (Payload(1, seq=0), "0801 1800"),
    (Payload(1, [Metric(alias=2, datatype=T.INT8, value=-1, timestamp_ms=3)], 4),
     "0801 120c 1002 1803 2001 50ffffffff0f 1804"),
    (Payload(None, [Metric("ab", 0, T.DOUBLE, 1.0)], 255), "1211 0a026162 1000 200a 69000000000000f03f 18ff01"),
    (Payload(None, [Metric("b", None, T.BOOLEAN, True)]), "1207 0a0162 200b 7001"),
    (Payload(None, [Metric("s", None, T.STRING, "é")]), "1209 0a0173 200c 7a02c3a9"),
    (Payload(None, [Metric("y", None, T.BYTES, b"\x00\xff")]), "120a 0a0179 2011 82010200ff"),
    (Payload(None, [Metric("f", None, T.FLOAT, 1.0)]), "120a 0a0166 2009 650000803f"),
    (Payload(None, [Metric("u", None, T.UINT64, 2**64 - 1)]), "1210 0a0175 2008 58ffffffffffffffffff01"),
    (Payload(None, [Metric("n", None, T.INT32, None)]), "1207 0a016e 2003 3801"),
    (Payload(None, [Metric("h", None, T.BOOLEAN, False, is_historical=True, is_transient=True)]),
     "120b 0a0168 200b 2801 3001 7000"),
    (Payload(None, [Metric("q", None, T.BOOLEAN, True, properties={"Quality": Property(T.INT32, 500)})]),
     "1219 0a0171 200b 4a10 0a075175616c697479 1205 0803 18f403 7001"),
    (Payload(None, [], None, "u", b"\x01"), "220175 2a0101"),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "hexed"), GOLDEN)
def test_golden_bytes(payload, hexed):
    data = bytes.fromhex(hexed)
    assert encode(payload) == data
    assert decode(data) == (payload, [])


def test_data_messages_leave_the_datatype_out():
    data = encode(Payload(1, [Metric(alias=2, datatype=T.INT8, value=-1)], 4), datatypes=False)
    assert data == bytes.fromhex("0801 1208 1002 50ffffffff0f 1804")
    payload, _ = decode(data)
    assert payload.metrics[0].datatype is None
    assert typed(payload.metrics[0].value, T.INT8) == -1


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
basic = st.one_of(
    st.tuples(st.just(T.INT8), st.integers(-128, 127)),
    st.tuples(st.just(T.INT64), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(T.UINT64), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(T.DOUBLE), st.floats(allow_nan=False)),
    st.tuples(st.just(T.BOOLEAN), st.booleans()),
    st.tuples(st.just(T.STRING), texts),
    st.tuples(st.just(T.UUID), st.uuids().map(str)),
    st.tuples(st.just(T.INT16), st.none()),
)
properties = st.dictionaries(texts, basic.map(lambda pair: Property(*pair)), min_size=1, max_size=3)
nested = st.dictionaries(texts, properties.map(lambda inner: Property(T.PROPERTY_SET, inner)), min_size=1, max_size=2)
datasets = st.lists(st.tuples(st.just(T.INT32), st.integers(-5, 5)), min_size=1, max_size=3).map(
    lambda cells: DataSet(
        [f"c{i}" for i in range(len(cells))], [int(kind) for kind, _ in cells], [[v for _, v in cells]]
    )
)
finite = st.floats(allow_nan=False)
small = st.floats(width=32, allow_nan=False)
INTEGERS = {  # datatype: (its array's, bits, signed)
    T.INT8: (T.INT8_ARRAY, 8, True),
    T.INT16: (T.INT16_ARRAY, 16, True),
    T.INT32: (T.INT32_ARRAY, 32, True),
    T.INT64: (T.INT64_ARRAY, 64, True),
    T.UINT8: (T.UINT8_ARRAY, 8, False),
    T.UINT16: (T.UINT16_ARRAY, 16, False),
    T.UINT32: (T.UINT32_ARRAY, 32, False),
    T.UINT64: (T.UINT64_ARRAY, 64, False),
    T.DATETIME: (T.DATETIME_ARRAY, 64, False),
}


def of(kind, values):
    return st.tuples(st.just(kind), values)


def lists(kind, values):
    return of(kind, st.lists(values, max_size=9))


def whole(bits, signed):
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


members = st.lists(st.builds(Metric, texts, st.none(), st.just(int(T.INT64)), whole(64, True)), max_size=2)
parameters = st.lists(st.builds(Parameter, texts, st.just(int(T.STRING)), texts), max_size=2)
templates = st.one_of(
    st.builds(Template, members, parameters, st.none(), st.none() | texts, st.just(True)),
    st.builds(Template, members, parameters, texts, st.none() | texts, st.just(False)),
)
anything = st.one_of(
    basic,
    *(of(kind, whole(bits, signed)) for kind, (_, bits, signed) in INTEGERS.items()),
    *(lists(array, whole(bits, signed)) for array, bits, signed in INTEGERS.values()),
    of(T.TEXT, texts),
    of(T.FLOAT, small.map(shortest)),
    of(T.BYTES, st.binary(max_size=8)),
    of(T.FILE, st.binary(max_size=8)),
    lists(T.FLOAT_ARRAY, small.map(shortest)),
    lists(T.DOUBLE_ARRAY, finite),
    lists(T.BOOLEAN_ARRAY, st.booleans()),
    lists(T.STRING_ARRAY, texts.filter(lambda text: "\0" not in text)),
    of(T.DATASET, datasets),
    of(T.TEMPLATE, templates),
)
metadata = st.builds(
    MetaData,
    st.none() | st.booleans(),
    st.none() | texts,
    st.none() | whole(64, False),
    st.none() | whole(64, False),
    st.none() | texts,
)


@st.composite
def metrics(draw):
    datatype, value = draw(anything)
    return Metric(
        draw(texts),
        draw(st.none() | st.integers(0, 2**64 - 1)),
        int(datatype),
        value,
        draw(st.none() | st.integers(10**12, 10**13)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.none() | properties | nested),
        draw(st.none() | metadata),
    )


@given(st.builds(Payload, st.none() | st.integers(10**12, 10**13), st.lists(metrics(), max_size=4),
                 st.none() | st.integers(0, 255), st.none() | texts, st.none() | st.binary(max_size=5)))  # fmt: skip
def test_payloads_round_trip(payload):
    assert decode(encode(payload)) == (payload, [])


def test_templates_round_trip():
    definition = Template(
        [Metric("speed", None, T.DOUBLE, None)], [Parameter("maker", T.STRING, "acme")], None, "1.0", True
    )
    instance = Template([Metric("speed", None, T.DOUBLE, 5.0)], ref="motor")
    payload = Payload(None, [Metric("motor", 1, T.TEMPLATE, definition), Metric("m1", 2, T.TEMPLATE, instance)])
    assert decode(encode(payload)) == (payload, [])


def test_property_set_lists_round_trip():
    sets = Property(T.PROPERTY_SET_LIST, [{"low": Property(T.INT32, 1)}, {"low": Property(T.INT32, None)}])
    payload = Payload(None, [Metric("x", None, T.INT32, 1, properties={"limits": sets})])
    assert decode(encode(payload)) == (payload, [])


MISFITS = [
    Metric("x", None, T.INT8, 300),
    Metric("x", None, T.BOOLEAN, 1),
    Metric("x", None, None, 1),
    Metric("x", None, 99, 1),
    Metric("x", None, T.DATASET, 5),
    Metric("x", None, T.DATASET, DataSet(["a", "b"], [T.INT8], [])),
    Metric("x", None, T.DATASET, DataSet(["a"], [T.INT8], [[1, 2]])),
    Metric("x", None, T.DATASET, DataSet(["a"], [T.BYTES], [[b""]])),
    Metric("x", None, T.INT8, 1, properties={"p": Property(T.BYTES, b"")}),
    Metric("x", None, T.TEMPLATE, Template([], [Parameter("p", T.INT8, "no")])),
    Metric("x", 2**64, T.INT8, 1),
    Metric("x", None, T.INT8, 1, timestamp_ms=-1),
]


@pytest.mark.parametrize("metric", MISFITS)
def test_the_encoder_refuses_what_does_not_fit_and_names_the_metric(metric):
    with pytest.raises(UnsError, match=r"sparkplug\.datatype: Metric 'x'") as raised:
        encode(Payload(1, [metric]))
    assert fault(metric) == raised.value.finding


def test_one_wrong_metric_costs_only_itself():
    wire = WirePayload(timestamp=1, seq=7)
    wire.metrics.add(name="good", datatype=T.INT32, int_value=1)
    wire.metrics.add(name="bad", datatype=T.INT32, string_value="1")
    wire.metrics.add(name="unknown type", datatype=77, int_value=1)
    wire.metrics.add(name="also good", datatype=T.STRING, string_value="x")
    ragged = wire.metrics.add(name="ragged", datatype=T.DATASET)
    ragged.dataset_value.columns.append("a")
    payload, findings = decode(wire.SerializeToString())
    assert [metric.name for metric in payload.metrics] == ["good", "also good"]
    assert payload.seq == 7
    assert [(each.id, each.where) for each in findings] == [("sparkplug.datatype", f"/metrics/{i}") for i in (1, 2, 4)]
    assert "'bad' (Int32): expected an integer, found '1'" in findings[0].what


def test_a_name_that_is_no_utf8_costs_its_metric():
    payload, [finding] = decode(bytes.fromhex("1206 0a02fffe 3801 1203 0a0161"))
    assert [metric.name for metric in payload.metrics] == ["a"]
    assert finding.id == "sparkplug.datatype"


GOOD = encode(Payload(1_790_000_000_000, [Metric("temperature", 1, T.DOUBLE, 21.4)], 3))


@pytest.mark.parametrize("length", [1, 5, 9, 12, len(GOOD) - 1])
def test_a_truncated_payload_is_a_finding(length):
    payload, [finding] = decode(GOOD[:length])
    assert payload is None
    assert finding.id == "sparkplug.payload"
    assert f"{length} bytes" in finding.what


def compressed(body, algorithm=None, seq=9):
    metrics_ = [] if algorithm is None else [Metric("algorithm", None, T.STRING, algorithm)]
    return encode(Payload(2, metrics_, seq, "SPBV1.0_COMPRESSED", body))


@pytest.mark.parametrize(
    ("algorithm", "body"),
    [(None, zlib.compress(GOOD)), ("DEFLATE", zlib.compress(GOOD)), ("GZIP", gzip.compress(GOOD))],
)
def test_compressed_payloads_are_opened_and_keep_their_seq(algorithm, body):
    payload, findings = decode(compressed(body, algorithm))
    assert findings == []
    assert payload == Payload(1_790_000_000_000, decode(GOOD)[0].metrics, 9)
    assert decode(compressed(body, algorithm, seq=None))[0].seq == 3


BROKEN = [
    ("LZ4", GOOD, "unknown algorithm 'LZ4'"),
    (None, GOOD, "cannot be opened"),
    (None, zlib.compress(GOOD)[:-4], "cut off"),
    ("GZIP", gzip.compress(bytes(MAX_BYTES + 1)), "larger than"),
    (None, b"", "cut off"),
]


@pytest.mark.parametrize(("algorithm", "body", "what"), BROKEN, ids=[each[2] for each in BROKEN])
def test_what_cannot_be_opened_is_a_finding(algorithm, body, what):
    payload, [finding] = decode(compressed(body, algorithm))
    assert payload is None
    assert finding.id == "sparkplug.payload"
    assert what in finding.what


@given(st.binary(max_size=60))
def test_no_bytes_raise(data):
    payload, findings = decode(data)
    assert payload is not None or findings[0].id == "sparkplug.payload"


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_no_flipped_byte_raises(index, byte):
    payload, findings = decode(GOOD[:index] + bytes([byte]) + GOOD[index + 1 :])
    assert payload is not None or findings


@pytest.mark.parametrize(
    ("sent", "ms"),
    [
        (1_790_000_000, 1_790_000_000_000),
        (1_790_000_000_123, 1_790_000_000_123),
        (1_790_000_000_123_999, 1_790_000_000_123),
        (1_790_000_000_123_999_999, 1_790_000_000_123),
        (7, 7),
    ],
)
def test_timestamps_come_in_every_unit_and_are_never_rounded_up(sent, ms):
    assert to_ms(sent) == ms


@pytest.mark.parametrize("algorithm", ["DEFLATE", "GZIP"])
def test_what_is_compressed_here_opens_as_what_it_was(algorithm):
    payload = decode(GOOD)[0]
    outer = deflate(GOOD, payload, algorithm)
    assert decode(encode(outer)) == (payload, [])


@pytest.mark.parametrize("extra", [{"is_historical": True}, {"is_transient": True}, {"metadata": MetaData(size=0)}])
def test_one_metric_with_extras_among_many_is_seen(extra):
    metrics_ = [Metric(None, alias, T.INT32, alias) for alias in range(50)]
    metrics_[37] = Metric(None, 37, T.INT32, 37, **extra)
    assert decode(encode(Payload(None, metrics_))) == (Payload(None, metrics_), [])

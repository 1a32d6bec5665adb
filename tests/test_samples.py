"""Samples and their JSON: exact values, exact times, and what is no sample."""

import math
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.samples import (
    Quality,
    Sample,
    aged,
    decode_sample,
    encode_sample,
    format_timestamp,
    outdated,
    parse_timestamp,
    shortest,
)

NOW_MS = 1_790_000_000_123
YEAR_9999_MS = 253_402_300_799_999


@given(st.integers(0, YEAR_9999_MS))
def test_times_come_back_to_the_millisecond(timestamp_ms: int) -> None:
    assert parse_timestamp(format_timestamp(timestamp_ms)) == timestamp_ms


@pytest.mark.parametrize(
    ("text", "timestamp_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-22T12:00:00.123Z", 1_795_348_800_123),
        ("2026-11-22T13:00:00.123+01:00", 1_795_348_800_123),
        ("2026-11-22T12:00:00.123999Z", 1_795_348_800_123),  # never rounded up into the future
    ],
)
def test_parse_timestamp(text: str, timestamp_ms: int) -> None:
    assert parse_timestamp(text) == timestamp_ms


@pytest.mark.parametrize("text", ["", "now", "2026-11-22T12:00:00", "2026-13-01T00:00:00Z"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the message is the standard library's
        parse_timestamp(text)


@given(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text()),
    st.sampled_from(Quality),
    st.integers(0, YEAR_9999_MS),
)
def test_samples_come_back_exactly(value: object, quality: Quality, timestamp_ms: int) -> None:
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return
    sample = Sample(value, quality, timestamp_ms)
    decoded = decode_sample(encode_sample(sample), NOW_MS)
    assert decoded == sample
    assert type(decoded.value) is type(value)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"21.5", Sample(21.5, Quality.GOOD, NOW_MS)),
        (b'"007"', Sample("007", Quality.GOOD, NOW_MS)),
        (b'{"value": 1}', Sample(1, Quality.GOOD, NOW_MS)),
        (b'{"value": null, "quality": "Bad"}', Sample(None, Quality.BAD, NOW_MS)),
        (b'{"value": 1, "timestamp": "1970-01-01T00:00:01Z"}', Sample(1, Quality.GOOD, 1000)),
        (b'{"value": 1, "timestamp": "yesterday"}', None),
        (b'{"value": 1, "timestamp": 5}', None),
        (b'{"value": 1, "quality": "Great"}', None),
        (b'{"value": 1, "quality": []}', None),
        (b'{"other": 1}', None),
        (b"[1]", None),
        (b"hello", None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_decode(payload: bytes, expected: Sample | None) -> None:
    assert decode_sample(payload, NOW_MS) == expected


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.binary(),
        st.lists(st.integers(-5, 5)),
        st.dictionaries(st.sampled_from("ab"), st.integers(-5, 5)),
    ),
    st.sampled_from(Quality),
    st.integers(-YEAR_9999_MS // 10, YEAR_9999_MS),
)
def test_a_payload_is_the_json_of_its_three_members(value: object, quality: Quality, timestamp_ms: int) -> None:
    members = {"value": value, "quality": quality, "timestamp": format_timestamp(timestamp_ms)}
    assert encode_sample(Sample(value, quality, timestamp_ms)) == msgspec.json.encode(members)


def test_a_payload() -> None:
    payload = encode_sample(Sample(21.4, Quality.GOOD, NOW_MS))
    assert payload == b'{"value":21.4,"quality":"Good","timestamp":"2026-09-21T14:13:20.123Z"}'


@pytest.mark.parametrize(
    ("quality", "unheard_ms", "max_age_ms", "expected"),
    [
        (Quality.GOOD, 5000, 5000, Quality.GOOD),
        (Quality.GOOD, 5001, 5000, Quality.UNCERTAIN),
        (Quality.GOOD, 10**12, None, Quality.GOOD),
        (Quality.GOOD, -5001, 5000, Quality.GOOD),
        (Quality.BAD, 5001, 5000, Quality.BAD),
        (Quality.GOOD_NO_DATA, 5001, 5000, Quality.GOOD_NO_DATA),
    ],
)
def test_a_good_value_not_heard_for_too_long_is_uncertain(
    quality: Quality, unheard_ms: int, max_age_ms: int | None, expected: Quality
) -> None:
    assert aged(quality, NOW_MS - unheard_ms, max_age_ms, NOW_MS) is expected
    assert outdated(NOW_MS - unheard_ms, max_age_ms, NOW_MS) is (unheard_ms > 5000 and max_age_ms is not None)


@given(st.floats(width=32))
def test_the_shortest_decimal_is_the_same_32_bit_float(value: float) -> None:
    found = shortest(value)
    assert math.isnan(found) if math.isnan(value) else struct.pack("<f", found) == struct.pack("<f", value)


@pytest.mark.parametrize("value", [0.1, 21.4, -273.15, 16777216.0, 3.4028234663852886e38, 1e300, -math.inf])
def test_the_shortest_decimal(value: float) -> None:
    is_float32 = abs(value) < 3.5e38
    assert shortest(struct.unpack("<f", struct.pack("<f", value))[0] if is_float32 else value) == value

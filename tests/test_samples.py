"""Samples and their JSON: exact values, exact times, and what is no sample."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.samples import Quality, Sample, decode_sample, encode_sample, format_timestamp, parse_timestamp

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

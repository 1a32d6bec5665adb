"""A sample: one value with its quality and source time, and the JSON it is published as.

The JSON is the value-quality-timestamp object of i3X 1.0, one per ISA-95 topic:
`{"value": 21.4, "quality": "Good", "timestamp": "2026-11-22T12:00:00.123Z"}`.
"""

from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any

import msgspec


class Quality(StrEnum):
    """How far a value can be trusted (i3X 1.0, section 5). Bad and GoodNoData carry no value."""

    GOOD = "Good"
    UNCERTAIN = "Uncertain"
    BAD = "Bad"
    GOOD_NO_DATA = "GoodNoData"


class DataType(IntEnum):
    """The scalar types a point can have; the numbers are Sparkplug B 3.0's (section 6.4.16)."""

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
    BYTES = 17


class Sample(msgspec.Struct, frozen=True):
    """value: a JSON value or bytes, None when there is none; timestamp_ms: source time, UTC since 1970."""

    value: Any
    quality: Quality
    timestamp_ms: int


_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_QUALITIES = {quality.value: quality for quality in Quality}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_timestamp(timestamp_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`."""
    seconds, ms = divmod(timestamp_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def parse_timestamp(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time; ValueError when it is none or names no offset."""
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise ValueError(f"'{text}' is no RFC 3339 time") from error
    if moment.tzinfo is None:
        raise ValueError(f"'{text}' names no UTC offset; end it with Z")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def encode_sample(sample: Sample) -> bytes:
    """The JSON payload of a sample."""
    return _encode(
        {"value": sample.value, "quality": sample.quality, "timestamp": format_timestamp(sample.timestamp_ms)}
    )


def decode_sample(payload: bytes, received_ms: int) -> Sample | None:
    """The sample in a payload, or None when it carries none.

    Accepts the value-quality-timestamp object and a bare JSON scalar; what is missing is Good, at `received_ms`.
    """
    try:
        document = _decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None if isinstance(document, list) else Sample(document, Quality.GOOD, received_ms)
    if "value" not in document:
        return None
    stated = document.get("quality", "Good")
    quality = _QUALITIES.get(stated) if isinstance(stated, str) else None
    if quality is None:
        return None
    try:
        timestamp = document.get("timestamp")
        timestamp_ms = received_ms if timestamp is None else parse_timestamp(timestamp)
    except (ValueError, TypeError):
        return None
    return Sample(document["value"], quality, timestamp_ms)

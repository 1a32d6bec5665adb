"""A sample: one value with its quality and source time, and the JSON it is published as.

The JSON is the value-quality-timestamp object of i3X 1.0, one per ISA-95 topic:
`{"value": 21.4, "quality": "Good", "timestamp": "2026-11-22T12:00:00.123Z"}`.
"""

import math
import struct
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from functools import lru_cache
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
_MIDDLE = {quality: f',"quality":"{quality.value}","timestamp":"'.encode() for quality in Quality}
_MILLISECONDS = [f'.{ms:03d}Z"}}'.encode() for ms in range(1000)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_float32 = struct.Struct(">f")
_FLOAT32_MAX = 3.4028234663852886e38


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


@lru_cache(maxsize=1024)
def _second(seconds: int) -> bytes:
    return format_timestamp(seconds * 1000)[:-5].encode()


@lru_cache(maxsize=1024)
def _end(timestamp_ms: int) -> bytes:
    seconds, ms = divmod(timestamp_ms, 1000)
    return _second(seconds) + _MILLISECONDS[ms]


def encode_sample(sample: Sample) -> bytes:
    """The JSON payload of a sample; bytes become base64 text. Made from parts, since what changes rarely is kept: the
    values of one message mostly have one time."""
    return b'{"value":' + _encode(sample.value) + _MIDDLE[sample.quality] + _end(sample.timestamp_ms)


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


def outdated(heard_ms: int, max_age_ms: int | None, now_ms: int) -> bool:
    """Has a value not been heard for longer than `max_age_ms` (None: it may get as old as it likes)?

    heard_ms: when the platform last heard it, which is not its source time: a constant keeps its source time for ever,
    and its source says all along that it still holds.
    """
    return max_age_ms is not None and now_ms - heard_ms > max_age_ms


def aged(quality: Quality, heard_ms: int, max_age_ms: int | None, now_ms: int) -> Quality:
    """The quality of a value at `now_ms`: a Good one that is `outdated` is Uncertain."""
    if quality is Quality.GOOD and outdated(heard_ms, max_age_ms, now_ms):
        return Quality.UNCERTAIN
    return quality


def shortest(value: float) -> float:
    """The double with the fewest digits that is the same 32-bit float: 21.4 rather than 21.399999618530273."""
    if not math.isfinite(value) or abs(value) > _FLOAT32_MAX:
        return value
    for form in ("%.6g", "%.7g", "%.8g"):
        candidate = float(form % value)
        if abs(candidate) <= _FLOAT32_MAX and _float32.unpack(_float32.pack(candidate))[0] == value:
            return candidate
    return value

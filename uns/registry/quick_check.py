"""Judges one payload with one typed decode; what is unusual about it goes to the diagnosis, which alone finds fault.

Called for each message, so it stands apart from what compiles a contract, and can itself be compiled (setup.py).
"""

from collections.abc import Callable
from datetime import UTC
from typing import Any, Final

import msgspec

from uns.errors import Finding

Check = Callable[[bytes], Finding | None]
Decode = Callable[[bytes], Any]
_UNSET: Final = msgspec.UNSET
_UTC: Final = UTC
_FAULTS: Final = (msgspec.DecodeError, ValueError)


def _may_repeat(payload: bytes, sample: Any, at: Any, quotes: int) -> bool:
    """May a member stand twice in the payload? The decoder keeps the last one, and a consumer perhaps the first.

    A member brings a fixed number of quotation marks (quotes: those around a value), so to count them is exact but for
    values that hold some themselves. In a short payload there is no room for another member, and nothing to count.
    """
    room = 21  # {"value":1,"value":1}
    quotes += 2
    if sample.quality is not _UNSET:
        room += 17  # ,"quality":"Good"
        quotes += 4
    if at is not _UNSET:
        room += 35  # ,"timestamp":"2026-11-22T12:00:00Z"
        quotes += 4
    return len(payload) >= room and payload.count(b'"') != quotes


class SampleCheck:
    """The value-quality-timestamp object, no member twice: the timestamp, when there is one, must be UTC.

    quotes: how many quotation marks stand around a value.
    """

    __slots__ = ("_decode", "_diagnose", "_quotes")

    def __init__(self, decode: Decode, diagnose: Check, quotes: int) -> None:
        self._decode = decode
        self._diagnose = diagnose
        self._quotes = quotes

    def check(self, payload: bytes) -> Finding | None:
        try:
            sample = self._decode(payload)
        except _FAULTS:
            return self._diagnose(payload)
        at = sample.timestamp
        good = (at is _UNSET or at.tzinfo is _UTC) and not _may_repeat(payload, sample, at, self._quotes)
        return None if good else self._diagnose(payload)


class TimeSampleCheck:
    """The same, where the value is a time, which must be UTC too."""

    __slots__ = ("_decode", "_diagnose")

    def __init__(self, decode: Decode, diagnose: Check) -> None:
        self._decode = decode
        self._diagnose = diagnose

    def check(self, payload: bytes) -> Finding | None:
        try:
            sample = self._decode(payload)
        except _FAULTS:
            return self._diagnose(payload)
        at = sample.timestamp
        good = sample.value.tzinfo is _UTC and (at is _UNSET or at.tzinfo is _UTC)
        good = good and not _may_repeat(payload, sample, at, 2)
        return None if good else self._diagnose(payload)


class BareCheck:
    """A bare scalar, or else what `check_object` judges. is_time: the scalar is a time, which must be UTC."""

    __slots__ = ("_check_object", "_decode", "_is_time")

    def __init__(self, check_object: Check, decode: Decode, is_time: bool) -> None:
        self._check_object = check_object
        self._decode = decode
        self._is_time = is_time

    def check(self, payload: bytes) -> Finding | None:
        if payload[:1] == b"{":
            return self._check_object(payload)
        try:
            value = self._decode(payload)
        except _FAULTS:
            return self._check_object(payload)
        return None if not self._is_time or value.tzinfo is _UTC else self._check_object(payload)

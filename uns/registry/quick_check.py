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


class SampleCheck:
    """The value-quality-timestamp object: the timestamp, when there is one, must be UTC."""

    __slots__ = ("_decode", "_diagnose")

    def __init__(self, decode: Decode, diagnose: Check) -> None:
        self._decode = decode
        self._diagnose = diagnose

    def check(self, payload: bytes) -> Finding | None:
        try:
            at = self._decode(payload).timestamp
        except _FAULTS:
            return self._diagnose(payload)
        return None if at is _UNSET or at.tzinfo is _UTC else self._diagnose(payload)


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

"""What was seen on one topic: shapes, types, range, words, and how often; the payloads themselves are not kept."""

from typing import Any

import msgspec

from uns.policy.learn.gaps import Gaps
from uns.policy.learn.shape import Room, Shape
from uns.policy.observed import type_of
from uns.registry import Attribute, AttributeType, compile_check
from uns.registry.attribute import INT64_MAX, INT64_MIN
from uns.registry.quick_check import Check

MAX_WORDS = 32
MAX_WORD = 64
"""Characters; a longer text is prose, and no word of an enum."""
_WORD_BYTES = 160

_SCALARS = (
    *(AttributeType.NUMBER, AttributeType.INTEGER, AttributeType.BOOLEAN),
    *(AttributeType.STRING, AttributeType.DATETIME),
)
_IS_SAMPLE: dict[AttributeType, Check] = {kind: compile_check(Attribute(path="value", type=kind)) for kind in _SCALARS}


class Profile(msgspec.Struct):
    """bare, wrapped, documents: how many payloads were scalars, value-quality-timestamp objects, or other JSON.

    nothing: values that are null with a quality that says so. unreadable: payloads that are no JSON, or a bare null.
    falls: how often a number was below the one before it. more_words: there were more texts than `words` can hold.
    """

    bare: int = 0
    wrapped: int = 0
    documents: int = 0
    nothing: int = 0
    unreadable: int = 0
    kinds: set[AttributeType] = msgspec.field(default_factory=set)
    low: int | float | None = None
    high: int | float | None = None
    last: int | float | None = None
    rises: int = 0
    falls: int = 0
    words: dict[str, None] = msgspec.field(default_factory=dict)
    more_words: bool = False
    shape: Shape | None = None
    room: Room = msgspec.field(default_factory=Room)
    gaps: Gaps = msgspec.field(default_factory=Gaps)
    topics: int = 1

    @property
    def samples(self) -> int:
        """Payloads that say something about the contract."""
        return self.bare + self.wrapped + self.documents

    def see(self, payload: bytes, time_ms: int | None) -> None:
        """Take one payload in, as it was published."""
        if time_ms is not None:
            self.gaps.see(time_ms)
        try:
            document = msgspec.json.decode(payload)
        except (msgspec.DecodeError, ValueError, RecursionError):
            self.unreadable += 1
            return
        if isinstance(document, dict | list):
            if self.shape is None:
                self.shape = Shape()
            self.shape.see(document, self.room)
            if isinstance(document, dict) and _is_sample(document, payload):
                self.wrapped += 1
                self._see_value(document["value"])
            else:
                self.documents += 1
        elif document is None:
            self.unreadable += 1
        else:
            self.bare += 1
            self._see_value(document)

    def see_value(self, value: Any, time_ms: int, *, bare: bool) -> None:
        """Take one value in that history kept; bare: it is published without an object around it."""
        self.gaps.see(time_ms)
        if isinstance(value, bytes | dict | list):
            return
        if bare and value is not None:
            self.bare += 1
        elif not bare:
            self.wrapped += 1
        self._see_value(value)

    def merge(self, other: "Profile") -> None:
        """Take in what was seen on another topic of the same kind."""
        for name in ("bare", "wrapped", "documents", "nothing", "unreadable", "rises", "falls", "topics"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.kinds |= other.kinds
        self.words |= other.words
        self.more_words |= other.more_words
        for limit in (other.low, other.high):
            if limit is not None:
                self._stretch(limit)
        if other.shape is not None:
            if self.shape is None:
                self.shape = Shape()
            self.shape.merge(other.shape)

    def _see_value(self, value: Any) -> None:
        if value is None:
            self.nothing += 1
            return
        kind = _type_of(value)
        self.kinds.add(kind)
        if isinstance(value, str):
            self._see_word(value)
        elif not isinstance(value, bool):
            self._stretch(value)
            if self.last is not None:
                self.rises += value > self.last
                self.falls += value < self.last
            self.last = value

    def _stretch(self, value: int | float) -> None:
        self.low = value if self.low is None else min(self.low, value)
        self.high = value if self.high is None else max(self.high, value)

    def _see_word(self, word: str) -> None:
        if self.more_words or word in self.words:
            return
        if len(self.words) >= MAX_WORDS or len(word) > MAX_WORD or not self.room.grows:
            self.more_words = True
            return
        self.words[word] = None
        self.room.used_bytes += _WORD_BYTES + len(word)


def _type_of(value: Any) -> AttributeType:
    """An integer beyond Int64 is a number: no consumer counts on more."""
    kind = type_of(value)
    beyond = kind is AttributeType.INTEGER and not INT64_MIN <= value <= INT64_MAX
    return AttributeType.NUMBER if beyond else kind


def _is_sample(document: dict[str, Any], payload: bytes) -> bool:
    if "value" not in document or isinstance(document["value"], dict | list):
        return False
    value = document["value"]
    kind = AttributeType.STRING if value is None else _type_of(value)
    return _IS_SAMPLE[kind](payload) is None

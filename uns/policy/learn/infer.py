"""Which contract does a profile support: type, words, limits, unit, age? Nothing that was seen would break it."""

from typing import Any

from uns.policy.learn.human import duration, number, widened
from uns.policy.learn.learned import SOME_SAMPLES, LearnedAttribute, confidence_of
from uns.policy.learn.profile import Profile
from uns.policy.learn.shape import Shape
from uns.policy.learn.unit_names import unit_of_name
from uns.policy.observed import joined
from uns.registry import AttributeType
from uns.registry.units import unit_fault

MAX_ENUM = 12
SAMPLES_PER_WORD = 10
"""So often each word of an enum is seen on average, at least: fewer are names or numbers of batches."""
AGE_FACTOR = 3
"""A value is late after so many of the gaps that 99 of 100 keep."""
_NUMBERS = (AttributeType.NUMBER, AttributeType.INTEGER)
_DOCUMENTS = (AttributeType.OBJECT, AttributeType.ARRAY)
_VALUE_MEMBERS = ("v", "val", "value")
_TIME_MEMBERS = ("t", "ts", "time", "timestamp")


def kind_of(profile: Profile) -> AttributeType | None:
    """The type of what was seen; None when no single type takes it, or when there was no value at all."""
    if not profile.documents:
        return joined(profile.kinds)
    kinds = set() if profile.shape is None else profile.shape.kinds
    if profile.bare or len(kinds) != 1:
        return None
    return AttributeType(next(iter(kinds)))


def mixture(profile: Profile) -> str:
    """What stands side by side on a topic without a common type, for people; empty when no value was seen."""
    found = sorted(kind.value for kind in profile.kinds)
    if profile.documents and profile.shape is not None:
        found += sorted(profile.shape.kinds)
    return " and ".join(dict.fromkeys(found))


def infer(path: str, profile: Profile, age_ms: int | None, *, optional: bool) -> LearnedAttribute:
    """An attribute that takes everything in the profile, which has a type. age_ms: the longest usual gap on a topic."""
    kind = kind_of(profile)
    assert kind is not None
    keys: dict[str, Any] = {"type": kind.value}
    notes: list[str] = []
    if kind in _DOCUMENTS:
        assert profile.shape is not None
        notes += _shape_notes(profile.shape)
    elif kind in _NUMBERS:
        _add_unit(path, keys, notes)
        _add_limits(profile, keys, notes)
    elif kind is AttributeType.STRING:
        _add_words(profile, keys, notes)
    if profile.bare:
        keys["bare"] = True
        notes.append("bare scalars")
    age = None if age_ms is None else duration(age_ms * AGE_FACTOR)
    if age is not None:
        assert age_ms is not None
        keys["max_age"] = age
        notes.append(f"99 % within {number(age_ms / 1000)} s")
    if optional:
        keys["optional"] = True
        notes.append("not on every one of them")
    if kind in _DOCUMENTS:
        keys["schema"] = document_schema(profile)
    counted = f"{_many(profile.samples, 'sample')} from {_many(profile.topics, 'topic')}"
    evidence = ", ".join([counted, *notes])
    return LearnedAttribute(path, keys, profile.samples, profile.topics, evidence, confidence_of(profile.samples))


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def document_schema(profile: Profile) -> dict[str, Any]:
    """JSON Schema 2020-12 of documents of one type."""
    assert profile.shape is not None
    (kind,) = profile.shape.kinds
    return {"type": kind} | profile.shape.schema()


def _add_unit(path: str, keys: dict[str, Any], notes: list[str]) -> None:
    unit, is_sure = unit_of_name(path)
    if unit and is_sure:
        keys["unit"] = unit
        notes.append("unit from the name")
    elif unit:
        notes.append(f"unit {unit}? (the name may say so)")


def _add_limits(profile: Profile, keys: dict[str, Any], notes: list[str]) -> None:
    low, high = profile.low, profile.high
    assert low is not None
    assert high is not None
    notes.append(f"{number(low)} … {number(high)}")
    if profile.samples < SOME_SAMPLES:
        notes.append("too few for limits")
        return
    limits = widened(low, high)
    if limits is None:
        return
    keys["min"], keys["max"] = _in_type(keys["type"], limits)
    if profile.rises >= SOME_SAMPLES // 2 and not profile.falls and low != high:
        del keys["max"]
        notes.append("only rises")


def _in_type(kind: str, limits: tuple[int | float, int | float]) -> tuple[int | float, int | float]:
    """Whole limits for an integer, outward."""
    if kind != AttributeType.INTEGER:
        return limits
    low, high = limits
    return int(low // 1), -int(-high // 1)


def _add_words(profile: Profile, keys: dict[str, Any], notes: list[str]) -> None:
    words = sorted(profile.words)
    if profile.more_words:
        notes.append("texts of any kind")
        return
    notes.append(_many(len(words), "word"))
    few = len(words) <= MAX_ENUM and profile.samples >= max(SOME_SAMPLES, SAMPLES_PER_WORD * len(words))
    if few and words:
        keys["enum"] = words


def _shape_notes(shape: Shape) -> list[str]:
    """What a document seems to be, and the units that it names."""
    notes = []
    value = next((name for name in _VALUE_MEMBERS if name in shape.members), "")
    time = next((name for name in _TIME_MEMBERS if name in shape.members), "")
    if value and time and (value, time) != ("value", "timestamp"):
        notes.append(f"a value of another system: '{value}' at the time '{time}'")
    elif value and len(shape.members) > 1:
        notes.append(f"a value as '{value}' with more beside it")
    for unit in shape.units:
        fault, meant = unit_fault(unit)
        notes.append(f"unit in the payload: {meant or 'no UCUM code' if fault else unit}")
    if shape.more:
        notes.append("more members than are listed")
    return notes

"""Every value comes back from a real file as the same value of the same type."""

import math
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.history.values import QUALITIES, Kind, decode_value, encode_value
from uns.samples import Quality

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary()
finite = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
documents = st.recursive(finite, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=10)

HARD: list[Any] = [
    *(2**63 - 1, -(2**63), 2**63, 2**64 - 1, 2**53 + 1),
    *(1.0, -0.0, 0.1, math.inf, -math.inf, math.nan),
    *(True, 1, "1", "1.0", "null", "", "a\0b", "\U0001f4a7", b"", b"\0\xff"),
    *(None, {}, [], {"a": [1, 1.0, True, None, 2**64]}),
]

_connection = sqlite3.connect(":memory:")
_connection.execute("CREATE TABLE cells (kind INTEGER NOT NULL, value)")


def through_sqlite(value: Any) -> Any:
    _connection.execute("DELETE FROM cells")
    _connection.execute("INSERT INTO cells VALUES (?, ?)", encode_value(value))
    return decode_value(*_connection.execute("SELECT kind, value FROM cells").fetchone())


def is_same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and math.isnan(left):
        return isinstance(right, float) and math.isnan(right)
    return type(left) is type(right) and repr(left) == repr(right)


@given(scalars | documents)
def test_round_trip(value: Any) -> None:
    assert is_same(value, through_sqlite(value))


@pytest.mark.parametrize("value", HARD, ids=repr)
def test_the_hard_ones(value: Any) -> None:
    assert is_same(value, through_sqlite(value))


@pytest.mark.parametrize("value", [object(), {1, 2}, (1, 2)], ids=repr)
def test_what_is_no_json_value_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        encode_value(value)


def test_the_numbers_in_the_file_never_change() -> None:
    assert {kind.name: kind.value for kind in Kind} == {
        "NULL": 0,
        "BOOLEAN": 1,
        "INTEGER": 2,
        "FLOAT": 3,
        "STRING": 4,
        "JSON": 5,
        "BYTES": 6,
        "BIG_INTEGER": 7,
    }
    assert QUALITIES == {0: Quality.GOOD, 1: Quality.UNCERTAIN, 2: Quality.BAD, 3: Quality.GOOD_NO_DATA}

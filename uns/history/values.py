"""How does a value become a SQLite cell and come back exactly as it was?

An Int64 stays exact, a whole float stays a float, true is not 1, and a numeric-looking string stays a string.
The numbers below are stored: they never change, new ones are added at the end.
"""

from enum import IntEnum
from typing import Any

import msgspec

from uns.samples import Quality

Cell = int | float | str | bytes | None


class Kind(IntEnum):
    """What a cell holds."""

    NULL = 0
    BOOLEAN = 1
    INTEGER = 2
    FLOAT = 3
    STRING = 4
    JSON = 5  # objects and arrays
    BYTES = 6
    BIG_INTEGER = 7  # beyond 64 bits signed, as decimal digits (the upper half of UInt64 needs it)


QUALITY_NUMBERS = {Quality.GOOD: 0, Quality.UNCERTAIN: 1, Quality.BAD: 2, Quality.GOOD_NO_DATA: 3}
QUALITIES = {number: quality for quality, number in QUALITY_NUMBERS.items()}

_NAN = float("nan")
_INT64 = range(-(2**63), 2**63)


def encode_value(value: Any) -> tuple[int, Cell]:
    """(kind, cell) of a JSON value or bytes; TypeError for anything else."""
    if isinstance(value, float):
        return Kind.FLOAT, value  # SQLite turns NaN into NULL, which decode_value knows
    if value is None:
        return Kind.NULL, None
    if isinstance(value, bool):
        return Kind.BOOLEAN, int(value)
    if isinstance(value, int):
        return (Kind.INTEGER, int(value)) if value in _INT64 else (Kind.BIG_INTEGER, str(value))
    if isinstance(value, str):
        return Kind.STRING, value
    if isinstance(value, bytes):
        return Kind.BYTES, value
    if isinstance(value, dict | list):
        return Kind.JSON, msgspec.json.encode(value).decode()
    raise TypeError(f"a {type(value).__name__} is no JSON value")


def decode_value(kind: int, cell: Any) -> Any:
    """The value that `encode_value` was given."""
    if kind == Kind.BOOLEAN:
        return bool(cell)
    if kind == Kind.JSON:
        return msgspec.json.decode(cell)
    if kind == Kind.BIG_INTEGER:
        return int(cell)
    if kind == Kind.FLOAT and cell is None:
        return _NAN
    return cell

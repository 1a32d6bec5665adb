"""How much must a value change to be worth reporting?"""

import math
from typing import Any

import msgspec


class Deadband(msgspec.Struct, frozen=True):
    """A change up to this much is not reported. percent: of the value reported last."""

    absolute: float = 0.0
    percent: float = 0.0

    def holds(self, last: Any, value: Any) -> bool:
        """Is the value so near the last one that it is not worth reporting?"""
        if last is value:
            return True
        if type(last) is not type(value) and not (_number(last) and _number(value)):
            return False
        if not _number(value):
            return bool(last == value)
        limit = max(self.absolute, abs(last) * self.percent / 100)
        return bool(last == value or abs(value - last) <= limit)


def parse_deadband(text: Any) -> Deadband:
    """`0.1` or `2%`; ValueError when it is neither, or is negative."""
    words = str(text).strip()
    try:
        if isinstance(text, bool):
            raise ValueError
        amount = float(words.removesuffix("%"))
    except ValueError:
        raise ValueError(f"{text!r} is no deadband") from None
    if not math.isfinite(amount) or amount < 0:
        raise ValueError(f"{text!r} is no deadband: it must be 0 or more")
    return Deadband(percent=amount) if words.endswith("%") else Deadband(absolute=amount)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""The values an operator may write: within which limits, and what they are now."""

import msgspec

from uns.simulator.process.physics import Value


class WriteRefused(ValueError):
    """The tag is not writable, or the value is outside its limits; the text says which."""


class Limits(msgspec.Struct, frozen=True):
    """An inclusive range in the unit of the tag."""

    low: float
    high: float


Rule = Limits | type[bool]
"""What a writable tag takes: a number within limits, or true and false."""


class Setpoints:
    """The writable tags of one piece of equipment, by attribute path."""

    def __init__(self, rules: dict[str, Rule], initial: dict[str, Value]) -> None:
        self._rules = rules
        self._values = dict(initial)

    def __getitem__(self, path: str) -> Value:
        return self._values[path]

    def number(self, path: str) -> float:
        return float(self._values[path])

    def limits(self) -> dict[str, Rule]:
        return dict(self._rules)

    def check(self, path: str, value: Value) -> None:
        """Raises WriteRefused when `write` would."""
        rule = self._rules.get(path)
        if rule is None:
            raise WriteRefused(f"'{path}' is not writable; writable here: {', '.join(self._rules)}.")
        if not isinstance(rule, Limits):
            if not isinstance(value, bool):
                raise WriteRefused(f"'{path}' takes true or false, not {value!r}.")
        elif isinstance(value, bool | str) or not rule.low <= value <= rule.high:
            raise WriteRefused(f"'{path}' takes a number from {rule.low:g} to {rule.high:g}, not {value!r}.")

    def write(self, path: str, value: Value) -> None:
        """Take a new value; raises WriteRefused and keeps the old one when it is not allowed."""
        self.check(path, value)
        self._values[path] = value

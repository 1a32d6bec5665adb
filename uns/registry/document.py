"""Reads one mapping of a YAML or JSON document key by key, and notes everything that is wrong with it.

A reader never stops at the first fault: a person who runs `uns check` wants to see them all.
"""

from collections.abc import Iterable
from typing import Any

from uns.errors import Finding, nearest
from uns.registry.pointer import join_pointer

_NAMES = {
    dict: "a mapping",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


def kind_of(value: Any) -> str:
    """What a document value is, in words: `a mapping`, `text`, `nothing`."""
    return "nothing" if value is None else _NAMES.get(type(value), type(value).__name__)


def listed(words: Iterable[str], limit: int = 8) -> str:
    """Words for a message, cut after a few: `a, b, c and 12 more`."""
    every = list(words)
    shown = ", ".join(every[:limit])
    return f"{shown} and {len(every) - limit} more" if len(every) > limit else shown


class Fields:
    """One mapping. Each reading method answers None (or an empty value) when the key is absent or wrong.

    `findings` is shared by all readers of a document; their `where` is a JSON pointer into it.
    """

    def __init__(self, document: Any, findings: list[Finding], where: str = "", known: Iterable[str] = ()) -> None:
        """With `known`, every other key is a finding `plant.unknown_key`."""
        self.where = where
        self.findings = findings
        self.document: dict[str, Any] = {}
        if isinstance(document, dict):
            self.document = {str(key): value for key, value in document.items()}
        else:
            self._wrong_kind(where, "a mapping", document)
        words = tuple(known)
        for key in self.document if words else ():
            if key not in words:
                self.refuse(
                    "plant.unknown_key", key, f"'{key}' is not a key here (known: {', '.join(words)}).",
                    nearest=nearest(key, words),
                )  # fmt: skip

    def refuse(self, finding_id: str, key: str | None, what: str, *, hint: str = "", nearest: str = "") -> None:
        """Note a finding at a key, or at the mapping itself."""
        where = self.where if key is None else join_pointer(self.where, key)
        self.findings.append(Finding(id=finding_id, what=what, where=where, hint=hint, nearest=nearest))

    def pointer(self, key: str) -> str:
        return join_pointer(self.where, key)

    def has(self, key: str) -> bool:
        return self.document.get(key) is not None

    def require(self, *keys: str) -> None:
        """Note `plant.missing_key` for each key that is absent or empty."""
        for key in keys:
            if not self.has(key):
                self.refuse("plant.missing_key", None, f"the key '{key}' is missing.", hint=f"Add '{key}:' here.")

    def text(self, key: str) -> str:
        value = self._read(key, (str,), "text")
        return value if isinstance(value, str) else ""

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._read(key, (bool,), "true or false")
        return value if isinstance(value, bool) else default

    def integer(self, key: str) -> int | None:
        value = self._read(key, (int,), "a whole number")
        return value if isinstance(value, int) else None

    def number(self, key: str) -> int | float | None:
        value = self._read(key, (int, float), "a number")
        return value if isinstance(value, int | float) else None

    def mapping(self, key: str) -> dict[str, Any]:
        value = self._read(key, (dict,), "a mapping")
        return {str(name): member for name, member in value.items()} if isinstance(value, dict) else {}

    def items(self, key: str) -> list[Any]:
        value = self._read(key, (list,), "a list")
        return value if isinstance(value, list) else []

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; members of another kind are findings at their index."""
        return tuple(text for _, text in self.placed_texts(key))

    def placed_texts(self, key: str) -> list[tuple[str, str]]:
        """A list of texts, each with its JSON pointer."""
        found = []
        for index, item in enumerate(self.items(key)):
            where = join_pointer(self.where, key, index)
            if isinstance(item, str):
                found.append((where, item))
            else:
                self._wrong_kind(where, "text", item)
        return found

    def _read(self, key: str, kinds: tuple[type, ...], expected: str) -> Any:
        value = self.document.get(key)
        if value is None and key not in self.document:
            return None
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            self._wrong_kind(join_pointer(self.where, key), expected, value)
            return None
        return value

    def _wrong_kind(self, where: str, expected: str, value: Any) -> None:
        shown = f" '{value}'" if isinstance(value, str | int | float) else ""
        what = f"expected {expected}, found {kind_of(value)}{shown}."
        self.findings.append(Finding(id="plant.type", what=what, where=where))

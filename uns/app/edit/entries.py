"""How do new entries get into the text of namespace.yaml, with everything else in it as it was?

The text is read for the places of its entries only, and edited line by line: comments, order and blank lines stay. An
entry in braces on one line becomes a block when something comes below it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from uns.app.edit.marks import is_alias, last_line, no_place
from uns.app.edit.yaml_text import comment, key_text
from uns.app.plant.yaml_file import compose
from uns.policy.learn import Entry
from uns.policy.tree import FILE

STEP = 2


def add_entries(text: str, entries: Sequence[Entry]) -> str:
    """The text with these entries in its tree. Raises UnsError (`govern.place`) where an entry cannot be put in."""
    if not entries:
        return text
    root = compose(text)
    if not isinstance(root, yaml.MappingNode):
        raise no_place(FILE, "the file is no mapping", 1)
    tree = next(((key, value) for key, value in root.value if key.value == "tree"), None)
    if tree is None:
        raise no_place(FILE, "it has no 'tree:'", 1)
    edit = _Edit(text)
    edit.into(*tree, Entry("tree", members=tuple(entries)))
    return edit.result()


class _Edit:
    """Lines of a text with what shall be put behind them; nothing moves until the end."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._behind: dict[int, list[str]] = {}
        self._cut: dict[int, tuple[int, int]] = {}

    def into(self, key: Any, value: Any, entry: Entry) -> None:
        """Put what an entry states into the one that stands there."""
        self._demand_own(key, value)
        line, indent = key.start_mark.line, key.start_mark.column
        if isinstance(value, yaml.MappingNode) and not value.flow_style:
            self._into_block(value, entry)
            return
        start, end = value.start_mark, value.end_mark
        if start.line != end.line or (start.line != line and start.column != end.column):
            raise no_place(FILE, f"'{key.value}' is written in braces over several lines", line + 1)
        if isinstance(value, yaml.MappingNode):
            lines = list(self._unfolded(value, entry, indent + STEP))
        elif isinstance(value, yaml.ScalarNode) and value.value in ("", "~", "null"):
            lines = list(_stated(entry, indent + STEP))
        else:
            raise no_place(FILE, f"'{key.value}' is no mapping", line + 1)
        if start.column != end.column:
            self._cut[line] = (start.column, end.column)
        self._behind.setdefault(line, []).extend(lines)

    def _demand_own(self, key: Any, value: Any) -> None:
        """What is written once and stands in two places cannot be edited in one."""
        line = self._lines[value.start_mark.line] if value.start_mark.line < len(self._lines) else ""
        if is_alias(key, value) or line[value.start_mark.column :].startswith("&"):
            what = f"'{key.value}' has an anchor or is an alias"
            raise no_place(FILE, what, key.start_mark.line + 1)

    def result(self) -> str:
        """The edited text."""
        made: list[str] = []
        for number, line in enumerate(self._lines):
            start, end = self._cut.get(number, (0, 0))
            made.append(line[:start].rstrip() + (line[end:] if line[end:].strip() else "") if end else line)
            made += self._behind.get(number, ())
        return "\n".join(made)

    def _into_block(self, value: Any, entry: Entry) -> None:
        known = {key.value: (key, below) for key, below in value.value}
        new = []
        for member in entry.members:
            if member.key in known:
                self.into(*known[member.key], member)
            else:
                new.append(member)
        indent = value.value[0][0].start_mark.column
        lines = [*_model(entry, known, indent), *(line for member in new for line in entry_lines(member, indent))]
        if lines:
            self._behind.setdefault(last_line(value), []).extend(lines)

    def _unfolded(self, value: Any, entry: Entry, indent: int) -> Iterable[str]:
        """The members of a mapping in braces, one a line, with what comes to them."""
        pad, members = " " * indent, {member.key: member for member in entry.members}
        known = {}
        for key, below in value.value:
            known[key.value] = (key, below)
            member = members.pop(key.value, None)
            text = self._slice(key.start_mark, key.end_mark)
            if member is None:
                yield f"{pad}{text}: {self._slice(below.start_mark, below.end_mark)}".rstrip()
                continue
            self._demand_own(key, below)
            if isinstance(below, yaml.MappingNode):
                yield f"{pad}{text}:"
                yield from self._unfolded(below, member, indent + STEP)
            else:
                yield f"{pad}{text}:"
                yield from _stated(member, indent + STEP)
        yield from _model(entry, known, indent)
        for member in members.values():
            yield from entry_lines(member, indent)

    def _slice(self, start: Any, end: Any) -> str:
        line: int = start.line
        return self._lines[line][start.column : end.column]


def entry_lines(entry: Entry, indent: int) -> Iterable[str]:
    """A new entry as a block, on one line when nothing stands below it."""
    pad, told = " " * indent, f"  {comment(entry.evidence)}" if entry.evidence else ""
    if not entry.members:
        yield f"{pad}{key_text(entry.key)}: {{model: {entry.model}}}{told}"
        return
    yield f"{pad}{key_text(entry.key)}:{told}"
    yield from _stated(entry, indent + STEP)


def _stated(entry: Entry, indent: int) -> Iterable[str]:
    if entry.model:
        yield f"{' ' * indent}model: {entry.model}"
    for member in entry.members:
        yield from entry_lines(member, indent)


def _model(entry: Entry, known: dict[str, tuple[Any, Any]], indent: int) -> Iterable[str]:
    """The line that gives a declared level its model."""
    if not entry.model:
        return
    if "model" in known:
        mark = known["model"][0].start_mark
        raise no_place(FILE, f"'{entry.key}' has a model already", mark.line + 1)
    yield f"{' ' * indent}model: {entry.model}" + (f"  {comment(entry.evidence)}" if entry.evidence else "")

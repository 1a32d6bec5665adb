"""How is one member of a YAML text set or taken away, with every other character of it as it was?

The text is read for the places of its nodes only. What comes out is read back: it says what it said before but for
that member, or nothing is changed.
"""

import copy
from collections.abc import Iterable
from typing import Any

import yaml

from uns.app.edit.marks import is_alias, last_line, no_place
from uns.app.edit.yaml_text import block_lines, flow_text
from uns.app.plant.yaml_file import compose, read_yaml
from uns.errors import UnsError
from uns.registry.pointer import to_pointer

STEP = 2


def set_member(text: str, pointer: str, value: Any, file: str) -> str:
    """The text with a value at a JSON pointer; None takes the member away, `-` at the end of the pointer is one more
    item of a list.

    Mappings that are missing on the way are made. A list that only grows keeps the entries that it has. Raises UnsError
    (`govern.place`) where the text is written in a way that nobody can say where that belongs.
    """
    path = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    data = read_back(text, file)
    if path[-1] == "-":
        path.pop()
        value = [*(_at(data, path) or ()), value]
    made = _Edit(text, file).set(path, value, _at(data, path))
    if read_back(made, file) != _with(data, path, value):
        raise no_place(file, f"'{pointer}' is written in a way of its own", _line_of(text, path))
    return made


class _Edit:
    """One change of one text."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._lines = text.split("\n")
        self._ending = "\r" if text.endswith("\r\n") else ""

    def set(self, path: list[str], value: Any, had: Any) -> str:
        """had: the value so far."""
        holder: Any = compose(self._text)
        for depth, name in enumerate(path):
            rest = path[depth + 1 :]
            if isinstance(holder, yaml.SequenceNode):
                index = _index(holder.value, name)
                if index is None or (not rest and value is not None):
                    raise self._refused(f"'{to_pointer(path[: depth + 1])}' is no item of a list", holder)
                if not rest:
                    return self._without_item(holder, index)
                holder = holder.value[index]
                continue
            if not isinstance(holder, yaml.MappingNode):
                raise self._refused(f"'{to_pointer(path[:depth])}' is no mapping", holder)
            known = next(((key, below) for key, below in holder.value if key.value == name), None)
            if known is not None:
                self._demand_own(*known)
            if known is None or (rest and _is_empty(known[1])):
                if value is None:
                    return self._text
                whole = _nested(rest, value)
                return self._added(holder, name, whole) if known is None else self._filled(*known, whole)
            if not rest:
                return self._removed(holder, *known) if value is None else self._replaced(*known, value, had)
            holder = known[1]
        raise AssertionError("a pointer to the whole document")

    # --- one more ---------------------------------------------------------------------------------------------

    def _added(self, holder: Any, name: str, value: Any) -> str:
        if holder.flow_style:
            inside = flow_text({name: value})[1:-1]
            if holder.value:
                return self._spliced(holder.value[-1][1].end_mark, None, f", {inside}")
            return self._spliced(holder.start_mark, holder.end_mark, f"{{{inside}}}")
        indent = holder.value[0][0].start_mark.column
        return self._inserted(last_line(holder) + 1, _lines_of(name, value, indent))

    def _filled(self, key: Any, below: Any, value: Any) -> str:
        """Put a value where only its key stands."""
        if below.start_mark.line != key.start_mark.line and not _is_empty(below):
            raise self._refused(f"'{key.value}' is written over several lines", key)
        if isinstance(value, list) and value and isinstance(value[0], dict) and not self._slice(below):
            lines = [f"{' ' * (key.start_mark.column + STEP)}- {flow_text(item)}" for item in value]
            return self._inserted(key.end_mark.line + 1, lines)
        if below.start_mark.line == below.end_mark.line and below.start_mark.column != below.end_mark.column:
            return self._spliced(below.start_mark, below.end_mark, flow_text(value))
        return self._spliced_at(self._after_colon(key), 0, f" {flow_text(value)}")

    def _grown(self, items: Any, more: list[Any]) -> str:
        if items.flow_style:
            told = ", ".join(map(flow_text, more))
            if items.value:
                return self._spliced(items.value[-1].end_mark, None, f", {told}")
            return self._spliced(items.start_mark, items.end_mark, f"[{told}]")
        pad = " " * items.start_mark.column
        return self._inserted(last_line(items) + 1, [f"{pad}- {flow_text(item)}" for item in more])

    # --- another ----------------------------------------------------------------------------------------------

    def _replaced(self, key: Any, below: Any, value: Any, had: Any) -> str:
        if isinstance(had, list) and isinstance(value, list) and len(value) > len(had) and value[: len(had)] == had:
            return self._grown(below, value[len(had) :])
        if _is_empty(below):
            return self._filled(key, below, value)
        is_block = not getattr(below, "flow_style", True) or getattr(below, "style", None) in ("|", ">")
        if not is_block:
            return self._spliced(below.start_mark, below.end_mark, flow_text(value))
        first = below.start_mark.line + (1 if isinstance(below, yaml.ScalarNode) else 0)
        kept = [*self._lines[: max(first, key.end_mark.line + 1)], *self._lines[last_line(below) + 1 :]]
        line, column = key.end_mark.line, self._after_colon(key)[1]
        tail = "" if isinstance(below, yaml.ScalarNode) else kept[line][column:]
        kept[line] = f"{kept[line][:column]} {flow_text(value)}{tail}"
        return "\n".join(kept)

    def _removed(self, holder: Any, key: Any, below: Any) -> str:
        if not holder.flow_style:
            return "\n".join([*self._lines[: key.start_mark.line], *self._lines[last_line(below) + 1 :]])
        at = next(index for index, member in enumerate(holder.value) if member[0] is key)
        if at:
            return self._spliced(holder.value[at - 1][1].end_mark, below.end_mark, "")
        following = holder.value[1][0].start_mark if len(holder.value) > 1 else below.end_mark
        return self._spliced(key.start_mark, following, "")

    def _without_item(self, holder: Any, index: int) -> str:
        items = holder.value
        if not holder.flow_style:
            line = items[index].start_mark.line
            return "\n".join([*self._lines[:line], *self._lines[last_line(items[index]) + 1 :]])
        if index:
            return self._spliced(items[index - 1].end_mark, items[index].end_mark, "")
        following = items[1].start_mark if len(items) > 1 else items[0].end_mark
        return self._spliced(items[0].start_mark, following, "")

    # --- places -----------------------------------------------------------------------------------------------

    def _demand_own(self, key: Any, below: Any) -> None:
        """What is written once and stands in two places cannot be edited in one."""
        line = self._lines[below.start_mark.line] if below.start_mark.line < len(self._lines) else ""
        if is_alias(key, below) or line[below.start_mark.column :].startswith("&"):
            raise self._refused(f"'{key.value}' has an anchor or is an alias", key)

    def _after_colon(self, key: Any) -> tuple[int, int]:
        line, column = key.end_mark.line, key.end_mark.column
        found = self._lines[line].find(":", column)
        if found < 0:
            raise self._refused(f"'{key.value}' is no plain key", key)
        return line, found + 1

    def _inserted(self, line: int, more: Iterable[str]) -> str:
        made = [f"{each}{self._ending}" for each in more]
        if line >= len(self._lines):  # the text does not end with a line break
            return "\n".join([*self._lines, *made])
        return "\n".join([*self._lines[:line], *made, *self._lines[line:]])

    def _spliced(self, start: Any, end: Any, told: str) -> str:
        """told: instead of what stands from one mark to another; None puts it in."""
        begin = self._offset(start.line, start.column)
        return self._text[:begin] + told + self._text[begin if end is None else self._offset(end.line, end.column) :]

    def _spliced_at(self, place: tuple[int, int], length: int, told: str) -> str:
        begin = self._offset(*place)
        return self._text[:begin] + told + self._text[begin + length :]

    def _slice(self, node: Any) -> str:
        start, end = node.start_mark, node.end_mark
        return self._text[self._offset(start.line, start.column) : self._offset(end.line, end.column)]

    def _offset(self, line: int, column: int) -> int:
        return sum(len(each) + 1 for each in self._lines[:line]) + column

    def _refused(self, why: str, node: Any) -> UnsError:
        return no_place(self._file, why, node.start_mark.line + 1 if node is not None else 1)


def _lines_of(name: str, value: Any, indent: int) -> list[str]:
    """A new member of a block, with a line for each of several mappings in a list."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        pad = " " * indent
        head = next(iter(block_lines({name: None}, indent))).removesuffix(" null")
        return [head, *(f"{pad}{' ' * STEP}- {flow_text(item)}" for item in value)]
    return list(block_lines({name: value}, indent))


def _is_empty(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value in ("", "~", "null") and not node.style


def _nested(names: list[str], value: Any) -> Any:
    for name in reversed(names):
        value = {name: value}
    return value


def read_back(text: str, file: str) -> Any:
    """What a text says, with its variables as they are written."""
    return read_yaml(text.encode(), file, {}).data


def _at(data: Any, path: list[str]) -> Any:
    for name in path:
        if isinstance(data, list):
            index = _index(data, name)
            data = None if index is None else data[index]
        else:
            data = data.get(name) if isinstance(data, dict) else None
    return data


def _index(items: list[Any], name: str) -> int | None:
    return int(name) if name.isdecimal() and int(name) < len(items) else None


def _with(data: Any, path: list[str], value: Any) -> Any:
    """What the document says afterwards."""
    whole = copy.deepcopy(data) if data is not None else {}
    holder = whole
    for name in path[:-1]:
        if isinstance(holder, list):
            holder = holder[int(name)]
            continue
        if holder.get(name) is None:
            if value is None:
                return data
            holder[name] = {}
        holder = holder[name]
    if isinstance(holder, list):
        del holder[int(path[-1])]
    elif value is None:
        holder.pop(path[-1], None)
    else:
        holder[path[-1]] = value
    return whole


def _line_of(text: str, path: list[str]) -> int:
    node: Any = compose(text)
    line = 0
    for name in path:
        if not isinstance(node, yaml.MappingNode):
            break
        found = next(((k, v) for k, v in node.value if k.value == name), None)
        if found is None:
            break
        line, node = found[0].start_mark.line, found[1]
    return line + 1

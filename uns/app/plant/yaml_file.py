"""Reads one YAML file: plain data, and the line and column of everything in it.

YAML 1.2 (core schema) is read, not 1.1: only `true` and `false` are booleans, `no`, `on` and `12:30` are text, keys are
always text. `${VAR}` and `${VAR:-default}` are replaced in values; `$${` writes `${`.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from uns.app.plant.problem import Problem
from uns.errors import Finding
from uns.registry.pointer import join_pointer, parent_pointer

MAX_NODES = 500_000
"""Of one file with its aliases expanded: a few aliases of aliases must not fill the memory."""

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_VARIABLE = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")


class _CoreLoader(_Base):  # type: ignore[misc]
    """Composes nodes with the implicit types of YAML 1.2 (core schema, section 10.3.2)."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _CoreLoader.add_implicit_resolver(
        _TAG + _name, re.compile(rf"^(?:{_pattern})$"), ["" if char == "\0" else char for char in _first]
    )


class YamlFile(msgspec.Struct):
    """data: what the file says, None when nothing. marks: JSON pointer to (line, column), of the key for a member."""

    file: str
    data: Any
    marks: dict[str, tuple[int, int]]
    problems: list[Problem]

    def problem(self, finding: Finding, *, warning: bool = False) -> Problem:
        """A finding whose `where` points into this file; a missing member is placed at what should hold it."""
        line, column = self.place(finding.where)
        return Problem(finding, self.file, line, column, "warning" if warning else "error")

    def place(self, where: str) -> tuple[int, int]:
        """(line, column) of what a pointer leads to, or of the nearest that encloses it."""
        while where and where not in self.marks:
            where = parent_pointer(where)
        return self.marks.get(where, (1, 1))

    def value(self, pointer: str) -> Any:
        """The value at a pointer, None when there is none."""
        found = self.data
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(key)
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                return None
        return found


def read_yaml(content: bytes, file: str, environ: Mapping[str, str]) -> YamlFile:
    """Never raises for what a file holds: faults are problems, with the data that could still be read."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        finding = Finding(id="plant.encoding", what="the file is not UTF-8.", hint="Save it as UTF-8.")
        return YamlFile(file, None, {}, [Problem(finding, file, line, 1)])
    try:
        loader = _CoreLoader(text)
        try:
            node = loader.get_single_node()
            return _Reader(file, environ, loader).read(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        return YamlFile(file, None, {}, [_syntax_problem(error, file, text)])
    except RecursionError:
        return YamlFile(file, None, {}, [Problem(_too_deep(), file, 1, 1)])


def _syntax_problem(error: yaml.YAMLError, file: str, text: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    what = f"this is not YAML: {reason}{f' ({context})' if context else ''}."
    hint = "Indent with spaces." if mark is not None and "\t" in _line(text, mark.line) else ""
    finding = Finding(id="plant.yaml", what=what, hint=hint)
    return Problem(finding, file, *((1, 1) if mark is None else (mark.line + 1, mark.column + 1)))


def _line(text: str, index: int) -> str:
    lines = text.splitlines()
    return lines[index] if index < len(lines) else ""


def _too_deep() -> Finding:
    return Finding(id="plant.yaml", what="the file is nested too deeply, or refers to itself.", hint="Flatten it.")


class _Reader:
    """One pass over the nodes of a file."""

    def __init__(self, file: str, environ: Mapping[str, str], loader: Any) -> None:
        self._out = YamlFile(file, None, {}, [])
        self._environ = environ
        self._resolve = loader.resolve
        self._nodes = 0

    def read(self, node: yaml.Node | None) -> YamlFile:
        if node is not None:
            self._out.data = self._read(node, "")
        return self._out

    def _read(self, node: yaml.Node, where: str) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise RecursionError
        self._out.marks.setdefault(where, _mark(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self._read(item, join_pointer(where, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, where)

    def _mapping(self, node: yaml.MappingNode, where: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                self._refuse("plant.key", "a key must be text.", key_node, where, "Quote it.")
                continue
            below = join_pointer(where, key)
            if key in found:
                line = self._out.marks[below][0]
                what = f"the key '{key}' stands twice here (first in line {line})."
                self._refuse("plant.duplicate_key", what, key_node, below, "Remove one.")
                continue
            self._out.marks[below] = _mark(key_node)
            found[key] = self._read(value_node, below)
        return found

    def _scalar(self, node: yaml.ScalarNode, where: str) -> Any:
        text, tag = node.value, node.tag
        if "${" in text:
            text = _VARIABLE.sub(lambda match: self._expand(match, node, where), text)
            if not node.style:  # plain: None from Python's parser, "" from libyaml's
                tag = self._resolve(yaml.ScalarNode, text, (True, False))
        kind = tag.removeprefix(_TAG)
        if kind == "str":
            return text
        if kind == "null":
            return None
        try:
            if kind == "bool":
                return {"true": True, "false": False}[text.lower()]
            if kind == "int":
                return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
            if kind == "float":
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except (ValueError, KeyError):
            self._refuse("plant.type", f"'{text}' is not of type {kind}.", node, where, "Remove the tag.")
            return text
        self._refuse("plant.tag", f"the tag '{node.tag}' is not known here.", node, where, "Remove it.")
        return text

    def _expand(self, match: re.Match[str], node: yaml.Node, where: str) -> str:
        if match[0] == "$${":
            return "${"
        name, default = match[1], match[2]
        if name is None:
            what = "'${' begins a variable, but none follows; ${NAME} or ${NAME:-default} is expected."
            self._refuse("plant.variable", what, node, where, "Write $${ for the characters themselves.")
            return match[0]
        value = self._environ.get(name, "")
        if value or default is not None:
            return value or default or ""
        if name not in self._environ:
            what = f"the environment variable {name} is not set."
            self._refuse("plant.variable", what, node, where, f"Set it, or write ${{{name}:-default}}.")
            return match[0]
        return ""

    def _refuse(self, finding_id: str, what: str, node: yaml.Node, where: str, hint: str) -> None:
        finding = Finding(id=finding_id, what=what, where=where, hint=hint)
        self._out.problems.append(Problem(finding, self._out.file, *_mark(node)))


def _mark(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def compose(text: str) -> yaml.Node | None:
    """The nodes of a text with their places, for who edits it. Raises yaml.YAMLError for what is no YAML."""
    loader = _CoreLoader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()

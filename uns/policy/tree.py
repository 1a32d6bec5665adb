"""Reads the equipment tree of namespace.yaml. Wildcards become the equipment they stand for, patterns are kept.

An entry is read once, whatever it stands for. A wildcard is read beside the tree and then grafted onto each of its
names; what names one of them exactly is read after it, and states what is different there.
"""

from typing import Any

import msgspec

from uns.errors import Finding, nearest
from uns.policy.names import expand, expansion_fault, expansion_size, is_pattern, is_wildcard
from uns.policy.node import Node
from uns.policy.tree_rules import MAX_DEPTH, MAX_NODES, TreeRules, mode_finding
from uns.policy.verdict import Mode
from uns.registry.document import Fields, kind_of

RESERVED = ("owner", "description", "classification", "model", "mode", "tags")
"""Keys of a tree entry that describe it; every other key is equipment below it."""
FILE = "namespace.yaml"


def read_mode(fields: Fields) -> Mode | None:
    """The key `mode` of the document or of a tree entry."""
    word = fields.text("mode")
    finding = mode_finding(word) if word else None
    if finding is not None:
        _refuse(fields, "mode", finding)
        return None
    return Mode(word) if word else None


class TreeReader:
    """Reads the tree from the top; notes findings and leaves out what is wrong."""

    def __init__(self, rules: TreeRules, findings: list[Finding]) -> None:
        self._rules = rules
        self._findings = findings
        self._size = 0

    def read(self, fields: Fields) -> Node:
        root = Node(path="", name="")
        entries = Fields(fields.mapping("tree"), self._findings, fields.pointer("tree"))
        for name in entries.document:
            if name in RESERVED:
                what = f"'{name}' is a reserved key and names no equipment."
                entries.refuse("namespace.reserved", name, what, hint="Set it on a level below, or at the document.")
        self._read_members(
            root, {key: entry for key, entry in entries.document.items() if key not in RESERVED}, entries
        )
        return root

    def _read_members(self, node: Node, entries: dict[str, Any], fields: Fields) -> None:
        """Wildcards first: what names one of their members exactly is said about that member."""
        wildcards = {key: entry for key, entry in entries.items() if is_wildcard(key)}
        made: dict[str, str] = {}
        for key, entry in wildcards.items():
            self._read_wildcard(node, key, entry, fields, made)
        for key, entry in entries.items():
            if key not in wildcards:
                self._read_entry(node, key, entry, fields)
        told = set()
        for name in node.known() if node.model else ():
            key = name if name in entries else made.get(name, name)
            finding = self._rules.collision(node, name)
            if finding is not None and key not in told:
                told.add(key)
                _refuse(fields, key, finding)

    def _read_wildcard(self, node: Node, key: str, entry: Any, fields: Fields, made: dict[str, str]) -> None:
        """made: name to the wildcard that it comes from, among the siblings."""
        fault = expansion_fault(key)
        if fault:
            hint = "Write line{1..12}, line{01..12} or {a,b,c}."
            fields.refuse("namespace.expansion", key, f"'{key}' cannot be expanded: {fault}.", hint=hint)
            return
        if expansion_size(key) > MAX_NODES - self._size:
            self._refuse_size(key, fields)
            return
        names = expand(key)
        twice = next((name for name in names if name in made), "")
        if twice:
            what = f"'{twice}' comes from '{key}' and from '{made[twice]}'."
            fields.refuse("namespace.twice", key, what, hint="Let each name come from one entry.")
            return
        wrong = next((wrong for name in names if (wrong := self._rules.name_finding(node.depth + 1, name))), None)
        if wrong is not None:
            _refuse(fields, key, wrong)
        before = self._size
        beside = msgspec.structs.replace(node, children={}, patterns={})
        self._add(beside, key, entry, fields)
        template = beside.children.get(key)
        if template is None:
            return
        needed, self._size = self._size - before, before
        if needed * len(names) > MAX_NODES - before:
            self._refuse_size(key, fields)
            return
        for name in names:
            made[name] = key
            self._graft(template, node, name)
        template.take_apart()

    def _read_entry(self, node: Node, key: str, entry: Any, fields: Fields) -> None:
        depth = node.depth + 1
        if not is_pattern(key):
            finding = self._rules.name_finding(depth, key)
            if finding is not None:
                _refuse(fields, key, finding)
            self._add(node, key, entry, fields)
            return
        pattern = self._rules.pattern(depth, key)
        if isinstance(pattern, Finding):
            _refuse(fields, key, pattern)
            return
        beside = msgspec.structs.replace(node, children={}, patterns={})
        self._add(beside, key, entry, fields)
        read = beside.children.get(key)
        if read is not None:
            read.pattern, read.parent = pattern, node
            node.patterns[key] = read

    def _add(self, parent: Node, name: str, entry: Any, siblings: Fields) -> None:
        """Read an entry as a member of `parent`, or what it states about one that a wildcard has made."""
        if parent.depth + 1 >= MAX_DEPTH:
            siblings.refuse("namespace.depth", name, f"the tree is deeper than {MAX_DEPTH} levels.")
            return
        if self._size >= MAX_NODES:
            self._refuse_size(name, siblings)
            return
        fields = Fields({} if entry is None else entry, self._findings, siblings.pointer(name))
        self._check_reserved(name, fields)
        node = parent.children.get(name)
        if node is None:
            self._size += 1
            node = parent.children[name] = Node(path=_below(parent, name), name=name, parent=parent)
        self._state(node, fields)
        members = {}
        for key, below in fields.document.items():
            if key in RESERVED:
                continue
            if below is None or isinstance(below, dict):
                members[key] = below
            else:
                self._refuse_key(key, below, fields)
        self._read_members(node, members, fields)

    def _state(self, node: Node, fields: Fields) -> None:
        node.file, node.where = FILE, fields.where
        if len(fields.document) == 0:
            return
        stated = {key for key in RESERVED if key in fields.document and not isinstance(fields.document[key], dict)}
        if "owner" in stated:
            node.owner = fields.text("owner")
        if "description" in stated:
            node.description = fields.text("description")
        if "classification" in stated:
            node.classification = _one_or_more(fields, "classification")
        if "model" in stated:
            node.model = self._read_model(fields)
        if "mode" in stated:
            node.mode = read_mode(fields)
        if "tags" in stated:
            node.tags = fields.texts("tags")

    def _graft(self, template: Node, parent: Node, name: str) -> None:
        """Copy a template and all below it as `name`; what stands there already takes what the template states."""
        node = parent.children.get(name)
        if node is None:
            self._size += 1
            path = _below(parent, name)
            node = msgspec.structs.replace(template, path=path, name=name, parent=parent, children={}, patterns={})
            parent.children[name] = node
        else:
            _restate(template, node)
        for key, below in template.children.items():
            self._graft(below, node, key)
        for key, below in template.patterns.items():
            self._graft_pattern(below, node, key)

    def _graft_pattern(self, template: Node, parent: Node, key: str) -> None:
        beside = msgspec.structs.replace(parent, children={}, patterns={})
        self._graft(template, beside, key)
        grafted = beside.children[key]
        grafted.parent = parent
        parent.patterns[key] = grafted

    def _check_reserved(self, name: str, fields: Fields) -> None:
        for key in RESERVED:
            if isinstance(fields.document.get(key), dict):
                what = f"'{key}' is a reserved key and cannot name equipment below '{name}'."
                hint = f"Rename the equipment; '{key}' itself takes text" + (" in a list." if key == "tags" else ".")
                fields.refuse("namespace.reserved", key, what, hint=hint)

    def _refuse_key(self, key: str, value: Any, fields: Fields) -> None:
        what = f"'{key}' is not a key here (known: {', '.join(RESERVED)}), and equipment is a mapping, not "
        meant = nearest(key, RESERVED)
        hint = "" if meant else f"Write '{key}: {{}}' to declare it as equipment."
        fields.refuse("plant.unknown_key", key, f"{what}{kind_of(value)}.", hint=hint, nearest=meant)

    def _refuse_size(self, key: str, fields: Fields) -> None:
        what = f"with '{key}' the tree has more than {MAX_NODES} levels."
        fields.refuse(
            "namespace.expansion", key, what, hint="Shorten a range, or declare a pattern such as ~line[0-9]+."
        )

    def _read_model(self, fields: Fields) -> str:
        ref = fields.text("model")
        finding = self._rules.model_finding(ref) if ref else None
        if finding is not None:
            _refuse(fields, "model", finding)
            return ""
        return ref


def _below(parent: Node, name: str) -> str:
    return f"{parent.path}/{name}" if parent.path else name


def _restate(stated: Node, node: Node) -> None:
    for key in RESERVED:
        value = getattr(stated, key)
        if value:
            setattr(node, key, value)
    node.file, node.where = stated.file, stated.where


def _one_or_more(fields: Fields, key: str) -> tuple[str, ...]:
    """A text or a list of texts."""
    if isinstance(fields.document[key], list):
        return fields.texts(key)
    text = fields.text(key)
    return (text,) if text else ()


def _refuse(fields: Fields, key: str, finding: Finding) -> None:
    fields.refuse(finding.id, key, finding.what, hint=finding.hint, nearest=finding.nearest)

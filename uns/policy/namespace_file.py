"""Reads namespace.yaml: levels, naming rule, mode, the equipment tree and the open branches."""

from typing import Any

from uns.errors import Finding, UnsError, nearest
from uns.policy.namespace import Namespace, Node
from uns.policy.naming import Naming, read_naming
from uns.policy.verdict import Mode
from uns.registry import Registry
from uns.registry.document import Fields, kind_of
from uns.sparkplug.topic import NAMESPACE
from uns.topics import Levels, filter_fault

KEYS = ("levels", "naming", "mode", "tree", "open")
RESERVED = ("owner", "description", "model", "mode", "tags")
"""Keys of a tree entry that describe it; every other key is equipment below it."""

MAX_DEPTH = 32


def parse_namespace(document: Any, registry: Registry) -> tuple[Namespace | None, list[Finding]]:
    """The namespace in a document of namespace.yaml, and everything that is wrong with it.

    None when there is nothing to read. A namespace that comes with findings holds what could be read: good enough to
    look at, not to serve. `where` of a finding is a JSON pointer into the document.
    """
    findings: list[Finding] = []
    fields = Fields(document, findings, known=KEYS)
    if not isinstance(document, dict):
        return None, findings
    fields.require("tree")
    levels = _read_levels(fields)
    naming = read_naming(fields, levels)
    mode = read_mode(fields) or Mode.QUARANTINE
    tree = _Tree(levels, naming, registry, findings)
    root = tree.read(fields)
    namespace = Namespace(
        levels=levels, naming=naming, mode=mode, root=root, open_filters=_read_open(fields), registry=registry
    )
    return namespace, findings


def read_mode(fields: Fields) -> Mode | None:
    """The key `mode` of the document or of a tree entry."""
    word = fields.text("mode")
    if not word:
        return None
    if word not in list(Mode):
        known = ", ".join(Mode)
        fields.refuse("namespace.mode", "mode", f"'{word}' is no mode (known: {known}).", nearest=nearest(word, Mode))
        return None
    return Mode(word)


def _read_levels(fields: Fields) -> Levels:
    names = fields.texts("levels")
    if not names:
        if fields.has("levels"):
            fields.refuse("namespace.levels", "levels", "'levels' names no level.", hint="Name at least one.")
        return Levels()
    if len(set(names)) < len(names):
        fields.refuse("namespace.levels", "levels", "a level name stands twice.", hint="Name each level once.")
    for name in ("default", "attribute"):
        if name in names:
            fields.refuse("namespace.levels", "levels", f"'{name}' cannot be the name of a level: it has a meaning.")
    return Levels(names)


def _read_open(fields: Fields) -> list[str]:
    good = []
    for where, topic_filter in fields.placed_texts("open"):
        fault = filter_fault(topic_filter)
        if topic_filter.startswith("$"):
            fault = "topics that begin with $ belong to the broker"
        if fault:
            what = f"'{topic_filter}' is no topic filter: {fault}."
            fields.findings.append(Finding(id="namespace.open", what=what, where=where))
        else:
            good.append(topic_filter)
    return good


class _Tree:
    """Reads the tree from the top; notes findings and leaves out what is wrong."""

    def __init__(self, levels: Levels, naming: Naming, registry: Registry, findings: list[Finding]) -> None:
        self._levels = levels
        self._naming = naming
        self._registry = registry
        self._findings = findings

    def read(self, fields: Fields) -> Node:
        root = Node(path="", name="")
        entries = Fields(fields.mapping("tree"), self._findings, fields.pointer("tree"))
        for name, entry in entries.document.items():
            if name in RESERVED:
                what = f"'{name}' is a reserved key and names no equipment."
                entries.refuse("namespace.reserved", name, what, hint="Set it on a level below, or at the document.")
            else:
                self._read_node(root, name, entry, entries)
        return root

    def _read_node(self, parent: Node, name: str, entry: Any, siblings: Fields) -> None:
        depth = parent.depth + 1
        self._check_name(depth, name, siblings)
        if depth >= MAX_DEPTH:
            siblings.refuse("namespace.depth", name, f"the tree is deeper than {MAX_DEPTH} levels.")
            return
        fields = Fields({} if entry is None else entry, self._findings, siblings.pointer(name))
        self._check_reserved(name, fields)
        path = f"{parent.path}/{name}" if parent.path else name
        node = Node(
            path=path,
            name=name,
            parent=parent,
            owner=_scalar(fields, "owner"),
            description=_scalar(fields, "description"),
            model=self._read_model(fields),
            mode=read_mode(fields) if not isinstance(fields.document.get("mode"), dict) else None,
            tags=fields.texts("tags") if not isinstance(fields.document.get("tags"), dict) else (),
        )
        parent.children[name] = node
        for key, below in fields.document.items():
            if key in RESERVED:
                continue
            if below is None or isinstance(below, dict):
                self._read_node(node, key, below, fields)
            else:
                self._refuse_key(key, below, fields)
        self._check_collisions(node, fields)

    def _check_name(self, depth: int, name: str, siblings: Fields) -> None:
        level = self._levels.name_of(depth)
        if not name or any(char in "+#/\0" for char in name) or (depth == 0 and name[0] == "$"):
            what = f"'{name}' cannot be a topic level: a level is not empty and holds no '/', '+' or '#'."
            siblings.refuse("namespace.name", name, what, hint="Nest the levels, one per line.")
        elif depth == 0 and name == NAMESPACE:
            siblings.refuse(
                "namespace.name", name, f"'{NAMESPACE}' is the namespace of Sparkplug B.", hint="Rename it."
            )
        elif not self._naming.permits(level, name):
            what = f"{level} '{name}' breaks the naming rule ({self._naming.text(level)})."
            siblings.refuse("namespace.name", name, what, hint="Rename it, or change 'naming'.")

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

    def _read_model(self, fields: Fields) -> str:
        ref = _scalar(fields, "model")
        if not ref:
            return ""
        finding = self._registry.reference_finding(ref)
        if finding is not None:
            fields.refuse("namespace.model", "model", finding.what, hint=finding.hint, nearest=finding.nearest)
            return ""
        try:
            self._registry.attributes(ref)
        except UnsError as error:
            fields.refuse("namespace.model", "model", f"model {ref} is not usable: {error.finding.what}")
            return ""
        return ref

    def _check_collisions(self, node: Node, fields: Fields) -> None:
        if not node.model or not node.children:
            return
        taken = {path.split("/")[0] for path in self._registry.attributes(node.model)}
        for name in node.children:
            if name in taken:
                what = f"'{name}' is equipment below '{node.path}' and also an attribute of its model {node.model}."
                fields.refuse("namespace.collision", name, what, hint="Rename one of them.")


def _scalar(fields: Fields, key: str) -> str:
    """A text; a mapping is left to the finding about reserved keys."""
    return "" if isinstance(fields.document.get(key), dict) else fields.text(key)

"""Reads namespace.yaml: levels, naming rule, mode, the equipment tree, the open branches and the aliases."""

from collections.abc import Sequence
from typing import Any

from uns.errors import Finding
from uns.policy.alias import PathAliases
from uns.policy.alias_file import read_aliases
from uns.policy.assets import AssetTable, add_assets
from uns.policy.namespace import Namespace
from uns.policy.naming import read_naming
from uns.policy.tree import TreeReader, read_mode
from uns.policy.tree_rules import TreeRules
from uns.policy.verdict import Mode
from uns.registry import Registry
from uns.registry.document import Fields
from uns.topics import Levels, filter_fault

KEYS = ("levels", "naming", "mode", "tree", "open", "aliases")


def parse_namespace(
    document: Any, registry: Registry, assets: Sequence[AssetTable] = ()
) -> tuple[Namespace | None, list[Finding]]:
    """The namespace in a document of namespace.yaml, and everything that is wrong with it.

    None when there is nothing to read. A namespace that comes with findings holds what could be read: good enough to
    look at, not to serve. `where` of a finding is a JSON pointer into the document. What is wrong with a table
    of assets is noted in the table.
    """
    findings: list[Finding] = []
    fields = Fields(document, findings, known=KEYS)
    if not isinstance(document, dict):
        return None, findings
    fields.require("tree")
    levels = _read_levels(fields)
    naming = read_naming(fields, levels)
    mode = read_mode(fields) or Mode.QUARANTINE
    rules = TreeRules(levels, naming, registry)
    root = TreeReader(rules, findings).read(fields)
    add_assets(root, assets, rules)
    namespace = Namespace(
        levels=levels, naming=naming, mode=mode, root=root, open_filters=_read_open(fields), registry=registry
    )
    namespace.aliases = PathAliases(read_aliases(fields, namespace))
    return namespace, findings


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

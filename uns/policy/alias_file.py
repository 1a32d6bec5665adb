"""Reads `aliases` of namespace.yaml."""

from datetime import date
from typing import Any

from uns.policy.alias import PathAlias
from uns.policy.namespace import Kind, Namespace
from uns.policy.resolve import nearest_topic
from uns.registry.document import Fields
from uns.registry.pointer import join_pointer
from uns.topics import topic_fault

KEYS = ("from", "to", "until", "why")
ID = "namespace.alias"


def read_aliases(fields: Fields, namespace: Namespace) -> list[PathAlias]:
    """The good entries. An alias leads from what is declared no more to what is, so that there are no chains."""
    found: dict[str, PathAlias] = {}
    for index, item in enumerate(fields.items("aliases")):
        entry = Fields(item, fields.findings, join_pointer(fields.where, "aliases", index), known=KEYS)
        if not isinstance(item, dict):
            continue
        entry.require("from", "to")
        alias = _read(entry)
        if alias is None:
            continue
        fault = _fault(alias, namespace, found)
        if fault is None:
            found[alias.old] = alias
        else:
            key, what, hint, near = fault
            entry.refuse(ID, key, what, hint=hint, nearest=near)
    return list(found.values())


def _read(entry: Fields) -> PathAlias | None:
    old, new, until = entry.text("from"), entry.text("to"), entry.text("until")
    day: date | None = None
    if until:
        try:
            day = date.fromisoformat(until)
        except ValueError:
            entry.refuse(ID, "until", f"'{until}' is no day.", hint="Write it as 2027-03-31.")
            return None
    return PathAlias(old, new, day, entry.text("why"), entry.where) if old and new else None


_Fault = tuple[str, str, str, str]
"""Key, what, hint, nearest."""


def _fault(alias: PathAlias, namespace: Namespace, found: dict[str, PathAlias]) -> _Fault | None:
    for key, path in (("from", alias.old), ("to", alias.new)):
        fault = topic_fault(path) or ("topics that begin with $ belong to the broker" if path[0] == "$" else "")
        if fault:
            return key, f"'{path}' is no path: {fault}.", "", ""
    if alias.old in found:
        return "from", f"'{alias.old}' has an alias already.", "Take one of them out.", ""
    if f"{alias.new}/".startswith(f"{alias.old}/"):
        return "to", f"'{alias.new}' is at or below '{alias.old}' itself.", "An alias leads somewhere else.", ""
    if namespace.describe(alias.old).kind is not Kind.TOPIC:
        hint = "Take it out of the tree: what is declared needs no other name."
        return "from", f"'{alias.old}' is declared.", hint, ""
    if namespace.describe(alias.new).kind is Kind.TOPIC:
        return "to", f"'{alias.new}' is not declared.", "Name what is.", nearest_topic(namespace, alias.new)
    return None


def alias_document(alias: PathAlias) -> dict[str, Any]:
    """As it is written in namespace.yaml."""
    document = {"from": alias.old, "to": alias.new}
    if alias.until is not None:
        document["until"] = alias.until.isoformat()
    return document | ({"why": alias.why} if alias.why else {})

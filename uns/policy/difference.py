"""What differs between two policies of a plant: hierarchy, models, access, and the topics of it all?"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from uns.policy.access import Access
from uns.policy.admission import CompiledAdmission
from uns.policy.alias import PathAlias
from uns.policy.alias_file import alias_document
from uns.policy.names import is_pattern
from uns.policy.namespace import Namespace
from uns.policy.node import Node
from uns.registry import Attribute, Registry

Subject = TypeVar("Subject")

_PLACE = ("path", "name", "parent", "children", "patterns", "pattern", "template", "file", "where")
"""Fields of a node that say where it stands, not what it is."""
_SECRET = ("password_hash", "password_file", "password_env")


class Kind(StrEnum):
    """What happened to the subject of a change."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class PolicyChange(msgspec.Struct, frozen=True):
    """subject: `naming`, `asset`, `model`, `open`, `role`, `user`, …; name: its path, reference or name.

    details: what differs, for people: `owner: packaging-team -> filling-team`.
    """

    kind: Kind
    subject: str
    name: str
    details: tuple[str, ...] = ()


class TopicChanges(msgspec.Struct, frozen=True):
    """The declared topics that come, go, or get another contract; each sorted."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def policy_changes(before: CompiledAdmission, after: CompiledAdmission) -> list[PolicyChange]:
    """Everything declared that differs, in the order a person reads a plant: hierarchy, models, access."""
    return [
        *_namespace(before.namespace, after.namespace),
        *_compared("model", _models(before.registry), _models(after.registry), _fields),
        *_access(before.access, after.access),
    ]


def topic_changes(before: Namespace, after: Namespace) -> TopicChanges:
    """Which declared topics come, go or change."""
    old, new = _topics(before), _topics(after)
    changed = [topic for topic, attribute in new.items() if topic in old and old[topic] != attribute]
    return TopicChanges(
        tuple(sorted(new.keys() - old.keys())), tuple(sorted(old.keys() - new.keys())), tuple(sorted(changed))
    )


_EVERYWHERE = frozenset({"levels", "naming", "mode", "open", "role", "anonymous"})
"""Subjects whose change may be felt on any topic."""


def owner_changes(before: CompiledAdmission, after: CompiledAdmission) -> frozenset[str]:
    """The topics on which the values of another source land from now on, or of none any more."""
    return frozenset(topic for topic, _ in before.owners.items() ^ after.owners.items())


def concerned(
    changes: Iterable[PolicyChange], topics: TopicChanges, owned: Iterable[str] = ()
) -> Callable[[str], bool]:
    """May these changes be felt on a topic? Cheap, and right where it says no. owned: see `owner_changes`."""
    paths = set()
    for change in changes:
        if change.subject in _EVERYWHERE:
            return lambda topic: True
        if change.subject in ("asset", "alias"):
            paths.add(_above_patterns(change.name))
    named = {*topics.added, *topics.removed, *topics.changed, *owned}

    def is_concerned(topic: str) -> bool:
        if topic in named:
            return True
        above = topic
        while above:
            if above in paths:
                return True
            above = above.rpartition("/")[0]
        return False

    return is_concerned


def _above_patterns(path: str) -> str:
    """The part of a path that is declared by name: what a pattern admits may be any topic below it."""
    levels = path.split("/")
    first = next((index for index, level in enumerate(levels) if is_pattern(level)), len(levels))
    return "/".join(levels[:first])


def _topics(namespace: Namespace) -> dict[str, Attribute]:
    return {topic: attribute for topic, _, attribute in namespace.attribute_topics()}


def _namespace(before: Namespace, after: Namespace) -> Iterator[PolicyChange]:
    stated = [
        ("levels", "/".join(before.levels.names), "/".join(after.levels.names)),
        ("naming", _naming(before), _naming(after)),
        ("mode", before.mode.value, after.mode.value),
    ]
    for name, old, new in stated:
        if old != new:
            yield PolicyChange(Kind.CHANGED, name, "namespace.yaml", (f"{old} -> {new}",))
    nodes_before = {node.path: node for node in before.entries()}
    nodes_after = {node.path: node for node in after.entries()}
    yield from _compared("asset", nodes_before, nodes_after, _node_fields)
    yield from _compared("alias", _aliases(before), _aliases(after), alias_document)
    yield from _compared("open", _named(before.open_filters), _named(after.open_filters), lambda _: {})


def _access(before: Access, after: Access) -> Iterator[PolicyChange]:
    yield from _compared("role", before.roles, after.roles, _fields)
    yield from _compared("user", before.users, after.users, _user_fields)
    old, new = _anonymous(before), _anonymous(after)
    if old != new:
        yield PolicyChange(Kind.CHANGED, "anonymous", "access.yaml", (f"{old} -> {new}",))


def _compared(
    subject: str,
    before: Mapping[str, Subject],
    after: Mapping[str, Subject],
    fields: Callable[[Subject], dict[str, Any]],
) -> Iterator[PolicyChange]:
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield PolicyChange(Kind.REMOVED, subject, name)
        elif name not in before:
            yield PolicyChange(Kind.ADDED, subject, name)
        else:
            details = tuple(_details(fields(before[name]), fields(after[name])))
            if details:
                yield PolicyChange(Kind.CHANGED, subject, name, details)


def _details(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """One line for each member that differs; below members that are mappings on both sides."""
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _details(old, new, f"{prefix}{name}.")
        elif name in _SECRET:
            yield f"{prefix}{name} differs"
        else:
            yield f"{prefix}{name}: {_shown(old)} -> {_shown(new)}"


def _shown(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "none"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_shown(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _fields(subject: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(subject)
    return found


def _user_fields(user: Any) -> dict[str, Any]:
    return {name: value for name, value in _fields(user).items() if name != "name"}


def _node_fields(node: Node) -> dict[str, Any]:
    return {name: getattr(node, name) for name in Node.__struct_fields__ if name not in _PLACE}


def _models(registry: Registry) -> dict[str, Any]:
    return {ref: registry.get(ref) for ref in registry.names()}


def _named(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


def _aliases(namespace: Namespace) -> dict[str, PathAlias]:
    return {alias.old: alias for alias in namespace.aliases}


def _naming(namespace: Namespace) -> str:
    levels = ("default", *namespace.levels.names)
    return ", ".join(f"{level}: {namespace.naming.text(level)}" for level in levels)


def _anonymous(access: Access) -> str:
    anonymous = access.anonymous
    return "nobody" if anonymous is None else f"{anonymous.role} from {anonymous.origin.value}"

"""What is this topic: declared, free, a folder, or nothing — and then, which one was meant?"""

import difflib
from collections.abc import Iterable

import msgspec

from uns.errors import Finding, nearest, shorten
from uns.policy.namespace import Namespace
from uns.policy.node import Node
from uns.registry import Attribute
from uns.registry.document import listed

_LONGEST_WORD = 64
_MOST_WORDS = 256
_MOST_PLACES = 16
"""Bounds of the search for a near word: a hostile topic must not cost more than about a millisecond."""


class Place(msgspec.Struct, frozen=True):
    """Where a topic stands. node: its deepest declared level. Open topics have an `open_filter` and no finding."""

    topic: str
    node: Node
    rest: str
    attribute: Attribute | None = None
    open_filter: str = ""
    finding: Finding | None = None


def resolve(namespace: Namespace, topic: str) -> Place:
    """Hierarchy only: access and payload are judged elsewhere."""
    node, rest = namespace.locate(topic)
    attribute = namespace.attribute(node, rest)
    if attribute is not None:
        return Place(topic, node, rest, attribute=attribute)
    open_filter = namespace.open_filter(topic)
    if open_filter:
        return Place(topic, node, rest, open_filter=open_filter)
    return Place(topic, node, rest, finding=_finding(namespace, topic, node, rest))


def _finding(namespace: Namespace, topic: str, node: Node, rest: str) -> Finding:
    if not rest or namespace.has_attribute_folder(node, rest):
        return _folder(namespace, topic, node, rest)
    if node.model and (not node.known() or "/" not in rest):
        return _attribute(namespace, topic, node, rest)
    return _undeclared(namespace, topic, node, rest)


def _folder(namespace: Namespace, topic: str, node: Node, rest: str) -> Finding:
    names = [child.name for child in namespace.children(topic)]
    what = "an asset" if node.model and not rest else "a folder"
    return Finding(
        id="topic.folder",
        what=f"'{shorten(topic)}' is {what} and takes no payload (below it: {listed(names) or 'nothing yet'}).",
        where="attribute" if rest else namespace.levels.name_of(node.depth),
        hint="Publish on one of the attributes below it.",
    )


def _attribute(namespace: Namespace, topic: str, node: Node, rest: str) -> Finding:
    known = listed(namespace.attributes(node)) or "none"
    return Finding(
        id="topic.attribute",
        what=f"'{shorten(topic)}' — asset '{node.path}' (model {node.model}) has no attribute "
        f"'{shorten(rest)}' (known: {known}).",
        where="attribute",
        hint=f"Add it to a new version of model {node.model.partition('@')[0]}.",
        nearest=nearest_topic(namespace, topic),
    )


def _undeclared(namespace: Namespace, topic: str, node: Node, rest: str) -> Finding:
    name = rest.split("/", 1)[0]
    level = namespace.levels.name_of(node.depth + 1)
    near = nearest_topic(namespace, topic)
    if not namespace.naming.permits(level, name):
        return Finding(
            id="topic.level_name",
            what=f"'{shorten(topic)}' — {level} '{shorten(name)}' breaks the naming rule "
            f"({namespace.naming.text(level)}).",
            where=level,
            hint="" if near else "Choose a name that keeps the rule, and declare it in namespace.yaml.",
            nearest=near,
        )
    above = f"under {namespace.levels.name_of(node.depth)} '{node.name}'" if node.path else "at the top"
    return Finding(
        id="topic.undeclared",
        what=f"'{shorten(topic)}' — level {level} '{shorten(name)}' is not declared {above} "
        f"(known: {listed(node.known()) or 'none'}).",
        where=level,
        hint="Declare it in namespace.yaml.",
        nearest=near,
    )


def nearest_topic(namespace: Namespace, topic: str) -> str:
    """The whole declared topic, or the part of it that could be mended, most like an undeclared one; or ""."""
    levels = topic.split("/")
    node, corrected = namespace.root, False
    for index, level in enumerate(levels):
        child = namespace.child(node, level)
        if child is None:
            rest = "/".join(levels[index:])
            attribute, name = _near(rest, namespace.attributes(node)), _near(level, node.children)
            if attribute and _likeness(rest, attribute) >= _likeness(level, name):
                return f"{node.path}/{attribute}"
            child = namespace.child(node, name) if name else None
            if child is None:
                return _elsewhere(namespace, rest) or (node.path if corrected else "")
            corrected = True
        node = child
    return node.path


def _elsewhere(namespace: Namespace, rest: str) -> str:
    """A declared topic that ends with these levels: someone left out or added a level further up."""
    first, _, below = rest.partition("/")
    for node in namespace.named(first)[:_MOST_PLACES]:
        found, left = namespace.locate(f"{node.path}/{below}" if below else node.path)
        if not left:
            return found.path
        attribute = _near(left, namespace.attributes(found))
        if attribute:
            return f"{found.path}/{attribute}"
    return ""


def _likeness(word: str, other: str) -> float:
    return difflib.SequenceMatcher(None, word.casefold(), other.casefold()).ratio() if other else 0.0


def _near(word: str, known: Iterable[str]) -> str:
    if len(word) > _LONGEST_WORD:
        return ""
    words = list(known)
    if len(words) > _MOST_WORDS:
        words = [other for other in words if other[:1].casefold() == word[:1].casefold()][:_MOST_WORDS]
    return nearest(word, words)

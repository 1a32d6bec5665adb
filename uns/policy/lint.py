"""What is permitted in a namespace, and yet will cost somebody an afternoon?"""

import re
from collections.abc import Collection, Iterable, Iterator

import msgspec

from uns.errors import Finding
from uns.policy.namespace import Namespace
from uns.policy.node import Node
from uns.policy.resolve import nearest_topic
from uns.registry import Model
from uns.registry.document import listed
from uns.registry.pointer import join_pointer
from uns.sparkplug.topic import is_sparkplug

MOST_VALUES = 100_000
"""Declared values of a whole plant."""
MOST_VALUES_OF_ASSET = 500
MOST_MEMBERS = 1_000
"""Equipment right below one level."""

_SEPARATORS = re.compile(r"[-_. ]|(?<![0-9])0+(?=[0-9])")


class Lint(msgspec.Struct, frozen=True):
    """finding: its `where` is a pointer into the file of the node or of the model; both are None for a topic."""

    finding: Finding
    node: Node | None = None
    model: Model | None = None


def lint(namespace: Namespace, deprecated: Collection[str] = ()) -> Iterator[Lint]:
    """Everything that is odd. deprecated: references of models that should no longer be used."""
    nodes = list(namespace.entries())
    yield from _case_drift(namespace, nodes)
    yield from _duplicates(nodes)
    yield from _without_owner(namespace)
    yield from _explosion(namespace, nodes)
    yield from _units(namespace)
    yield from _unused(namespace, nodes)
    yield from _deprecated(namespace, nodes, deprecated)


def orphans(namespace: Namespace, topics: Iterable[str]) -> Iterator[Lint]:
    """Topics with a retained message that the namespace neither declares nor frees."""
    for topic in topics:
        if topic.startswith("$") or is_sparkplug(topic):
            continue
        described = namespace.describe(topic)
        if described.attribute is None and not described.open:
            what = f"'{topic}' is retained, and nothing declares it."
            hint = "Declare it, open its branch, or clear it by publishing nothing on it, retained."
            near = nearest_topic(namespace, topic)
            yield Lint(Finding(id="lint.orphan", what=what, where=topic, hint=hint, nearest=near))


def _case_drift(namespace: Namespace, nodes: list[Node]) -> Iterator[Lint]:
    """One name in two cases on one level, anywhere in the plant; the rarer spellings are told, once each."""
    spellings: dict[tuple[int, str], dict[str, list[Node]]] = {}
    for node in nodes:
        spellings.setdefault((node.depth, node.name.casefold()), {}).setdefault(node.name, []).append(node)
    for (depth, _), by_name in spellings.items():
        usual, *others = sorted(by_name.values(), key=len, reverse=True)
        for found in others:
            first, other = found[0], usual[0]
            level = namespace.levels.name_of(depth)
            what = f"{level} '{first.path}' and '{other.path}' differ in case: '{first.name}', '{other.name}'."
            yield _of(first, "lint.case", what, "Spell it in one way.", near=other.name)
    yield from _attribute_case(namespace)


def _attribute_case(namespace: Namespace) -> Iterator[Lint]:
    seen: dict[str, tuple[str, Model]] = {}
    for model in _models(namespace):
        for path in model.attributes:
            usual, first = seen.setdefault(path.casefold(), (path, model))
            if usual != path:
                what = f"'{path}' of model {model.ref} is '{usual}' in model {first.ref}."
                where = join_pointer("/attributes", path)
                finding = Finding(id="lint.case", what=what, where=where, hint="Spell it in one way.", nearest=usual)
                yield Lint(finding, model=model)


def _duplicates(nodes: list[Node]) -> Iterator[Lint]:
    """Siblings whose names differ in separators and leading zeros alone."""
    seen: dict[tuple[str, str], Node] = {}
    for node in nodes:
        if node.pattern is not None:
            continue
        above = node.path.rpartition("/")[0]
        other = seen.setdefault((above, _SEPARATORS.sub("", node.name.casefold())), node)
        if other is not node and other.name.casefold() != node.name.casefold():
            what = f"'{node.path}' and '{other.path}' look like one thing under two names."
            yield _of(node, "lint.duplicate", what, "Keep one, or rename one.", near=other.name)


def _without_owner(namespace: Namespace) -> Iterator[Lint]:
    """The top of each branch in which nobody is named."""
    waiting = list(reversed(namespace.root.children.values()))
    while waiting:
        node = waiting.pop()
        if namespace.owner_of(node):
            continue
        below = [*node.children.values(), *node.patterns.values()]
        if any(_is_owned(namespace, each) for each in below):
            waiting.extend(reversed(below))
        else:
            what = f"'{node.path}' and what is below it have no owner."
            yield _of(node, "lint.owner", what, "State 'owner' here or above.")


def _is_owned(namespace: Namespace, node: Node) -> bool:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if namespace.owner_of(each):
            return True
        waiting += [*each.children.values(), *each.patterns.values()]
    return False


def _explosion(namespace: Namespace, nodes: list[Node]) -> Iterator[Lint]:
    total = 0
    for node in nodes:
        total += len(namespace.attributes(node))
        if len(node.children) > MOST_MEMBERS:
            count = len(node.children)
            what = f"'{node.path}' has {count} members right below it; more than {MOST_MEMBERS} are hard to use."
            yield _of(node, "lint.explosion", what, "Put a level between, such as the line or the shop.")
    for ref in sorted({node.model for node in nodes if node.model}):
        model, count = namespace.registry.get(ref), len(namespace.registry.attributes(ref))
        if model is not None and count > MOST_VALUES_OF_ASSET:
            what = f"each asset of model {ref} has {count} values; more than {MOST_VALUES_OF_ASSET} are hard to use."
            hint = "Split the asset, or send a document."
            yield Lint(Finding(id="lint.explosion", what=what, where="/model", hint=hint), model=model)
    if total > MOST_VALUES and nodes:
        what = f"the namespace declares {total} values; a server is dimensioned for {MOST_VALUES}."
        yield _of(nodes[0], "lint.explosion", what, "Give each site a server, or send documents instead of values.")


def _units(namespace: Namespace) -> Iterator[Lint]:
    """One attribute in two units: who compares two assets compares apples with pears."""
    seen: dict[str, tuple[str, Model]] = {}
    for model in _models(namespace):
        for path, attribute in model.attributes.items():
            if not attribute.unit:
                continue
            unit, first = seen.setdefault(path, (attribute.unit, model))
            if unit != attribute.unit and model.name != first.name:
                what = f"'{path}' is in {attribute.unit} in model {model.ref}, and in {unit} in model {first.ref}."
                where = join_pointer("/attributes", path, "unit")
                hint = "Use one unit, or names that tell them apart."
                yield Lint(Finding(id="lint.unit", what=what, where=where, hint=hint), model=model)


def _unused(namespace: Namespace, nodes: list[Node]) -> Iterator[Lint]:
    """Models that no asset has, not even as a part; an older version of one in use is its history."""
    used: set[str] = set()
    waiting = [node.model for node in nodes if node.model]
    while waiting:
        ref = waiting.pop()
        model = namespace.registry.get(ref)
        if ref not in used and model is not None:
            used.add(ref)
            waiting += model.parts.values()
    latest: dict[str, int] = {}
    for ref in used:
        name, _, version = ref.partition("@")
        latest[name] = max(latest.get(name, 0), int(version))
    for model in _models(namespace):
        if model.ref not in used and model.version > latest.get(model.name, 0):
            what = f"no asset has the model {model.ref}."
            hint = "Use it in namespace.yaml, or remove it."
            yield Lint(Finding(id="lint.unused", what=what, where="/model", hint=hint), model=model)


def _deprecated(namespace: Namespace, nodes: list[Node], deprecated: Collection[str]) -> Iterator[Lint]:
    for node in nodes:
        if node.model in deprecated:
            name, _, version = node.model.partition("@")
            newer = [ref for ref in namespace.registry.names() if ref.partition("@")[0] == name]
            later = [ref for ref in newer if int(ref.partition("@")[2]) > int(version) and ref not in deprecated]
            what = f"'{node.path}' has the model {node.model}, which is deprecated."
            hint = f"Move it to {listed(later)}." if later else "Move it to another model."
            yield _of(node, "lint.deprecated", what, hint, key="model", near=later[-1] if later else "")


def _models(namespace: Namespace) -> Iterator[Model]:
    for ref in namespace.registry.names():
        model = namespace.registry.get(ref)
        if model is not None:
            yield model


def _of(node: Node, finding_id: str, what: str, hint: str, *, key: str = "", near: str = "") -> Lint:
    where = join_pointer(node.where, key) if key else node.where
    return Lint(Finding(id=finding_id, what=what, where=where, hint=hint, nearest=near), node=node)

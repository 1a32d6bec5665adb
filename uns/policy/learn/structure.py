"""Where does the equipment end and the attribute begin? Undeclared topics become assets with attributes.

The asset of a topic is its first level that has a value right below it, and the last named level at the latest. A level
below an asset is equipment of its own when it looks so (`_is_equipment`), else a folder of attributes.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from uns.policy.learn.learned import Told
from uns.policy.learn.profile import Profile
from uns.policy.names import is_pattern, is_wildcard
from uns.policy.namespace import Namespace
from uns.policy.node import Node
from uns.policy.tree import FILE, RESERVED
from uns.policy.tree_rules import MAX_DEPTH
from uns.registry.attribute import path_fault

MAX_FOLDER = 3
"""A folder below an asset with more values than this is equipment."""
_DIGITS = re.compile(r"[0-9]+")


class Found(msgspec.Struct):
    """One asset. equipment: the names of what stands below it. attributes: by path."""

    path: str
    attributes: dict[str, Profile]
    equipment: set[str]
    model: str = ""
    """Of an asset that is declared, whose attributes these are beside those of the model."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        return self.path.rpartition("/")[0]


class Level(msgspec.Struct):
    """One level of the observed topics. profile: of the topic that ends here, if one was seen."""

    members: dict[str, "Level"] = msgspec.field(default_factory=dict)
    topic: str = ""
    profile: Profile | None = None


class _Split(NamedTuple):
    """What stands right below an asset."""

    attributes: list[tuple[str, Level]]
    equipment: list[tuple[str, Level]]


def stem(name: str) -> str:
    """A name without its numbers: `line12` and `line_3` are of one kind."""
    return _DIGITS.sub("", name).strip("_-.")


def find_assets(namespace: Namespace, topics: Iterable[tuple[str, str, Profile]], told: list[Told]) -> list[Found]:
    """Assets of (topic as it shall be, topic as it was seen, profile), parents first. Those that are declared come with
    their model, and with what it lacks."""
    root = Level()
    for topic, seen, profile in topics:
        level = root
        for name in topic.split("/"):
            level = level.members.setdefault(name, Level())
        level.topic, level.profile = seen, profile
    return list(_Finder(namespace, told).walk(root, "", -1, namespace.root))


class _Finder:
    def __init__(self, namespace: Namespace, told: list[Told]) -> None:
        self._namespace = namespace
        self._told = told
        self._last = len(namespace.levels.names) - 1

    def walk(self, level: Level, path: str, depth: int, node: Node | None) -> Iterator[Found]:
        """node: what is declared there, if anything is."""
        fault = self._fault(path, depth, node)
        if fault:
            self._tell_all(level, "name", fault)
            return
        values = any(member.profile is not None for member in level.members.values())
        is_asset = depth >= 0 and (values or depth >= self._last)
        if is_asset and node is not None and node.model:
            yield from self._beside(level, path, depth, node)
            return
        if not is_asset:
            if depth < 0:
                for member in level.members.values():
                    if member.profile is not None:
                        self._tell(member, "place", "a value at the very top belongs to no equipment.")
            for name, member in sorted(level.members.items()):
                yield from self._below(member, path, name, depth, node)
            return
        split = self._split(level, depth, node)
        found = Found(path, {}, {name for name, _ in split.equipment})
        for name, member in split.attributes:
            found.attributes |= self._attributes(name, member)
        if found.attributes:
            yield found
        for name, member in split.equipment:
            yield from self._below(member, path, name, depth, node)

    def _below(self, level: Level, path: str, name: str, depth: int, node: Node | None) -> Iterator[Found]:
        below = f"{path}/{name}" if path else name
        declared = None if node is None else self._namespace.child(node, name)
        yield from self.walk(level, below, depth + 1, declared)

    def _beside(self, level: Level, path: str, depth: int, node: Node) -> Iterator[Found]:
        """Below an asset that is declared: what its model lacks, and equipment."""
        model = self._namespace.registry.get(node.model)
        if model is None or model.schema is not None:
            what = f"'{path}' is an asset of model {node.model}, which is a document of its own."
            self._tell_all(level, "place", what)
            return
        split = self._split(level, depth, node)
        found = Found(path, {}, {name for name, _ in split.equipment}, node.model)
        for name, member in split.attributes:
            if name in model.parts:
                self._tell_all(member, "place", f"'{name}' is a part of {node.model}: its own model can take this.")
            else:
                found.attributes |= self._attributes(name, member)
        if found.attributes:
            yield found
        for name, member in split.equipment:
            yield from self._below(member, path, name, depth, node)

    def _split(self, level: Level, depth: int, node: Node | None) -> _Split:
        split = _Split([], [])
        for name, member in sorted(level.members.items()):
            declared = None if node is None else self._namespace.child(node, name)
            deep = any(below.members for below in member.members.values())
            if declared is not None or self._is_equipment(name, member, level, depth + 1):
                if member.profile is not None:
                    self._tell(member, "place", "equipment stands below it, and equipment itself takes no value.")
                split.equipment.append((name, member))
            elif member.profile is not None and deep and depth + 1 <= self._last:
                self._tell(member, "place", "levels stand below it, and equipment itself takes no value.")
                split.equipment.append((name, member))
            else:
                split.attributes.append((name, member))
        return split

    def _is_equipment(self, name: str, level: Level, above: Level, depth: int) -> bool:
        """A folder on a named level that has folders, many values, or numbered siblings with the same values."""
        if level.profile is not None or depth > self._last or not level.members:
            return False
        if len(level.members) > MAX_FOLDER or any(member.members for member in level.members.values()):
            return True
        return any(
            other != name and stem(other) == stem(name) and sibling.members.keys() == level.members.keys()
            for other, sibling in above.members.items()
        )

    def _attributes(self, path: str, level: Level) -> Iterator[tuple[str, Profile]]:
        if level.profile is not None:
            fault = path_fault(path)
            if fault:
                self._tell(level, "name", f"'{path}' cannot be an attribute: {fault}.")
            else:
                yield path, level.profile
        for name, member in sorted(level.members.items()):
            yield from self._attributes(f"{path}/{name}", member)

    def _fault(self, path: str, depth: int, node: Node | None) -> str:
        """Why nothing can be declared there."""
        if node is not None:
            if node.template is not None:
                return f"'{path}' is admitted by a pattern: declare it by its name first."
            if node.file not in ("", FILE):
                return f"'{path}' is declared in {node.file}, and only {FILE} can hold what is below it here."
            return ""
        name, level = path.rpartition("/")[2], self._namespace.levels.name_of(depth)
        if depth >= MAX_DEPTH:
            return f"the tree is deeper than {MAX_DEPTH} levels."
        if name in RESERVED or is_wildcard(name) or is_pattern(name):
            return f"'{name}' has a meaning in namespace.yaml and cannot be the name of equipment."
        if not name or not self._namespace.naming.permits(level, name):
            rule = self._namespace.naming.text(level)
            return f"{level} '{name}' breaks the naming rule ({rule}): choose another place for this branch."
        return ""

    def _tell(self, level: Level, reason: str, what: str) -> None:
        self._told.append(Told(level.topic, reason, what))

    def _tell_all(self, level: Level, reason: str, what: str) -> None:
        waiting = [level]
        while waiting:
            each = waiting.pop()
            if each.profile is not None:
                self._tell(each, reason, what)
            waiting.extend(each.members.values())

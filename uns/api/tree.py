"""What lies below a path? The declared namespace and the live topics as one tree, a page at a time.

    declared (Namespace.children) ─┐
                                   ├─▶ Folder: the children of one path, naturally sorted ─▶ preorder walk ─▶ page
    live (broker.topics.children) ─┘

A page costs what it shows: the walk begins at the cursor by bisection, and the sorted children of a path are kept until
topics come or go. The empty name of a topic that begins with `/` is left out: a path cannot say it.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator

import msgspec

from uns.api.naturally import natural_key
from uns.api.values import has_value
from uns.broker import Broker, Current
from uns.clock import Clock
from uns.policy.namespace import Namespace

FOLDERS_KEPT = 1024
FOLDER_AGE_MS = 1000


class Child(msgspec.Struct, frozen=True, gc=False):
    """One name below a path: how many children the namespace declares there, and what the broker has there.

    declared: None when the name itself is not declared.
    """

    name: str
    declared: int | None
    live: Current | None
    live_children: int


class Folder(msgspec.Struct, frozen=True):
    """The children of one path, sorted, as of `made_ms` (monotonic) and of so many topics; it took `cost_ms`."""

    children: list[Child]
    topics: int
    made_ms: int
    cost_ms: int

    def is_fresh(self, topics: int, now_ms: int) -> bool:
        """May it still be shown? Sorting again must not take more than a twentieth of the time."""
        age_ms = now_ms - self.made_ms
        return age_ms < self.cost_ms * 20 or (topics == self.topics and age_ms <= FOLDER_AGE_MS)

    def position(self, name: str) -> int:
        """Where a name stands, or would stand."""
        return bisect_left(self.children, natural_key(name), key=lambda child: natural_key(child.name))


class Tree:
    """Walks the tree. Bounded: keeps the sorted children of the `FOLDERS_KEPT` paths used last."""

    def __init__(self, namespace: Namespace, broker: Broker, clock: Clock) -> None:
        self._namespace = namespace
        self._broker = broker
        self._clock = clock
        self._folders: OrderedDict[str, Folder] = OrderedDict()

    def folder(self, path: str) -> Folder:
        """The children of a path; "" is the root."""
        folder, topics, now_ms = self._folders.get(path), len(self._broker.topics), self._clock.monotonic_ms()
        if folder is None or not folder.is_fresh(topics, now_ms):
            children = self._children(path)
            made_ms = self._clock.monotonic_ms()
            folder = self._folders[path] = Folder(children, topics, made_ms, made_ms - now_ms)
        self._folders.move_to_end(path)
        if len(self._folders) > FOLDERS_KEPT:
            self._folders.popitem(last=False)
        return folder

    def find(self, topic: str) -> Child:
        """The child at a path, also where nothing is."""
        path, _, name = topic.rpartition("/")
        folder = self.folder(path)
        position = folder.position(name)
        if position < len(folder.children) and folder.children[position].name == name:
            return folder.children[position]
        return Child(name, None, None, 0)

    def count(self, path: str, child: Child) -> int:
        """How many children a child has itself, without sorting them where one side alone can tell."""
        if not child.declared or not child.live_children:
            return child.declared or child.live_children
        return len(self.folder(below(path, child.name)).children)

    def walk(self, path: str, depth: int, after: str = "") -> Iterator[tuple[str, Child, int]]:
        """(path of the parent, child, depth below `path`) in preorder, beginning behind the path `after`."""
        trail = self._trail(path, after, depth)
        while trail:
            parent, folder, position = trail.pop()
            if position >= len(folder.children):
                continue
            child = folder.children[position]
            trail.append((parent, folder, position + 1))
            level = len(trail)
            yield parent, child, level
            if level < depth:
                topic = below(parent, child.name)
                trail.append((topic, self.folder(topic), 0))

    def _trail(self, path: str, after: str, depth: int) -> list[tuple[str, Folder, int]]:
        """Where the walk stands right behind `after`: per level the folder and the next position in it."""
        folder = self.folder(path)
        if not after:
            return [(path, folder, 0)]
        trail: list[tuple[str, Folder, int]] = []
        names = after[len(path) + 1 if path else 0 :].split("/")
        for index, name in enumerate(names):
            position = folder.position(name)
            exists = position < len(folder.children) and folder.children[position].name == name
            trail.append((path, folder, position + exists))
            if not exists or index + 1 >= depth:
                break
            path = below(path, name)
            folder = self.folder(path)
            if index + 1 == len(names):
                trail.append((path, folder, 0))
        return trail

    def _children(self, path: str) -> list[Child]:
        declared = {child.name: child.children for child in self._namespace.children(path)}
        found = {name: Child(name, children, None, 0) for name, children in declared.items()}
        for name, current, live_children in self._broker.topics.children(path):
            if not name and not path:
                continue
            if name in found or self._is_live(below(path, name), current, live_children):
                found[name] = Child(name, declared.get(name), current, live_children)
        return sorted(found.values(), key=lambda child: natural_key(child.name))

    def _is_live(self, topic: str, current: Current | None, live_children: int) -> bool:
        """Is there a value here or below? The broker also knows topics that have only refused messages."""
        if has_value(current):
            return True
        return live_children > 0 and any(
            has_value(deeper) for _, deeper in self._broker.topics.matched_by(f"{topic}/#")
        )


def below(path: str, name: str) -> str:
    """The path of a child; a name may be empty, except at the root."""
    return f"{path}/{name}" if path else name

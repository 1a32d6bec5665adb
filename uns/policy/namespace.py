"""What is declared where: the equipment tree with owners, modes and models, and the attributes below each asset."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from uns.errors import Finding, UnsError, shorten
from uns.policy.alias import PathAliases
from uns.policy.names import fits
from uns.policy.naming import Naming
from uns.policy.node import Node
from uns.policy.verdict import Mode
from uns.registry import Attribute, Registry
from uns.topics import IsaPath, Levels, TopicTrie


class Kind(StrEnum):
    """What stands at a path of the namespace."""

    FOLDER = "folder"  # equipment without a model, or a level above attributes: takes no payload
    ASSET = "asset"  # equipment with a model
    ATTRIBUTE = "attribute"
    TOPIC = "topic"  # not declared: free, or not admitted


class Child(msgspec.Struct, frozen=True):
    """One declared member of a level. level: `site`, `area`, … or `attribute`. children: how many are right below."""

    name: str
    path: str
    kind: Kind
    level: str
    children: int


class TopicDescription(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the namespace says about one topic. owner, classification, mode and tags are inherited from above.

    mode_source: the path whose `mode` counts, "" when it is the default of the whole namespace.
    """

    topic: str
    kind: Kind
    levels: dict[str, str]
    level: str
    owner: str
    description: str
    classification: tuple[str, ...]
    model_ref: str
    attribute: Attribute | None
    mode: Mode
    mode_source: str
    open: bool
    tags: tuple[str, ...]


class Namespace:
    """The declared tree. It never changes: an edited namespace.yaml makes a new one."""

    def __init__(
        self,
        *,
        levels: Levels,
        naming: Naming,
        mode: Mode,
        root: Node,
        open_filters: Sequence[str],
        registry: Registry,
    ) -> None:
        self.levels = levels
        self.naming = naming
        self.mode = mode
        self.root = root
        self.open_filters = tuple(open_filters)
        self.registry = registry
        self.aliases = PathAliases()
        """Read last: what they lead to is looked up here."""
        self._open: TopicTrie[str] = TopicTrie()
        for topic_filter in self.open_filters:
            self._open.set(topic_filter, topic_filter)
        self._branches: dict[str, dict[str, dict[str, None]]] = {}
        self._by_name: dict[str, list[Node]] = {}
        for node in self.nodes():
            self._by_name.setdefault(node.name, []).append(node)

    def locate(self, topic: str) -> tuple[Node, str]:
        """(the deepest declared equipment of a topic, what follows it); the root when not even the first level is.

        `acme/` is not `acme`: a single empty level that follows is told as "/".
        """
        node, levels = self.root, topic.split("/")
        for index, level in enumerate(levels):
            child = self.child(node, level)
            if child is None:
                return node, "/".join(levels[index:]) or "/"
            node = child
        return node, ""

    def child(self, node: Node, name: str) -> Node | None:
        """The equipment of this name right below a level: declared so, or admitted by the first pattern that fits."""
        found = node.children.get(name)
        if found is None:
            found = next((each for each in node.patterns.values() if each.pattern and fits(each.pattern, name)), None)
            if found is None or not self.naming.permits(self.levels.name_of(node.depth + 1), name):
                return None
        return node.member(found, name)

    def attributes(self, node: Node) -> dict[str, Attribute]:
        """Attributes by path below an asset; none for a folder."""
        return self.registry.attributes(node.model) if node.model else {}

    def attribute(self, node: Node, rest: str) -> Attribute | None:
        return self.attributes(node).get(rest)

    def has_attribute_folder(self, node: Node, rest: str) -> bool:
        """Do attributes stand below `rest`, as `speed/setpoint` stands below `speed`?"""
        return rest in self._attribute_branches(node)

    def open_filter(self, topic: str) -> str:
        """The most specific `open` filter in force at a topic, or "".

        A declared attribute or level is named exactly, so no filter frees it. Below an asset only a filter that names
        the whole asset is more specific than the asset's model.
        """
        found = self._open.matching(topic)
        if not found:
            return ""
        node, rest = self.locate(topic)
        if not rest or self.attribute(node, rest) is not None:
            return ""
        if node.model and not (found[-1] == node.path or found[-1].startswith(node.path + "/")):
            return ""
        return found[-1]

    def mode_of(self, node: Node) -> tuple[Mode, str]:
        """(mode, path of the level that states it); the path "" is the default of the namespace."""
        for above in node.upwards():
            if above.mode is not None:
                return above.mode, above.path
        return self.mode, ""

    def set_mode(self, path: str, mode: Mode) -> None:
        """State another mode, for a what-if on a namespace that nothing is compiled from yet; "" is the default of all.

        Raises UnsError (`unknown.path`) where no level is declared.
        """
        if not path:
            self.mode = mode
            return
        node, rest = self.locate(path)
        if rest:
            what = f"no level '{shorten(path)}' is declared."
            raise UnsError(Finding(id="unknown.path", what=what, where=path, hint="Name a branch of namespace.yaml."))
        node.mode = mode

    def owner_of(self, node: Node) -> str:
        """The nearest stated owner, from the node upwards; the model's, when nobody in the tree is named."""
        stated = next((above.owner for above in node.upwards() if above.owner), "")
        model = None if stated else self.registry.get(node.model)
        return stated if model is None else model.owner

    def classification_of(self, node: Node) -> tuple[str, ...]:
        """The nearest stated classification, from the node upwards."""
        return next((above.classification for above in node.upwards() if above.classification), ())

    def describe(self, topic: str) -> TopicDescription:
        """What the namespace says about any topic, declared or not."""
        node, rest = self.locate(topic)
        attribute = self.attribute(node, rest)
        mode, mode_source = self.mode_of(node)
        open_filter = self.open_filter(topic)
        kind = self._kind(node, rest, attribute)
        if kind is Kind.TOPIC:
            level = "topic" if node.model or open_filter else self.levels.name_of(node.depth + 1)
        else:
            level = "attribute" if rest else self.levels.name_of(node.depth)
        description = attribute.description if attribute is not None else ("" if rest else node.description)
        equipment = tuple(node.path.split("/")) if node.path else ()
        return TopicDescription(
            topic=topic,
            kind=kind,
            levels=IsaPath(equipment, rest).named(self.levels),
            level=level,
            owner=self.owner_of(node),
            description=description,
            classification=self.classification_of(node),
            model_ref=node.model,
            attribute=attribute,
            mode=mode,
            mode_source=mode_source,
            open=bool(open_filter),
            tags=tuple(tag for above in node.upwards() for tag in above.tags),
        )

    def children(self, path: str) -> list[Child]:
        """What is declared right below a path, equipment first; "" is the top. Includes values never seen."""
        node, rest = self.locate(path) if path else (self.root, "")
        equipment = [] if rest else list(node.members())
        found = [
            Child(
                name=child.name,
                path=child.path,
                kind=Kind.ASSET if child.model else Kind.FOLDER,
                level=self.levels.name_of(child.depth),
                children=len(child.children) + len(self._attribute_branches(child).get("", ())),
            )
            for child in equipment
        ]
        branches, attributes = self._attribute_branches(node), self.attributes(node)
        for name in branches.get(rest, ()):
            below = f"{rest}/{name}" if rest else name
            kind = Kind.ATTRIBUTE if below in attributes else Kind.FOLDER
            found.append(Child(name, f"{node.path}/{below}", kind, "attribute", len(branches.get(below, ()))))
        return found

    def nodes(self) -> Iterator[Node]:
        """All equipment that is declared by name, parents before children."""
        return self._walk(patterns=False)

    def below(self, node: Node) -> Iterator[Node]:
        """A level and all equipment below it that is declared by name, also where a pattern admitted the level."""
        waiting = [node]
        while waiting:
            each = waiting.pop()
            yield each
            waiting.extend(reversed(list(each.members())))

    def entries(self) -> Iterator[Node]:
        """All that is declared, patterns too: those, and what is below them, have the pattern in their path."""
        return self._walk(patterns=True)

    def named(self, name: str) -> list[Node]:
        """Equipment of this name anywhere in the tree."""
        return self._by_name.get(name, [])

    def attribute_topics(self) -> Iterator[tuple[str, Node, Attribute]]:
        """(topic, asset, attribute) of every declared value, seen or not."""
        for node in self.nodes():
            for path, attribute in self.attributes(node).items():
                yield f"{node.path}/{path}" if path else node.path, node, attribute

    def dissolve(self) -> None:
        """Let go of the tree, when nobody uses the namespace now: see `Node.take_apart`."""
        self.root.take_apart()
        self._by_name.clear()

    def _walk(self, *, patterns: bool) -> Iterator[Node]:
        waiting = list(reversed(self.root.children.values()))
        while waiting:
            node = waiting.pop()
            yield node
            if patterns:
                waiting.extend(reversed(node.patterns.values()))
            waiting.extend(reversed(node.children.values()))

    def _kind(self, node: Node, rest: str, attribute: Attribute | None) -> Kind:
        if not rest:
            if node is self.root:
                return Kind.TOPIC
            return Kind.ASSET if node.model else Kind.FOLDER
        if attribute is not None:
            return Kind.ATTRIBUTE
        return Kind.FOLDER if self.has_attribute_folder(node, rest) else Kind.TOPIC

    def _attribute_branches(self, node: Node) -> dict[str, dict[str, None]]:
        """Attribute folder ("" is the asset itself) to the names right below it, in the model's order."""
        if not node.model:
            return {}
        known = self._branches.get(node.model)
        if known is None:
            known = self._branches[node.model] = {}
            for path in self.registry.attributes(node.model):
                levels = path.split("/") if path else []
                for depth, name in enumerate(levels):
                    known.setdefault("/".join(levels[:depth]), {})[name] = None
        return known

"""One trie for everything keyed by topic: subscriptions, access rules, contracts, retained values.

A key is a topic name or a topic filter; each key holds one value. Two questions are asked of it:
`matching(topic)` — which stored filters match this topic name (routing, access, contracts), and
`matched_by(filter)` — which stored topic names does this filter match (retained values on SUBSCRIBE, browse).
"""

from collections.abc import Iterator
from typing import Generic

from uns.topics.node import Node, V


class TopicTrie(Generic[V]):
    """Values by topic name or filter. A stored value must not be None."""

    def __init__(self) -> None:
        self._root: Node[V] = Node()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def get(self, key: str) -> V | None:
        """The value stored at exactly this key."""
        node = self._find(key)
        return None if node is None else node.value

    def set(self, key: str, value: V) -> None:
        """Store a value, replacing the one at this key."""
        node = self._root
        for level in key.split("/"):
            if node.children is None:
                node.children = {}
            child = node.children.get(level)
            if child is None:
                child = node.children[level] = Node()
            node = child
        if node.value is None:
            self._size += 1
        node.value = value

    def remove(self, key: str) -> V | None:
        """Take a value out and prune the branch; None when there was none."""
        levels = key.split("/")
        trail = [self._root]
        for level in levels:
            child = (trail[-1].children or {}).get(level)
            if child is None:
                return None
            trail.append(child)
        value, trail[-1].value = trail[-1].value, None
        if value is None:
            return None
        self._size -= 1
        for node, parent, level in zip(reversed(trail), reversed(trail[:-1]), reversed(levels), strict=False):
            if node.value is not None or node.children:
                break
            assert parent.children is not None
            del parent.children[level]
        return value

    def matching(self, topic: str) -> list[V]:
        """Values of every stored filter that matches a topic name, the most specific last.

        Specific means: compared level by level, a name beats `+`, and `+` beats `#`.
        """
        found: list[V] = []
        levels = topic.split("/")
        self._collect(self._root, levels, 0, topic[:1] == "$", found)
        return found

    def _collect(self, node: Node[V], levels: list[str], depth: int, dollar: bool, found: list[V]) -> None:
        children = node.children
        if children is not None and not dollar:
            rest = children.get("#")
            if rest is not None and rest.value is not None:
                found.append(rest.value)
        if depth == len(levels):
            if node.value is not None:
                found.append(node.value)
            return
        if children is None:
            return
        if not dollar:
            wild = children.get("+")
            if wild is not None:
                self._collect(wild, levels, depth + 1, False, found)
        child = children.get(levels[depth])
        if child is not None:
            self._collect(child, levels, depth + 1, False, found)

    def matched_by(self, topic_filter: str, max_nodes: int | None = None) -> Iterator[tuple[str, V]]:
        """(topic, value) of every stored topic name that the filter matches, in insertion order per branch.

        Raises OverflowError on the way when more than `max_nodes` nodes have to be looked at.
        """
        for found in self.search(topic_filter, max_nodes):
            if found is not None:
                yield found

    def search(
        self, topic_filter: str, max_nodes: int | None = None, pause_every: int = 0
    ) -> Iterator[tuple[str, V] | None]:
        """`matched_by`, which also yields None after each `pause_every` nodes, for a reader who must not search long.

        The trie may change between two steps: what is set or removed then may or may not be found.
        """
        looked = 0
        levels = topic_filter.split("/")
        left = -1 if max_nodes is None else max_nodes
        stack: list[tuple[Node[V], int, str | None]] = [(self._root, 0, None)]
        while stack:
            node, depth, path = stack.pop()
            if left == 0:
                raise OverflowError(f"'{topic_filter}' leads to more than {max_nodes} nodes")
            left -= 1
            looked += 1
            if looked == pause_every:
                looked = 0
                yield None
            level = levels[depth] if depth < len(levels) else None
            if (level is None or level == "#") and node.value is not None and path is not None:
                yield path, node.value
            if level is None or not node.children:
                continue
            if level == "#":
                picked, next_depth = list(node.children.items()), depth
            elif level == "+":
                picked, next_depth = list(node.children.items()), depth + 1
            else:
                child = node.children.get(level)
                picked, next_depth = [] if child is None else [(level, child)], depth + 1
            for name, child in reversed(picked):
                if path is None and name[:1] == "$" and level in ("+", "#"):
                    continue
                stack.append((child, next_depth, name if path is None else f"{path}/{name}"))

    def children(self, prefix: str) -> list[tuple[str, V | None, int]]:
        """(name, value or None, number of children) of each level right below a prefix; "" is the root."""
        node = self._find(prefix) if prefix else self._root
        if node is None or not node.children:
            return []
        return [(name, child.value, len(child.children or ())) for name, child in node.children.items()]

    def names(self, prefix: str) -> list[str]:
        """The names of the levels right below a prefix; "" is the root."""
        node = self._find(prefix) if prefix else self._root
        return [] if node is None or not node.children else list(node.children)

    def _find(self, key: str) -> Node[V] | None:
        node: Node[V] | None = self._root
        for level in key.split("/"):
            if node is None or node.children is None:
                return None
            node = node.children.get(level)
        return node

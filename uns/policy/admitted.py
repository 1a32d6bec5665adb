"""Which equipment has a pattern admitted by now? Nobody declares it by name: its names are those of live topics."""

from collections.abc import Callable, Iterator, Sequence

from uns.policy.namespace import Namespace
from uns.policy.node import Node

NamesBelow = Callable[[str], Sequence[str]]
"""The names right below a path that live topics have."""


def patterned(namespace: Namespace) -> list[Node]:
    """What is declared by its name and has a pattern right below."""
    return [node for node in namespace.nodes() if node.patterns]


def admitted(namespace: Namespace, nodes: Sequence[Node], names_below: NamesBelow) -> Iterator[Node | None]:
    """All equipment that the patterns of these levels admit, with what is declared below it; None for each other name
    that was looked at, so that a reader can stop in between."""
    for node in nodes:
        for name in names_below(node.path):
            member = None if name in node.children else namespace.child(node, name)
            if member is None:
                yield None
                continue
            for each in namespace.below(member):
                yield each
                if each.patterns:
                    yield from admitted(namespace, [each], names_below)

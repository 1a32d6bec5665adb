"""What is one declared level of the equipment, and how does a pattern become the equipment that it admits?"""

import re
from collections.abc import Iterator

import msgspec

from uns.policy.verdict import Mode


class Node(msgspec.Struct, eq=False):
    """One declared equipment level. owner, mode, classification: as stated here, not inherited. model: a ref, or "".

    patterns: members below that are declared by a pattern; each has `pattern`, and its key as name and in its path.
    template: what declares a level that a pattern admitted; None for one that is declared by its name.
    file, where: the plant file that declares it, and the JSON pointer into that.
    """

    path: str
    name: str
    parent: "Node | None" = None
    children: dict[str, "Node"] = {}
    owner: str = ""
    description: str = ""
    classification: tuple[str, ...] = ()
    model: str = ""
    mode: Mode | None = None
    tags: tuple[str, ...] = ()
    patterns: dict[str, "Node"] = {}
    pattern: re.Pattern[str] | None = None
    template: "Node | None" = None
    file: str = ""
    where: str = ""

    @property
    def depth(self) -> int:
        """0 is the enterprise; the root above it, which has no name, is -1."""
        return self.path.count("/") if self.path else -1

    def upwards(self) -> Iterator["Node"]:
        """This level and those above it, up to the root."""
        above: Node | None = self
        while above is not None:
            yield above
            above = above.parent

    def take_apart(self) -> None:
        """Undo the ties between this level and all below it, which nobody uses now: they lead to each other, and would
        stay in memory until the garbage collector looks at everything, which on a server it hardly ever does."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            waiting += [*node.children.values(), *node.patterns.values()]
            node.parent, node.template = None, None
            node.children, node.patterns = {}, {}

    def member(self, declared: "Node", name: str) -> "Node":
        """A declared child or pattern as it stands below this level, which a pattern may have admitted."""
        if declared.parent is self and declared.pattern is None:
            return declared
        path = f"{self.path}/{name}"
        return msgspec.structs.replace(declared, path=path, name=name, parent=self, pattern=None, template=declared)

    def members(self) -> Iterator["Node"]:
        """What is declared by name right below."""
        for name, child in self.children.items():
            yield self.member(child, name)

    def known(self) -> list[str]:
        """The names and patterns right below, as they are declared."""
        return [*self.children, *self.patterns]

"""What may stand in the tree, whichever file declares it: names, models, modes, and no two things on one path."""

import re

from uns.errors import Finding, UnsError, nearest
from uns.policy.names import compile_pattern, fits
from uns.policy.naming import Naming
from uns.policy.node import Node
from uns.policy.verdict import Mode
from uns.registry import Registry
from uns.sparkplug.topic import NAMESPACE
from uns.topics import Levels

MAX_DEPTH = 32
MAX_NODES = 100_000
"""Of one tree, wildcards expanded: `{1..300}` on three levels must not fill the memory."""


class TreeRules:
    """Answers with a finding whose `where` is empty: the caller knows the place."""

    def __init__(self, levels: Levels, naming: Naming, registry: Registry) -> None:
        self.levels = levels
        self.naming = naming
        self._registry = registry
        self._models: dict[str, Finding | None] = {}

    def name_finding(self, depth: int, name: str) -> Finding | None:
        level = self.levels.name_of(depth)
        if not name or any(char in "+#/\0" for char in name) or (depth == 0 and name[0] == "$"):
            what = f"'{name}' cannot be a topic level: a level is not empty and holds no '/', '+' or '#'."
            return Finding(id="namespace.name", what=what, hint="Nest the levels, one per line.")
        if depth == 0 and name == NAMESPACE:
            return Finding(
                id="namespace.name", what=f"'{NAMESPACE}' is the namespace of Sparkplug B.", hint="Rename it."
            )
        if not self.naming.permits(level, name):
            what = f"{level} '{name}' breaks the naming rule ({self.naming.text(level)})."
            return Finding(id="namespace.name", what=what, hint="Rename it, or change 'naming'.")
        return None

    def pattern(self, depth: int, name: str) -> re.Pattern[str] | Finding:
        """The expression of a key that is a pattern, or why it is none."""
        if depth == 0:
            return Finding(id="namespace.pattern", what="the first level is declared by its name, not by a pattern.")
        try:
            return compile_pattern(name)
        except ValueError as error:
            return Finding(
                id="namespace.pattern",
                what=f"'{name}' cannot be used as a pattern: {error}.",
                hint="Write '~' and a regular expression for the whole name, such as ~press[0-9]+.",
            )

    def model_finding(self, ref: str) -> Finding | None:
        if ref not in self._models:
            self._models[ref] = self._model_finding(ref)
        return self._models[ref]

    def _model_finding(self, ref: str) -> Finding | None:
        finding = self._registry.reference_finding(ref)
        if finding is not None:
            return Finding(id="namespace.model", what=finding.what, hint=finding.hint, nearest=finding.nearest)
        try:
            self._registry.attributes(ref)
        except UnsError as error:
            return Finding(id="namespace.model", what=f"model {ref} is not usable: {error.finding.what}")
        return None

    def collision(self, node: Node, name: str) -> Finding | None:
        """Why a member cannot stand below an asset, whose attributes take their paths."""
        if not node.model:
            return None
        taken = {path.split("/")[0] for path in self._registry.attributes(node.model)}
        pattern = node.patterns[name].pattern if name in node.patterns else None
        hit = name if name in taken else next((each for each in taken if pattern and fits(pattern, each)), "")
        if not hit:
            return None
        which = f"'{name}' is equipment" if hit == name else f"'{name}' admits '{hit}' as equipment"
        what = f"{which} below '{node.path}' and also an attribute of its model {node.model}."
        return Finding(id="namespace.collision", what=what, hint="Rename one of them.")


def mode_finding(word: str) -> Finding | None:
    if word in list(Mode):
        return None
    known = ", ".join(Mode)
    return Finding(id="namespace.mode", what=f"'{word}' is no mode (known: {known}).", nearest=nearest(word, Mode))

"""May this equipment be called so? The naming rule of a plant: one for all levels, or one of its own per level."""

import re
from typing import Any

import msgspec

from uns.errors import Finding
from uns.registry.document import Fields, kind_of
from uns.topics import Levels

DEFAULT_RULE = "[a-z0-9][a-z0-9_-]*"


class Naming(msgspec.Struct, frozen=True):
    """rule: a regular expression that a whole name must match. by_level: a rule, or the permitted names, of a level."""

    rule: str = DEFAULT_RULE
    by_level: dict[str, str | tuple[str, ...]] = {}

    def text(self, level: str) -> str:
        """The rule of a level, to be shown to people."""
        rule = self.by_level.get(level, self.rule)
        return rule if isinstance(rule, str) else f"one of {', '.join(rule)}"

    def permits(self, level: str, name: str) -> bool:
        rule = self.by_level.get(level, self.rule)
        return re.fullmatch(rule, name) is not None if isinstance(rule, str) else name in rule


def read_naming(fields: Fields, levels: Levels) -> Naming:
    """`naming` of namespace.yaml: one regular expression, or a mapping of `default` and levels to rules or lists."""
    stated = fields.document.get("naming")
    if stated is None:
        return Naming()
    if isinstance(stated, str):
        return Naming(rule=_read_rule(stated, fields, fields.pointer("naming")) or DEFAULT_RULE)
    rules = Fields(stated, fields.findings, fields.pointer("naming"), known=("default", *levels.names))
    by_level: dict[str, str | tuple[str, ...]] = {}
    default = DEFAULT_RULE
    for level, rule in rules.document.items():
        read = _read_level_rule(level, rule, rules)
        if level == "default" and isinstance(read, str):
            default = read or DEFAULT_RULE
        elif read:
            by_level[level] = read
    return Naming(rule=default, by_level=by_level)


def _read_level_rule(level: str, rule: Any, rules: Fields) -> str | tuple[str, ...]:
    if isinstance(rule, list) and level != "default":
        return rules.texts(level)
    if isinstance(rule, str):
        return _read_rule(rule, rules, rules.pointer(level))
    what = f"expected a regular expression or a list of names, found {kind_of(rule)}."
    rules.refuse("namespace.naming", level, what)
    return ""


def _read_rule(rule: str, fields: Fields, where: str) -> str:
    try:
        re.compile(rule)
    except re.error as error:
        what = f"'{rule}' is no regular expression: {error}."
        fields.findings.append(Finding(id="namespace.naming", what=what, where=where))
        return ""
    return rule

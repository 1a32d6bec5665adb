"""How does a branch of the equipment get another name, or another place, in the files that declare it?"""

import textwrap
from typing import Any

import yaml

from uns.app.edit.marks import is_alias, last_line, no_place
from uns.app.edit.member import read_back, set_member
from uns.app.edit.row import set_cells
from uns.app.edit.yaml_text import key_text
from uns.app.plant import Plant
from uns.app.plant.yaml_file import compose
from uns.errors import Finding, UnsError, nearest
from uns.policy.alias import PathAlias
from uns.policy.alias_file import alias_document
from uns.policy.namespace import Kind, Namespace
from uns.policy.tree import FILE
from uns.registry.pointer import to_pointer


def move_branch(plant: Plant, alias: PathAlias) -> dict[str, bytes]:
    """The files that are other when `alias.old` is `alias.new`, by path; the alias itself is one more entry.

    Raises UnsError: `unknown.path` for a branch, or a level above its new place, that nothing declares; `plant.exists`
    where something stands already; `govern.place` for what no entry of its own declares, or cannot be edited.
    """
    _demand_movable(plant.namespace, alias)
    files = plant.files.governed
    changed: dict[str, bytes] = {}
    for name in plant.files.folder("assets"):
        content = _moved_rows(plant.namespace, name, files[name], alias)
        if content != files[name]:
            changed[name] = content
    text = files[FILE].decode("utf-8-sig")
    node, _ = plant.namespace.locate(alias.old)
    if node.file == FILE:
        text = move_entry(text, alias.old.split("/"), alias.new.split("/"))
    changed[FILE] = _with_alias(text, plant.namespace, alias).encode()
    return changed


def _with_alias(text: str, namespace: Namespace, alias: PathAlias) -> str:
    """One more alias. Those that led to the branch lead to its new place, and those from what is declared then go."""
    gone = [each for each in namespace.aliases if _is_declared(namespace, alias, each.old)]
    if len(gone) == len(namespace.aliases):
        text = set_member(text, "/aliases", None, FILE)
    else:
        for each in reversed(list(namespace.aliases)):  # the last first: the places of the others stay
            if each in gone:
                text = set_member(text, each.where, None, FILE)
            elif f"{each.new}/".startswith(f"{alias.old}/"):
                text = set_member(text, f"{each.where}/to", alias.renamed(each.new), FILE)
    return set_member(text, "/aliases/-", alias_document(alias), FILE)


def move_entry(text: str, old: list[str], new: list[str]) -> str:
    """The text of namespace.yaml with one entry of its tree elsewhere, and with its comments. old, new: the levels."""
    holder, key, below = _entry(text, old)
    if old[:-1] == new[:-1]:
        made: str | None = _spliced(text, key, key_text(new[-1]))
    else:
        made = _carried(text, holder, key, below, new)
    data = read_back(text, FILE)
    if made is not None and _levels(read_back(made, FILE)) == _levels(_moved(data, old, new)):
        return made
    entry, is_only = _value(data["tree"], old), len(_value(data["tree"], old[:-1])) == 1
    left = ["tree", *(old[:-1] if is_only else old)]
    without = set_member(text, to_pointer(left), {} if is_only else None, FILE)
    return set_member(without, to_pointer(["tree", *new]), entry or {}, FILE)


def _is_declared(namespace: Namespace, alias: PathAlias, path: str) -> bool:
    """Is a path declared once the branch has moved?"""
    below = f"{path}/".startswith(f"{alias.new}/")
    return below and namespace.describe(alias.former(path)).kind is not Kind.TOPIC


def _demand_movable(namespace: Namespace, alias: PathAlias) -> None:
    node, rest = namespace.locate(alias.old)
    if rest or not alias.old:
        what = f"no branch '{alias.old}' is declared."
        raise UnsError(Finding(id="unknown.path", what=what, where=alias.old, nearest=_nearest(namespace, alias.old)))
    own = node.file != FILE or node.where == to_pointer(["tree", *alias.old.split("/")])
    if node.template is not None or not own:
        declared = node.where.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        raise no_place(FILE, f"'{alias.old}' has no entry of its own, '{declared}' declares it", 1)
    if f"{alias.new}/".startswith(f"{alias.old}/"):
        what = f"'{alias.new}' is at or below '{alias.old}' itself."
        raise UnsError(Finding(id="namespace.alias", what=what, hint="Move it somewhere else."))
    above = alias.new.rpartition("/")[0]
    if above and namespace.locate(above)[1]:
        what = f"no branch '{above}' is declared, to put '{alias.old}' below it."
        hint = "Declare it in namespace.yaml first."
        raise UnsError(
            Finding(id="unknown.path", what=what, where=above, hint=hint, nearest=_nearest(namespace, above))
        )
    if namespace.locate(above)[0].template is not None:
        raise no_place(FILE, f"'{above}' has no entry of its own, a pattern admits it", 1)
    if not namespace.locate(alias.new)[1]:
        what = f"'{alias.new}' is declared already."
        raise UnsError(Finding(id="plant.exists", what=what, where=alias.new, hint="Give it a name that is free."))


def _nearest(namespace: Namespace, path: str) -> str:
    node, rest = namespace.locate(path)
    meant = nearest(rest.partition("/")[0], node.children)
    return "/".join(filter(None, (node.path, meant))) if meant else ""


# --- namespace.yaml -----------------------------------------------------------------------------------------------


def _spliced(text: str, key: Any, told: str) -> str:
    """The text with another key."""
    lines, start, end = text.split("\n"), key.start_mark, key.end_mark
    lines[start.line] = f"{lines[start.line][: start.column]}{told}{lines[start.line][end.column :]}"
    return "\n".join(lines)


def _entry(text: str, levels: list[str]) -> tuple[Any, Any, Any]:
    """(the mapping that holds it, key, value) of an entry of the tree."""
    holder, key, below = None, None, compose(text)
    for name in ("tree", *levels):
        holder, line = below, 1 if key is None else key.start_mark.line + 1
        found = next((each for each in getattr(below, "value", ()) if each[0].value == name), None)
        if found is None or is_alias(*found):
            raise no_place(FILE, f"'{name}' stands in an anchor or an alias", line)
        key, below = found
    return holder, key, below


def _carried(text: str, holder: Any, key: Any, below: Any, new: list[str]) -> str | None:
    """The lines of the entry below another level; None where either of them is written in braces."""
    try:
        _, _, target = _entry(text, new[:-1])
    except UnsError:
        return None  # a wildcard declares it: it gets an entry of its own
    if holder.flow_style or not isinstance(target, yaml.MappingNode) or target.flow_style:
        return None
    lines, start, end = text.split("\n"), key.start_mark.line, last_line(below) + 1
    while start and lines[start - 1].strip().startswith("#") and _indent(lines[start - 1]) == key.start_mark.column:
        start -= 1  # what is said above the entry goes with it
    taken = lines[start:end]
    taken[key.start_mark.line - start] = (
        f"{' ' * key.start_mark.column}{key_text(new[-1])}{lines[key.end_mark.line][key.end_mark.column :]}"
    )
    pad = " " * target.value[0][0].start_mark.column
    put = textwrap.indent(textwrap.dedent("\n".join(taken)), pad).split("\n")
    at = last_line(target) + 1
    if start <= at < end or at == end:  # the entry is the last of what it goes into
        return None
    if at > start:
        return "\n".join([*lines[:start], *lines[end:at], *put, *lines[at:]])
    return "\n".join([*lines[:at], *put, *lines[at:start], *lines[end:]])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _moved(data: Any, old: list[str], new: list[str]) -> Any:
    """What the document says afterwards."""
    tree = data["tree"]
    entry = _value(tree, old)
    return data | {"tree": _with(_without(tree, old), new, entry)}


def _levels(data: Any) -> Any:
    """A document to compare: a level that states nothing is one of no members."""
    return data | {"tree": _filled(data["tree"])}


def _filled(entry: Any) -> Any:
    if entry is None or isinstance(entry, dict):
        return {name: _filled(below) for name, below in (entry or {}).items()}
    return entry


def _value(tree: Any, levels: list[str]) -> Any:
    for name in levels:
        tree = tree[name]
    return tree


def _without(tree: dict[str, Any], levels: list[str]) -> dict[str, Any]:
    name, *rest = levels
    if not rest:
        return {key: value for key, value in tree.items() if key != name}
    return tree | {name: _without(tree[name], rest)}


def _with(tree: Any, levels: list[str], entry: Any) -> dict[str, Any]:
    name, *rest = levels
    known = tree or {}
    return known | {name: _with(known.get(name), rest, entry) if rest else entry}


# --- assets/*.csv -------------------------------------------------------------------------------------------------


def _moved_rows(namespace: Namespace, name: str, content: bytes, alias: PathAlias) -> bytes:
    node, _ = namespace.locate(alias.old)
    for each in namespace.below(node):
        if each.file == name:
            row = int(each.where.split("/")[1])
            content = set_cells(content, row, {"path": alias.renamed(each.path)}, name)
    return content

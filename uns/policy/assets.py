"""Equipment in rows: what a table of assets declares, how it joins the tree, and how the tree is written as one."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from uns.errors import Finding, nearest
from uns.policy.node import Node
from uns.policy.tree_rules import MAX_DEPTH, MAX_NODES, TreeRules, mode_finding
from uns.policy.verdict import Mode
from uns.registry.pointer import join_pointer

COLUMNS = ("path", "model", "owner", "description", "classification", "mode", "tags")
SEPARATOR = "|"
"""Between several tags or classifications in one cell; `\\|` is the character itself, and `\\\\` a backslash."""

_ESCAPED = re.compile(r"\\(.)|\|", re.DOTALL)


class AssetTable(msgspec.Struct):
    """rows: column to text, a column that is left out is empty. A finding's `where` is `/ROW/COLUMN`, rows from 0."""

    file: str
    rows: list[dict[str, str]]
    findings: list[Finding] = []

    def refuse(self, row: int, column: str, finding: Finding) -> None:
        self.findings.append(msgspec.structs.replace(finding, where=join_pointer("", row, column)))


def add_assets(root: Node, tables: Sequence[AssetTable], rules: TreeRules) -> None:
    """Put the equipment of all tables into the tree. What is wrong is noted in its table and left out."""
    known = {node.path: node for node in _everything(root)}
    rows = [(table, index, row) for table in tables for index, row in enumerate(table.rows)]
    rows.sort(key=lambda entry: entry[2].get("path", "").count("/"))  # a level may stand after what is below it
    if len(known) + len(rows) > MAX_NODES and rows:
        what = f"with this table the tree has more than {MAX_NODES} levels."
        rows[0][0].refuse(0, "path", Finding(id="namespace.expansion", what=what, hint="Split the plant."))
        return
    for table, index, row in rows:
        node = _read_row(table, index, row, known, rules)
        if node is not None:
            known[node.path] = node


def row_of(node: Node) -> dict[str, str]:
    """A node as the row that declares it: what it states itself, nothing inherited."""
    return {
        "path": node.path,
        "model": node.model,
        "owner": node.owner,
        "description": node.description,
        "classification": join_cell(node.classification),
        "mode": node.mode or "",
        "tags": join_cell(node.tags),
    }


def join_cell(texts: Iterable[str]) -> str:
    return SEPARATOR.join(text.replace("\\", "\\\\").replace(SEPARATOR, f"\\{SEPARATOR}") for text in texts)


def split_cell(cell: str) -> tuple[str, ...]:
    """The texts of a cell; empty ones do not count."""
    texts, start, text = [], 0, ""
    for found in _ESCAPED.finditer(cell):
        text += cell[start : found.start()]
        start = found.end()
        if found[1] is not None:
            text += found[1]
        else:
            texts.append(text)
            text = ""
    texts.append(text + cell[start:])
    return tuple(text for text in texts if text)


def _read_row(
    table: AssetTable, index: int, row: dict[str, str], known: dict[str, Node], rules: TreeRules
) -> Node | None:
    path = row.get("path", "").strip()
    above, _, name = path.rpartition("/")
    parent = known.get(above)
    fault = _path_finding(path, above, parent, known, rules)
    if fault is not None or parent is None:
        if fault is not None:
            table.refuse(index, "path", fault)
        return None
    node = Node(
        path=path,
        name=name,
        parent=parent,
        owner=row.get("owner", ""),
        description=row.get("description", ""),
        classification=split_cell(row.get("classification", "")),
        model=_read_model(table, index, row, rules),
        mode=_read_mode(table, index, row),
        tags=split_cell(row.get("tags", "")),
        file=table.file,
        where=join_pointer("", index),
    )
    parent.children[name] = node
    collision = rules.collision(parent, name)
    if collision is not None:
        table.refuse(index, "path", collision)
    return node


def _path_finding(
    path: str, above: str, parent: Node | None, known: dict[str, Node], rules: TreeRules
) -> Finding | None:
    if not path:
        return Finding(id="namespace.name", what="the row names no path.", hint="Write it, such as acme/ghent/line1.")
    if path in known:
        other = known[path]
        what = f"'{path}' is also declared in {other.file}."
        return Finding(id="namespace.twice", what=what, hint="Declare it once.")
    if parent is None:
        what = f"'{path}' stands below '{above}', which nothing declares."
        hint = f"Declare '{above}' in namespace.yaml, or in a row of its own."
        return Finding(id="namespace.parent", what=what, hint=hint, nearest=_nearest_path(above, known))
    if parent.depth + 1 >= MAX_DEPTH:
        return Finding(id="namespace.depth", what=f"the tree is deeper than {MAX_DEPTH} levels.")
    return rules.name_finding(parent.depth + 1, path.rpartition("/")[2])


def _nearest_path(path: str, known: dict[str, Node]) -> str:
    """The declared path most like one: the nearest name at the first level that is not declared."""
    node = known[""]
    levels = path.split("/")
    for index, level in enumerate(levels):
        child = node.children.get(level)
        if child is None:
            meant = nearest(level, node.children)
            mended = "/".join([*levels[:index], meant, *levels[index + 1 :]])
            return mended if meant and mended in known else ""
        node = child
    return ""


def _read_model(table: AssetTable, index: int, row: dict[str, str], rules: TreeRules) -> str:
    ref = row.get("model", "").strip()
    finding = rules.model_finding(ref) if ref else None
    if finding is None:
        return ref
    table.refuse(index, "model", finding)
    return ""


def _read_mode(table: AssetTable, index: int, row: dict[str, str]) -> Mode | None:
    word = row.get("mode", "").strip()
    finding = mode_finding(word) if word else None
    if finding is not None:
        table.refuse(index, "mode", finding)
        return None
    return Mode(word) if word else None


def _everything(root: Node) -> Iterable[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.children.values())

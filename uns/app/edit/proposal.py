"""What becomes of the plant files when a proposal for a group of violations is carried out?"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from uns.app.edit.member import set_member
from uns.app.edit.row import add_row, set_cells
from uns.app.plant import Plant
from uns.app.plant.directory import file_changes
from uns.errors import Finding, UnsError, nearest
from uns.policy.alias import PathAlias
from uns.policy.alias_file import alias_document
from uns.policy.namespace import Namespace
from uns.policy.node import Node
from uns.policy.plan import FileChange
from uns.policy.propose import Edit, NewVersion, Proposal, TreeEntry
from uns.policy.tree import FILE
from uns.registry.pointer import join_pointer


def carry_out(
    proposal: Proposal, plant: Plant, why: str, before: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """The files that are new or other then, by path. before: those that were so already. why: kept in the changelog of
    a new version, and with an alias.

    Raises UnsError: `plant.exists` for a model whose file is there already, `govern.place` where a file is written in
    a way that nobody can say where the change belongs.
    """
    changed = dict(before or {})
    files = _Files(plant.files.governed, changed)
    for version in proposal.versions:
        _write_version(version, plant, files, f"{proposal.sentence} {why}".strip())
    for entry in proposal.tree:
        if entry.is_new:
            _declare(entry, plant.namespace, files)
        else:
            _state(entry, plant.namespace, files)
    if proposal.rewrite is not None:
        add_alias(files, PathAlias(proposal.rewrite.topic, proposal.rewrite.to, why=why))
    return changed


def changes_after(versions: Iterable[NewVersion], plant: Plant, files: Mapping[str, bytes]) -> list[FileChange]:
    """What differs in each of these files; a new version of a model is compared with the one that it follows.

    files: those that are new or other then, by path.
    """
    before, models = plant.files.governed, plant.file_lines.models
    bases = {file_of(version.ref): models[version.base] for version in versions if version.base}
    known = {name: before[bases.get(name, name)] for name in files if bases.get(name, name) in before}
    return [
        msgspec.structs.replace(change, kind="added") if change.name in bases else change
        for change in file_changes(known, files)
    ]


def file_of(ref: str) -> str:
    """Where a version of a model is written when nobody has put it elsewhere."""
    name, _, number = ref.partition("@")
    return f"models/{name}.v{number}.yaml"


class _Files:
    """The files as they are with what has changed so far."""

    def __init__(self, before: Mapping[str, bytes], changed: dict[str, bytes]) -> None:
        self._before = before
        self._changed = changed

    def __contains__(self, name: str) -> bool:
        return name in self._before or name in self._changed

    def read(self, name: str) -> bytes:
        return self._changed.get(name) or self._before.get(name, b"")

    def text(self, name: str) -> str:
        return self.read(name).decode("utf-8-sig")

    def write(self, name: str, content: str | bytes) -> None:
        self._changed[name] = content.encode() if isinstance(content, str) else content

    def set(self, name: str, pointer: str, value: Any) -> None:
        self.write(name, set_member(self.text(name), pointer, value, name))


# --- models -------------------------------------------------------------------------------------------------------


def _write_version(version: NewVersion, plant: Plant, files: _Files, changelog: str) -> None:
    file = file_of(version.ref)
    if file in files:
        what = f"{file} exists already."
        raise UnsError(Finding(id="plant.exists", what=what, where=file, hint="Apply or remove it, then try again."))
    edits = list(version.edits)
    if version.base:
        text = files.text(_file_of_base(version.base, plant))
        edits += [Edit(pointer, None) for pointer in ("/deprecated", "/replaced_by", "/status")]
        edits.append(Edit("/changelog", changelog))
    else:
        text = f"model: {version.ref.partition('@')[0]}\n"
        edits.append(Edit("/description", changelog))
    for edit in edits:
        text = set_member(text, edit.pointer, edit.value, file)
    files.write(file, text)


def _file_of_base(ref: str, plant: Plant) -> str:
    known = plant.file_lines.models
    if ref not in known:
        what = f"these files hold no model {ref}, which the next version would follow."
        hint = "Bring them to what runs on the server ('uns export'), then try again."
        raise UnsError(Finding(id="unknown.model", what=what, where=ref, hint=hint, nearest=nearest(ref, known)))
    return known[ref]


# --- equipment ----------------------------------------------------------------------------------------------------


def _state(entry: TreeEntry, namespace: Namespace, files: _Files) -> None:
    """Keys of what is declared: where a wildcard or a pattern declares it, of all that it stands for."""
    node, rest = namespace.locate(entry.path)
    if rest:
        what = f"these files declare no '{entry.path}'."
        hint = "Bring them to what runs on the server ('uns export'), then try again."
        raise UnsError(Finding(id="unknown.path", what=what, where=entry.path, hint=hint))
    if node.file != FILE:
        files.write(node.file, set_cells(files.read(node.file), _row(node), entry.keys, node.file))
        return
    for key, value in entry.keys.items():
        files.set(FILE, join_pointer(node.where, key), value)


def _declare(entry: TreeEntry, namespace: Namespace, files: _Files) -> None:
    """New equipment: a row where the level above is one, else an entry that names it exactly."""
    node, _ = namespace.locate(entry.path)
    if node.file and node.file != FILE:
        files.write(node.file, add_row(files.read(node.file), {"path": entry.path} | entry.keys, node.file))
        return
    rest = entry.path[len(node.path) :].strip("/").split("/")
    if entry.keys:  # else it comes with what is below it
        files.set(FILE, join_pointer(_pointer(node), *rest), entry.keys)


def _pointer(node: Node) -> str:
    """Where what is declared right below a level is written: a wildcard's member has an entry of its own for that,
    and what a pattern admits has not, since such an entry would take the place of the pattern."""
    if node.parent is None:
        return "/tree"
    return node.where if node.template is not None else join_pointer(_pointer(node.parent), node.name)


def _row(node: Node) -> int:
    return int(node.where.split("/")[1])


# --- aliases ------------------------------------------------------------------------------------------------------


def add_alias(files: _Files, alias: PathAlias) -> None:
    """One more entry of `aliases` in namespace.yaml."""
    files.set(FILE, "/aliases/-", alias_document(alias))

"""How do plant files get into their directory all together, or not at all?"""

import contextlib
import difflib
import os
from collections.abc import Mapping
from pathlib import Path

from uns.errors import Finding, UnsError
from uns.policy.plan import FileChange

DIFF_LINES = 400
_NEW = ".uns-new"


def file_changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[FileChange]:
    """What differs between two sets of plant files, with a unified diff each, cut after `DIFF_LINES`."""
    changes = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        kind = "added" if old is None else "removed" if new is None else "changed"
        changes.append(FileChange(name, kind, _diff(name, old or b"", new or b"")))
    return changes


def _diff(name: str, old: bytes, new: bytes) -> str:
    before, after = (content.decode("utf-8", "replace").splitlines(keepends=True) for content in (old, new))
    lines = list(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", n=2))
    shown = [line if line.endswith("\n") else f"{line}\n" for line in lines[:DIFF_LINES]]
    if len(lines) > DIFF_LINES:
        shown.append(f"… {len(lines) - DIFF_LINES} more lines\n")
    return "".join(shown)


def write_files(directory: Path, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
    """Make the directory hold `after` where it held `before`; other files stay.

    All new contents are on disk before the first file is replaced. Raises UnsError (`govern.write_failed`) with the
    directory as it was.
    """
    changed = {name: content for name, content in after.items() if before.get(name) != content}
    removed = [name for name in before if name not in after]
    done: list[str] = []
    try:
        for name, content in changed.items():
            _write(directory / f"{name}{_NEW}", content)
        for name in changed:
            os.replace(directory / f"{name}{_NEW}", directory / name)
            done.append(name)
        for name in removed:
            (directory / name).unlink(missing_ok=True)
            done.append(name)
        _sync_folders(directory, (*changed, *removed))
    except OSError as error:
        lost = _restore(directory, before, done, changed)
        outcome = f"these could not be put back: {', '.join(lost)}" if lost else "nothing has changed"
        raise UnsError(
            Finding(
                id="govern.write_failed",
                what=f"the plant directory cannot be written ({error.strerror or error}); {outcome}.",
                where=str(directory),
                hint="Make it writable for the server, or edit the files where they come from and apply them again.",
            )
        ) from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _restore(directory: Path, before: Mapping[str, bytes], done: list[str], changed: Mapping[str, bytes]) -> list[str]:
    """Put back what was there; returns the names of the files where that fails too."""
    lost = []
    for name in changed:
        with contextlib.suppress(OSError):  # nobody reads it, and the next write replaces it
            (directory / f"{name}{_NEW}").unlink(missing_ok=True)
    for name in done:
        try:
            if name in before:
                (directory / name).write_bytes(before[name])
            else:
                (directory / name).unlink(missing_ok=True)
        except OSError:
            lost.append(name)
    return lost


def _sync_folders(directory: Path, names: tuple[str, ...]) -> None:
    for folder in {(directory / name).parent for name in names}:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

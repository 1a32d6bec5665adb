"""Which files make up a plant directory, and what do they hold? Read at once, so that nothing changes under a reader.

The settings, `uns.yaml`, stand apart: they say how one server runs, and the rest says what is governed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

SETTINGS = "uns.yaml"
SINGLE = ("namespace.yaml", "access.yaml")
FOLDERS = {"models": (".yaml", ".yml"), "sources": (".yaml", ".yml")}
"""Folder to the suffixes that are read in it."""


class PlantFiles(msgspec.Struct, frozen=True):
    """contents: by path relative to the directory, with `/`. unreadable: path to what the system said.

    others: what else lies at the top of the directory; nobody reads it, and `uns check` says so.
    """

    contents: Mapping[str, bytes]
    unreadable: Mapping[str, str] = {}
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, directory: Path) -> "PlantFiles":
        """Every file of a directory that something reads. A directory that is missing has none."""
        contents: dict[str, bytes] = {}
        unreadable: dict[str, str] = {}
        others = []
        for path in sorted(directory.glob("*")) if directory.is_dir() else []:
            found = list(_members(path))
            if not found and path.name not in FOLDERS:
                others.append(path.name + ("/" if path.is_dir() else ""))
            for name, file in found:
                try:
                    contents[name] = file.read_bytes()
                except OSError as error:
                    unreadable[name] = error.strerror or str(error)
        return cls(contents, unreadable, tuple(others))

    @property
    def governed(self) -> dict[str, bytes]:
        """Everything but the settings: what a revision holds."""
        return {name: content for name, content in self.contents.items() if name != SETTINGS}

    def folder(self, name: str) -> list[str]:
        """The files of a folder, readable or not, sorted."""
        return sorted(path for path in (*self.contents, *self.unreadable) if path.startswith(f"{name}/"))


def is_plant_file(name: str) -> bool:
    """Is this the path of a file that belongs into a plant directory, apart from its settings?"""
    folder, slash, file = name.partition("/")
    if not slash:
        return name in SINGLE
    suffixes = FOLDERS.get(folder, ())
    return "/" not in file and "\\" not in file and not file.startswith(".") and file.endswith(suffixes)


def _members(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_dir():
        for file in sorted(path.glob("*")):
            if is_plant_file(f"{path.name}/{file.name}"):
                yield f"{path.name}/{file.name}", file
    elif path.name == SETTINGS or path.name in SINGLE:
        yield path.name, path

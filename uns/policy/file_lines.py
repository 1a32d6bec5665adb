"""Where in the plant files does something stand, so that a person finds it at once?

Kept from reading: a line each, of what somebody asks about. File names are relative to the plant directory.
"""

import msgspec

from uns.policy.node import Node
from uns.registry import Registry


class FileLine(msgspec.Struct, frozen=True):
    """line: counts from 1."""

    file: str
    line: int


class FileLines(msgspec.Struct, frozen=True):
    """equipment: by file, and the pointer in it. models: their files by reference. attributes: by model reference and
    path, those of parts at the part's own model. points: by source, device and metric. open_filters: by filter.
    aliases: by their old path."""

    equipment: dict[str, dict[str, int]] = {}
    models: dict[str, str] = {}
    attributes: dict[tuple[str, str], FileLine] = {}
    points: dict[tuple[str, str, str], FileLine] = {}
    open_filters: dict[str, FileLine] = {}
    aliases: dict[str, FileLine] = {}

    def of_equipment(self, node: Node) -> FileLine | None:
        """Of what declares a level: a row, an entry, or the pattern that admitted it."""
        line = self.equipment.get(node.file, {}).get(node.where)
        return None if line is None else FileLine(node.file, line)

    def of_attribute(self, registry: Registry, ref: str, path: str) -> FileLine | None:
        """Of an attribute of a model, where it is written: it may come from a part."""
        return self.attributes.get(registry.written_in(ref, path))

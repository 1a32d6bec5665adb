"""Where does a node of a YAML text end, and can it be edited where it stands?"""

from typing import Any

import yaml

from uns.errors import Finding, UnsError


def last_line(node: Any) -> int:
    """The last line that belongs to a value, counted from 0; the comments behind it do not."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        key, value = node.value[-1]
        if is_alias(key, value):
            return int(key.end_mark.line)
        return max(int(key.end_mark.line), last_line(value))
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return last_line(node.value[-1])
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)


def is_alias(key: Any, value: Any) -> bool:
    """Does a value stand before its key? Then it is written elsewhere."""
    return bool((value.start_mark.line, value.start_mark.column) < (key.start_mark.line, key.start_mark.column))


def no_place(file: str, why: str, line: int) -> UnsError:
    """The refusal (`govern.place`) of an edit of which nobody can say where it belongs. line: counts from 1."""
    return UnsError(
        Finding(
            id="govern.place",
            what=f"the change cannot be written into {file}: {why} (line {line}).",
            where=f"{file}:{line}",
            hint="Write it as a block, an entry a line, and try again; or change the file by hand.",
        )
    )

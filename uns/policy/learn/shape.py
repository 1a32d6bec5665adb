"""Which JSON Schema do documents of one topic keep: their members, which of them always come, and their types?"""

from typing import Any

import msgspec

MAX_DEPTH = 6
MAX_MEMBERS = 200
"""Of one shape with all below it; what has more is a dictionary, and its names are data."""
MAX_ITEMS = 200
"""Of one array; what a longer one holds is not looked at, and may be anything."""
MAX_NAME = 128
MAX_UNITS = 4
_MEMBER_BYTES = 400

_KINDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


class Room(msgspec.Struct):
    """What shapes of one topic may still hold. grows: False once the learner has no room at all."""

    members: int = MAX_MEMBERS
    used_bytes: int = 0
    grows: bool = True

    def take(self, name: str) -> bool:
        """Is there room for one more member?"""
        if not self.grows or self.members <= 0 or len(name) > MAX_NAME:
            return False
        self.members -= 1
        self.used_bytes += _MEMBER_BYTES + len(name)
        return True


class Shape(msgspec.Struct):
    """What was seen at one place of the documents. objects: how many of the values were objects.

    more: some members had no room here. deep: something lay below that was not looked at. units: of a member `unit`.
    """

    kinds: set[str] = msgspec.field(default_factory=set)
    objects: int = 0
    seen: int = 0
    members: dict[str, "Shape"] = msgspec.field(default_factory=dict)
    items: "Shape | None" = None
    more: bool = False
    deep: bool = False
    units: dict[str, None] = msgspec.field(default_factory=dict)

    def see(self, value: Any, room: Room, depth: int = 0) -> None:
        """Take one value in."""
        self.seen += 1
        kind = "null" if value is None else _KINDS[type(value)]
        self.kinds.add(kind)
        if depth >= MAX_DEPTH:
            self.deep = True
        elif isinstance(value, dict):
            self._see_members(value, room, depth)
        elif isinstance(value, list) and value:
            if self.items is None:
                self.items = Shape()
            if len(value) > MAX_ITEMS:
                self.items.deep = True
            else:
                for item in value:
                    self.items.see(item, room, depth + 1)

    def _see_members(self, value: dict[str, Any], room: Room, depth: int) -> None:
        self.objects += 1
        for name, member in value.items():
            known = self.members.get(name)
            if known is None:
                if not room.take(name):
                    self.more = True
                    continue
                known = self.members[name] = Shape()
            known.see(member, room, depth + 1)
            if name == "unit" and isinstance(member, str) and len(self.units) < MAX_UNITS and len(member) <= MAX_NAME:
                self.units[member] = None

    def merge(self, other: "Shape") -> None:
        """Take in what another has seen."""
        self.kinds |= other.kinds
        self.objects += other.objects
        self.seen += other.seen
        self.more |= other.more
        self.deep |= other.deep
        self.units |= other.units
        for name, member in other.members.items():
            self.members.setdefault(name, Shape()).merge(member)
        if other.items is not None:
            if self.items is None:
                self.items = Shape()
            self.items.merge(other.items)

    def schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12. A member that came with every object is required; others are not permitted."""
        if self.deep:
            return {}
        kinds = sorted(self.kinds - {"integer"} if "number" in self.kinds else self.kinds)
        schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
        if "object" in kinds:
            required = [name for name, member in self.members.items() if member.seen >= self.objects]
            schema["properties"] = {name: member.schema() for name, member in self.members.items()}
            if required:
                schema["required"] = required
            if not self.more:
                schema["additionalProperties"] = False
        if "array" in kinds and self.items is not None:
            schema["items"] = self.items.schema()
        return schema

"""An ISA-95 path: a topic read as equipment levels and, below the asset, an attribute (IEC 62264-1, 5.3)."""

import msgspec

DEFAULT_LEVELS = ("enterprise", "site", "area", "line", "cell")


class Levels(msgspec.Struct, frozen=True):
    """The names of the equipment levels, from the top: enterprise first."""

    names: tuple[str, ...] = DEFAULT_LEVELS

    def name_of(self, depth: int) -> str:
        """The level name at a depth (0 is the top); below the last named one it is counted: `level 6`."""
        return self.names[depth] if depth < len(self.names) else f"level {depth + 1}"


class IsaPath(msgspec.Struct, frozen=True):
    """equipment: names from the enterprise down to the asset; attribute: what follows, `/` joins its parts."""

    equipment: tuple[str, ...]
    attribute: str = ""

    @property
    def asset(self) -> str:
        """The topic of the asset itself."""
        return "/".join(self.equipment)

    @property
    def topic(self) -> str:
        return f"{self.asset}/{self.attribute}" if self.attribute else self.asset

    def named(self, levels: Levels) -> dict[str, str]:
        """Level name to equipment name, for example `{"enterprise": "acme", "site": "ghent"}`."""
        return dict(zip(levels.names, self.equipment, strict=False))

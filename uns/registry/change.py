"""What is one change between two versions of a model, and whom does it hurt?"""

import msgspec

from uns.registry.lifecycle import Compatibility


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference, in words.

    path: the attribute, or the attribute and a JSON pointer into its document. what: old and new, one sentence.
    old_data: why what was valid before would now be refused, or "" when it stays valid.
    old_consumers: how what is valid now could surprise a reader of the old version, or "".
    """

    path: str
    what: str
    old_data: str = ""
    old_consumers: str = ""

    @property
    def level(self) -> str:
        """`compatible`, `breaks backward`, `breaks forward` or `breaks both`."""
        if self.old_data:
            return "breaks both" if self.old_consumers else "breaks backward"
        return "breaks forward" if self.old_consumers else "compatible"

    def breaks(self, compatibility: Compatibility) -> bool:
        """Does it break this promise?"""
        return bool(
            (compatibility.keeps_backward and self.old_data) or (compatibility.keeps_forward and self.old_consumers)
        )

    def __str__(self) -> str:
        name = f"'{self.path}'" if self.path else "the document"
        return " ".join(filter(None, (f"{name}: {self.what}", self.old_data, self.old_consumers)))

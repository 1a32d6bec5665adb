"""What does one golden message expect, and did it get that?"""

import msgspec

from uns.errors import Finding, nearest
from uns.policy.catalog import CATALOG
from uns.policy.verdict import Outcome


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One judged message. file: relative to the plant directory; line counts from 1, 0 for the file as a whole.

    finding: None when it got what it expects; otherwise what is wrong with the answer or with the case itself.
    """

    file: str
    name: str
    line: int = 0
    finding: Finding | None = None


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """outcome: "" for any. finding: an id, "" for none. at: the pointer that the finding must have, None for any."""

    outcome: str = ""
    finding: str = ""
    at: str | None = None

    def fault(self) -> Finding | None:
        """Why nothing can ever meet this, or None. `where` is the name of the member that is wrong."""
        if self.finding and self.finding not in CATALOG:
            what = f"'{self.finding}' is the id of no finding."
            return Finding(id="golden.form", what=what, where="finding", nearest=nearest(self.finding, CATALOG))
        if self.outcome and self.outcome not in list(Outcome):
            what = f"'{self.outcome}' is no outcome (known: {', '.join(Outcome)})."
            return Finding(id="golden.form", what=what, where="outcome", nearest=nearest(self.outcome, Outcome))
        return None

    def compare(self, found: Finding | None, outcome: str = "") -> Finding | None:
        """None when this is what was found, else `golden.outcome`. outcome: "" where only a model was asked."""
        id_found = found.id if found else ""
        met = id_found == self.finding and (not self.outcome or self.outcome == outcome)
        if met and (self.at is None or (found is not None and found.where == self.at)):
            return None
        wanted = self._words(self.outcome, self.finding, self.at)
        got = self._words(outcome, id_found, found.where if found else None)
        detail = f" ({found.what})" if found else ""
        return Finding(
            id="golden.outcome",
            what=f"expected {wanted}, got {got}{detail}",
            where=found.where if found else "",
            hint="Correct the message, or what it expects; a model in use gets a new version.",
        )

    @staticmethod
    def _words(outcome: str, finding: str, at: str | None) -> str:
        place = f" at {at or 'the root'}" if finding and at is not None else ""
        if not finding:
            return outcome or "accepted"
        return f"{outcome} with {finding}{place}" if outcome else f"{finding}{place}"

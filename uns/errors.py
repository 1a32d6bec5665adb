"""What went wrong, where, and what to do: one shape for every refusal, with its wire answers.

A `Finding` is data: it travels in verdicts, violations, API answers and `uns check`. An `UnsError` raises one.
The family (the part of the id before the first dot) decides what MQTT, HTTP and the shell answer.
"""

import difflib
from collections.abc import Iterable

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong.

    id: stable, `family.name`, for example `topic.undeclared`.
    what: one sentence that names the value found and the one expected.
    where: a JSON pointer into the payload or file, or the name of a topic level; empty when `what` says it all.
    hint: what to do now, one sentence.
    nearest: the nearest valid word or topic, or empty.
    """

    id: str
    what: str
    where: str = ""
    hint: str = ""
    nearest: str = ""

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]

    def __str__(self) -> str:
        parts = [f"{self.id}: {self.what}"]
        if self.nearest:
            parts.append(f"Did you mean '{self.nearest}'?")
        if self.hint:
            parts.append(self.hint)
        return " ".join(parts)


class WireAnswer(msgspec.Struct, frozen=True):
    """What a family of findings becomes on each surface."""

    mqtt_reason: int
    http_status: int
    exit_code: int


ANSWERS = {
    "topic": WireAnswer(0x90, 422, 5),
    "payload": WireAnswer(0x99, 422, 5),
    "access": WireAnswer(0x87, 403, 3),
    "quota": WireAnswer(0x97, 429, 1),
    "unknown": WireAnswer(0x90, 404, 4),
    "request": WireAnswer(0x83, 422, 5),
    "plant": WireAnswer(0x83, 422, 5),
    "model": WireAnswer(0x83, 422, 5),
    "namespace": WireAnswer(0x83, 422, 5),
    "source": WireAnswer(0x83, 422, 5),
    "golden": WireAnswer(0x83, 422, 5),
    "lint": WireAnswer(0x83, 422, 5),
    "govern": WireAnswer(0x83, 409, 1),
    "sparkplug": WireAnswer(0x99, 422, 5),
    "edge": WireAnswer(0x83, 422, 5),
    "storage": WireAnswer(0x97, 503, 1),
    "history": WireAnswer(0x80, 503, 1),
    "violations": WireAnswer(0x80, 503, 1),
    "unreachable": WireAnswer(0x88, 503, 6),
    "internal": WireAnswer(0x80, 500, 1),
}


def answer(finding: Finding) -> WireAnswer:
    """The wire answer of a finding's family; an unknown family is an internal error."""
    return ANSWERS.get(finding.family, ANSWERS["internal"])


class UnsError(Exception):
    """A finding raised: the surface that catches it answers with `answer(error.finding)`."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def shorten(text: str, limit: int = 120) -> str:
    """A text for a message: a topic may have 65,535 bytes."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word` (case ignored), or an empty string when none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else ""

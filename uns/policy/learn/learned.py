"""What is proposed: models, entries of the tree, and what a person must be told about them."""

from enum import StrEnum
from typing import Any

import msgspec

from uns.policy.plan import FileChange
from uns.policy.propose import Edit, Kind, NewVersion, Proposal, TreeEntry
from uns.registry.pointer import join_pointer


class Confidence(StrEnum):
    """How much stands behind a proposal, by the number of samples: `HIGH_SAMPLES`, `SOME_SAMPLES`, or fewer."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


HIGH_SAMPLES = 100
SOME_SAMPLES = 20
"""With fewer, neither limits nor words nor an age are proposed."""


def confidence_of(samples: int) -> Confidence:
    """Of something that is drawn from so many samples."""
    if samples >= HIGH_SAMPLES:
        return Confidence.HIGH
    return Confidence.MEDIUM if samples >= SOME_SAMPLES else Confidence.LOW


class LearnedAttribute(msgspec.Struct, frozen=True):
    """One attribute of a model. keys: as they stand in the model's file. evidence: one line for people."""

    path: str
    keys: dict[str, Any]
    samples: int
    topics: int
    evidence: str
    confidence: Confidence


class LearnedModel(msgspec.Struct, frozen=True):
    """A new model, always version 1. assets: the paths of the equipment that it was drawn from."""

    name: str
    attributes: tuple[LearnedAttribute, ...]
    assets: tuple[str, ...]

    @property
    def ref(self) -> str:
        return f"{self.name}@1"

    @property
    def file(self) -> str:
        """Where it stands in a plant directory."""
        return f"models/{self.name}.v1.yaml"


class LearnedVersion(msgspec.Struct, frozen=True):
    """The next version of a model that is there: `base` with attributes more, all optional. assets: those that were
    seen with any of them, which get it."""

    base: str
    ref: str
    attributes: tuple[LearnedAttribute, ...]
    assets: tuple[str, ...]

    def proposal(self) -> Proposal:
        """The same, to be carried out on files."""
        number = int(self.ref.partition("@")[2])
        edits = (Edit(join_pointer("/attributes", each.path), each.keys) for each in self.attributes)
        told = "; ".join(f"{each.path}: {each.confidence}, {each.evidence}" for each in self.attributes)
        return Proposal(
            Kind.ACCEPT,
            f"{self.ref} (after {self.base}): {told}.",
            (NewVersion(self.base, self.ref, (Edit("/version", number), *edits)),),
            tuple(TreeEntry(path, {"model": self.ref}, False) for path in self.assets),
        )


class Entry(msgspec.Struct, frozen=True):
    """One entry of the tree. key: a name, or a wildcard such as `line{1..12}`. model: a reference, or "".

    An entry that is declared already only leads to what is new below it.
    """

    key: str
    model: str = ""
    evidence: str = ""
    members: tuple["Entry", ...] = ()


class Told(msgspec.Struct, frozen=True):
    """Something that was not learned, or not without doubt. reason: `conflict`, `name`, `payload`, `place`."""

    topic: str
    reason: str
    what: str


class Learned(msgspec.Struct, frozen=True):
    """Everything that was drawn from a time of traffic.

    messages: that were looked at, on so many topics. declared: topics that have a contract already.
    left_out: what did not fit into the bounds of the learner, by kind, where it is not 0.
    told: the first of what a person must know; told_more: how many more there were.
    """

    messages: int
    topics: int
    declared: int
    models: tuple[LearnedModel, ...] = ()
    versions: tuple[LearnedVersion, ...] = ()
    entries: tuple[Entry, ...] = ()
    told: tuple[Told, ...] = ()
    told_more: int = 0
    left_out: dict[str, int] = {}


class Proposals(msgspec.Struct, frozen=True):
    """What was learned, and what it would make of the plant files. origin: where the observations come from.

    files: those that are new or changed, by path. changes: the same as unified diffs.
    """

    learned: Learned
    origin: str
    files: dict[str, str]
    changes: tuple[FileChange, ...]

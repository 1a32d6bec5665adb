"""What would happen if other plant files were applied? The answer of `uns plan`, as data."""

import msgspec

from uns.policy.difference import PolicyChange


class FileChange(msgspec.Struct, frozen=True):
    """One plant file: `added`, `changed` or `removed`, with a unified diff of its text."""

    name: str
    kind: str
    diff: str


class SourceChange(msgspec.Struct, frozen=True):
    """A connected device that is started, stopped, or started anew. why: `its file` or `rules of its models`."""

    name: str
    kind: str
    why: str = ""


class Touched(msgspec.Struct, frozen=True):
    """One client and what changes for it. topics: examples, of `count` in all. why: a finding id, or what happens."""

    client_id: str
    why: str
    count: int
    topics: tuple[str, ...]


class Foreseen(msgspec.Struct, frozen=True):
    """Messages of the past that one rule would judge differently. what: of the first of them."""

    finding: str
    topic: str
    client_id: str
    count: int
    what: str


class Foresight(msgspec.Struct, frozen=True):
    """The past judged anew. since_ms: from when; judged: how many samples and kept violations were looked at.

    refused: were taken then, and would be refused, the most frequent first; admitted: the other way round.
    complete: False when there were more than could be looked at.
    """

    since_ms: int
    judged: int
    refused: tuple[Foreseen, ...] = ()
    admitted: tuple[Foreseen, ...] = ()
    refused_count: int = 0
    admitted_count: int = 0
    complete: bool = True


class Counted(msgspec.Struct, frozen=True):
    """How many topics, and the first of them."""

    count: int
    topics: tuple[str, ...]


class Warned(msgspec.Struct, frozen=True):
    """A warning about the candidate's files. line 0: the file as a whole."""

    file: str
    line: int
    column: int
    id: str
    what: str
    hint: str = ""
    nearest: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """base: the revision that runs. orphans: topics that keep a retained value and would be declared no more."""

    base: int
    files: tuple[FileChange, ...]
    changes: tuple[PolicyChange, ...]
    topics_added: Counted
    topics_changed: Counted
    topics_removed: Counted
    orphans: Counted
    publishers: tuple[Touched, ...]
    subscribers: tuple[Touched, ...]
    sources: tuple[SourceChange, ...]
    warnings: tuple[Warned, ...] = ()
    foresight: Foresight | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing would change."""
        return not self.files


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A set of plant files that ran. number: counts from 1. time_ms: UTC since 1970. who: a user; why: their words.

    files: what differs from the revision before, by path, `added`, `changed` or `removed`.
    """

    number: int
    time_ms: int
    who: str
    why: str
    files: dict[str, str]

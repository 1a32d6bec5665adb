"""What is a group of violations, what is decided about it, and what becomes of the messages that are held?

The words that the store, the replay and the surfaces share; the store is `uns/violations`.
"""

from enum import StrEnum

import msgspec

from uns.errors import Finding


class GroupState(StrEnum):
    """Where a group stands."""

    OPEN = "open"
    MUTED = "muted"  # counted; only what quarantine holds of it is stored
    RESOLVED = "resolved"  # until the next occurrence


class Act(StrEnum):
    """What can be done to the state of a group."""

    MUTE = "mute"
    UNMUTE = "unmute"
    ASSIGN = "assign"
    RESOLVE = "resolve"
    REOPEN = "reopen"


class Sort(StrEnum):
    """What comes first: the last seen, or the most frequent."""

    LAST = "last"
    COUNT = "count"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One trouble: a finding of one rule, on one branch, from one client. Times are UTC milliseconds since 1970.

    count, quarantined, rejected: every occurrence, also of messages that are not kept any more; the rest was delivered.
    kept: messages in the store; held: those of them that wait in quarantine. finding, topic: of the latest occurrence.
    addresses, nearest: the latest first. muted_until_ms: None when it is not muted, or until somebody unmutes it.
    reopened: how often it came back after it was resolved.
    """

    id: int
    finding_id: str
    rule: str
    branch: str
    client_id: str
    count: int
    quarantined: int
    rejected: int
    kept: int
    held: int
    first_ms: int
    last_ms: int
    finding: Finding
    topic: str
    addresses: list[str]
    nearest: list[str]
    state: GroupState
    muted_until_ms: int | None
    assigned: str
    note: str
    reopened: int


class Action(msgspec.Struct, frozen=True):
    """One entry of a group's journal. who: empty for the platform itself; what: an `Act`, `replay`, `block` or
    `recurred`."""

    time_ms: int
    who: str
    what: str
    note: str


class GroupPage(msgspec.Struct, frozen=True):
    """total: how many groups are like that; by_state: of those, whatever state was asked for."""

    groups: list[Group]
    total: int
    by_state: dict[str, int]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which held messages. finding: an id or a family; from_ms, to_ms: when they were refused, half open."""

    group: int | None = None
    ids: tuple[int, ...] | None = None
    topic_filter: str | None = None
    finding: str | None = None
    client_id: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """client_id, user, address (a host): what is not empty must be that of the client; time_ms: UTC."""

    id: int
    client_id: str
    user: str
    address: str
    reason: str
    who: str
    time_ms: int

    @property
    def text(self) -> str:
        """What its client is told."""
        subject = [
            f"{name} '{value}'"
            for name, value in (("client id", self.client_id), ("user", self.user), ("address", self.address))
            if value
        ]
        return f"{' with '.join(subject)} is blocked{f': {self.reason}' if self.reason else ''}"


class RefusedAgain(msgspec.Struct, frozen=True):
    """A held message that the rules of now do not let in either; `finding` is what they say."""

    id: int
    topic: str
    finding: Finding


class Report(msgspec.Struct):
    """What became of the messages; of a dry run, what would become of them.

    delivered: published and current; history: older than the current value, into history only; outdated: the like, with
    nothing that history could record; expired: of history and outdated, those whose Message Expiry Interval was over.
    refused: held as before, by finding in `by_finding`; the first ones are told in `refusals`.
    next: give it as `after` to go on; None when nothing is left.
    """

    dry_run: bool
    delivered: int = 0
    history: int = 0
    outdated: int = 0
    expired: int = 0
    refused: int = 0
    by_finding: dict[str, int] = {}
    refusals: list[RefusedAgain] = []
    next: int | None = None

"""What the door decides: the mode of a branch, the rule compiled for a topic, and the verdict on one message."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import msgspec

from uns.errors import Finding, shorten
from uns.policy.access import INTERNAL
from uns.policy.alias import PathAlias, PathAliases


class Mode(StrEnum):
    """How strictly a branch is governed. Access and quota findings refuse in every mode."""

    OBSERVE = "observe"  # deliver and count
    WARN = "warn"  # deliver, tag and record
    QUARANTINE = "quarantine"  # keep in the store, deliver nothing
    REJECT = "reject"  # refuse


class Outcome(StrEnum):
    """What happened to the message."""

    ACCEPTED = "accepted"
    WRITTEN = "written"  # sent to the device that feeds the topic; its answer will be the value
    OBSERVED = "observed"
    WARNED = "warned"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"


class Verdict(msgspec.Struct, frozen=True):
    """The answer to one publish. `finding` is None exactly when the outcome is accepted or written."""

    outcome: Outcome
    finding: Finding | None = None

    @property
    def delivered(self) -> bool:
        return self.outcome in (Outcome.ACCEPTED, Outcome.WRITTEN, Outcome.OBSERVED, Outcome.WARNED)


ACCEPTED = Verdict(Outcome.ACCEPTED)
WRITTEN = Verdict(Outcome.WRITTEN)

_BY_MODE = {
    Mode.OBSERVE: Outcome.OBSERVED,
    Mode.WARN: Outcome.WARNED,
    Mode.QUARANTINE: Outcome.QUARANTINED,
    Mode.REJECT: Outcome.REJECTED,
}


OWNED_BY_SOURCE = "topic.owned_by_source"


def judge(mode: Mode, finding: Finding) -> Verdict:
    """What a finding means on a branch of this mode."""
    if finding.family in ("access", "quota"):
        return Verdict(Outcome.REJECTED, finding)
    if finding.id == OWNED_BY_SOURCE and mode is Mode.QUARANTINE:
        # The message is good in itself, and quarantine would hold what no correction can ever let through.
        return Verdict(Outcome.WARNED, finding)
    return Verdict(_BY_MODE[mode], finding)


Check = Callable[[bytes], Finding | None]
"""Judges one payload; None means that it keeps the contract. Called per message: about a microsecond, no I/O."""


ContentCheck = Callable[[str], Finding | None]
"""Judges the Content Type that a message states, "" when it states none."""


class Moved(msgspec.Struct, frozen=True):
    """What becomes of a topic that is an old name. rule: of the new one, with the publishers of both; verdict: on a
    message that keeps it."""

    alias: PathAlias
    rule: "TopicRule"
    verdict: Verdict


class TopicRule(msgspec.Struct, frozen=True):
    """Everything the door must know about one topic, compiled once.

    topic_finding: why the topic itself is not admitted, or None.
    check: the payload contract, or None on an open branch.
    content: what Content Types the topic takes, or None where it does not matter.
    publishers: the roles that may publish here. access_finding tells one of the others why not.
    owned: why only the platform is to publish here, since a source feeds the topic, or None.
    writable: what others publish here is for the device that feeds the topic, if one does.
    moved: what is done instead, as long as its alias lasts, or None. former: the aliases that lead here.
    """

    topic: str
    mode: Mode
    topic_finding: Finding | None
    check: Check | None
    publishers: frozenset[str]
    content: ContentCheck | None = None
    owned: Finding | None = None
    writable: bool = False
    moved: Moved | None = None
    former: tuple[PathAlias, ...] = ()

    @property
    def writers(self) -> frozenset[str]:
        """The roles whose message needs nothing but a good payload."""
        return self.publishers if self.owned is None and not self.writable else self.publishers & {INTERNAL}

    def owned_finding(self, role: str) -> Finding | None:
        """Why a message that is good in itself is not this role's to publish."""
        return None if role == INTERNAL else self.owned

    def access_finding(self, role: str) -> Finding | None:
        if role in self.publishers:
            return None
        return Finding(
            id="access.publish",
            what=f"role '{role}' may not publish on '{shorten(self.topic)}'.",
            hint="Ask for a role that may, or add the topic to this role's publish list in access.yaml.",
        )


class Admission(Protocol):
    """The compiled policy of a plant, as the broker sees it."""

    @property
    def aliases(self) -> PathAliases:
        """Old names of branches, for publishers and subscribers that still use them."""

    def rule(self, topic: str) -> TopicRule:
        """Compile the rule of a valid topic name. Slow (microseconds to a millisecond); the broker keeps it."""

    def may_subscribe(self, role: str, topic_filter: str) -> Finding | None:
        """Why this role may not subscribe to this filter, or None. Shared-subscription prefixes are stripped."""

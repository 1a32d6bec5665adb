"""What would the new rules have said to what was published in the last hours?

The history keeps values, and the violations keep refused messages whole; both are judged anew. A value is judged as the
payload that its topic carries now would be.
"""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from uns.errors import Finding
from uns.policy.admission import CompiledAdmission, decide
from uns.policy.impact import LiveTopic
from uns.policy.plan import Foreseen, Foresight
from uns.policy.violation import Violation
from uns.samples import Sample, encode_sample

MAX_JUDGED = 500_000
MAX_KEPT_JUDGED = 20_000
MAX_S = 15.0
SHOWN = 50
LOOK_EVERY = 1000

ReadHistory = Callable[[Iterable[str], int, int], Iterable[tuple[str, Iterable[Sample]]]]
"""(topics, from ms, to ms): each topic with its samples, oldest first."""


class Refused(Protocol):
    """A violation that is kept."""

    @property
    def violation(self) -> Violation: ...


class _Tally:
    """Counts by (finding, topic, client), with the words of the first."""

    def __init__(self) -> None:
        self.total = 0
        self._found: dict[tuple[str, str, str], tuple[int, str]] = {}

    def add(self, finding: Finding, topic: str, client_id: str) -> None:
        self.total += 1
        key = (finding.id, topic, client_id)
        count, what = self._found.get(key, (0, finding.what))
        self._found[key] = (count + 1, what)

    def most(self) -> tuple[Foreseen, ...]:
        ordered = sorted(self._found.items(), key=lambda item: -item[1][0])[:SHOWN]
        return tuple(Foreseen(*key, count, what) for key, (count, what) in ordered)


def foresee(
    after: CompiledAdmission,
    live: Iterable[LiveTopic],
    read: ReadHistory | None,
    kept: Iterable[Refused],
    since_ms: int,
    now_ms: int,
) -> Foresight:
    """Judge what was taken since then, and what was refused and kept. Blocks on the disk, for at most `MAX_S`."""
    refused, admitted, judged, complete = _Tally(), _Tally(), 0, True
    until_s = time.monotonic() + MAX_S
    by_topic = {one.topic: one for one in live if not one.topic.startswith("$")}
    for topic, samples in read(by_topic, since_ms, now_ms) if read is not None else ():
        one, rule = by_topic[topic], after.rule(topic)
        for sample in samples:
            judged += 1
            verdict = decide(rule, one.role, encode_sample(sample), now_ms)
            if verdict.finding is not None and not verdict.delivered:
                refused.add(verdict.finding, topic, one.client_id)
            if judged >= MAX_JUDGED or (judged % LOOK_EVERY == 0 and time.monotonic() >= until_s):
                complete = False
                break
        if not complete:
            break
    for record in kept:
        violation = record.violation
        then = violation.verdict.finding
        if violation.time_ms < since_ms or then is None or violation.verdict.delivered:
            continue
        judged += 1
        if decide(after.rule(violation.topic), violation.role, violation.payload or None, now_ms).delivered:
            admitted.add(then, violation.topic, violation.client_id)
    return Foresight(since_ms, judged, refused.most(), admitted.most(), refused.total, admitted.total, complete)

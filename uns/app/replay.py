"""How do held messages get back into the plant: once, in order, as of their own time, and without holding up the rest?

    held ─▶ judged ─▶ refused again: held as before, with its finding
               └────▶ marked ─▶ older than the current value, or expired: into history only
                         └────▶ published through the door ─▶ settled

A portion is read, marked and settled in a thread; between two turns of the loop everybody else has theirs.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from uns.broker import TURN_MS, Broker, Publisher
from uns.clock import Clock
from uns.errors import Finding
from uns.link import Message, Properties
from uns.policy.inbox import Action, RefusedAgain, Report, Wanted
from uns.policy.verdict import Verdict
from uns.policy.violation import Violation
from uns.samples import Sample, decode_sample, format_timestamp
from uns.violations import Inbox, Quarantine, Replay, StoredViolation

PORTION = 100
REFUSED_TOLD = 20
"""Messages that are refused again: so many are told one by one."""

Record = Callable[[str, Sample], bool]
"""Put a value into history that is not current; False when history does not record its topic."""


class Replayer:
    """One replay at a time; `run` may be called from any task of the broker's loop. record: None without history."""

    def __init__(self, broker: Broker, quarantine: Quarantine, inbox: Inbox, clock: Clock, record: Record) -> None:
        self._broker = broker
        self._quarantine = quarantine
        self._inbox = inbox
        self._clock = clock
        self._record = record
        self._one_at_a_time = asyncio.Lock()
        self._turn_ends_ms = 0

    async def run(
        self, wanted: Wanted, who: str, *, after: int = 0, limit: int = 1000, dry_run: bool = False
    ) -> Report:
        """Replay at most `limit` held messages with an id above `after`, in the order in which they came.

        Each is published at most once: a crash in between leaves up to a portion marked as `interrupted`.
        """
        report = Report(dry_run)
        async with self._one_at_a_time:
            while limit:
                portion = await asyncio.to_thread(self._quarantine.held, wanted, after, min(PORTION, limit))
                if not portion:
                    break
                await self._replay(portion, report, who)
                limit -= len(portion)
                after = portion[-1].id
            else:
                report.next = after
        return report

    async def _replay(self, portion: Sequence[StoredViolation], report: Report, who: str) -> None:
        let_in = []
        for stored in portion:
            await self._give_way()
            verdict = self._broker.judge(_message(stored.violation), stored.violation.role)
            if verdict.delivered:
                let_in.append(stored)
            else:
                _refuse(report, stored, verdict)
        if report.dry_run:
            for stored in let_in:
                _count(report, stored.violation, self._way_of(stored.violation), self._clock.wall_ms())
            return
        if not let_in:
            return
        now_ms = self._clock.wall_ms()
        marked = set(await asyncio.to_thread(self._quarantine.mark, [stored.id for stored in let_in], now_ms))
        ended = await self._publish([stored for stored in let_in if stored.id in marked], report)
        await asyncio.to_thread(self._settle, let_in, ended, who)

    async def _publish(self, portion: Sequence[StoredViolation], report: Report) -> dict[int, Replay | None]:
        ended: dict[int, Replay | None] = {}
        kept: list[asyncio.Future[Finding | None]] = []
        for stored in portion:
            await self._give_way()
            ended[stored.id] = self._publish_one(stored, report)
            kept.append(self._kept())
        await asyncio.gather(*kept)  # first what was published is on disk, then that it was
        return ended

    async def _give_way(self) -> None:
        """Let the others have their turn of the loop when ours is over."""
        if self._clock.monotonic_ms() >= self._turn_ends_ms:
            await asyncio.sleep(0)
            self._turn_ends_ms = self._clock.monotonic_ms() + TURN_MS

    def _kept(self) -> asyncio.Future[Finding | None]:
        """Done when the last publish is on disk, or the disk refuses, of which /readyz tells."""
        kept: asyncio.Future[Finding | None] = asyncio.get_running_loop().create_future()
        self._broker.when_kept(lambda finding: None if kept.done() else kept.set_result(finding))
        return kept

    def _publish_one(self, stored: StoredViolation, report: Report) -> Replay | None:
        violation = stored.violation
        way = self._way_of(violation)
        if way is Replay.DELIVERED:
            publisher = Publisher(violation.client_id, violation.role, violation.address, "replay")
            verdict = self._broker.replay(_message(violation, self._clock.wall_ms()), publisher)
            if not verdict.delivered:
                _refuse(report, stored, verdict)
                return None
        elif way is Replay.HISTORY:
            sample = decode_sample(violation.payload, violation.time_ms)
            if sample is None or not self._record(violation.topic, sample):
                way = Replay.OUTDATED
        _count(report, violation, way, self._clock.wall_ms())
        return way

    def _way_of(self, violation: Violation) -> Replay:
        """Current again, or history only: an old value must not stand where a newer one is."""
        held = decode_sample(violation.payload, violation.time_ms)
        past = Replay.OUTDATED if held is None else Replay.HISTORY
        if _is_expired(violation, self._clock.wall_ms()):
            return past
        current = self._broker.current(violation.topic)
        if current is None or (not current.updates and current.retained is None):
            return Replay.DELIVERED
        shown = decode_sample(current.payload, current.received_ms)
        if held is not None and shown is not None:
            return past if held.timestamp_ms < shown.timestamp_ms else Replay.DELIVERED
        return past if violation.time_ms < current.received_ms else Replay.DELIVERED

    def _settle(self, portion: Sequence[StoredViolation], ended: dict[int, Replay | None], who: str) -> None:
        self._quarantine.settle(ended)
        by_group: dict[int, int] = {}
        for stored in portion:
            if stored.group is not None and ended.get(stored.id) is not None:
                by_group[stored.group] = by_group.get(stored.group, 0) + 1
        now_ms = self._clock.wall_ms()
        for group, count in by_group.items():
            self._inbox.note([group], Action(now_ms, who, "replay", f"{count} of {len(ended)}"))


def _message(violation: Violation, now_ms: int | None = None) -> Message:
    """now_ms: what is published is marked as replayed, and its expiry goes on from when it was published first."""
    properties: Properties = dict(violation.properties or {})
    if now_ms is not None:
        mark = ("uns-replayed", format_timestamp(violation.time_ms))
        properties["user_property"] = [*properties.get("user_property", []), mark]
        if "message_expiry_interval" in properties:
            properties["message_expiry_interval"] -= (now_ms - violation.time_ms) // 1000
    return Message(
        violation.topic,
        violation.payload,
        violation.qos,
        violation.retain,
        properties or None,
        violation.client_id,
        violation.time_ms,
    )


def _is_expired(violation: Violation, now_ms: int) -> bool:
    interval_s: Any = (violation.properties or {}).get("message_expiry_interval")
    return interval_s is not None and (now_ms - violation.time_ms) // 1000 >= interval_s


def _refuse(report: Report, stored: StoredViolation, verdict: Verdict) -> None:
    assert verdict.finding is not None
    report.refused += 1
    report.by_finding[verdict.finding.id] = report.by_finding.get(verdict.finding.id, 0) + 1
    if len(report.refusals) < REFUSED_TOLD:
        report.refusals.append(RefusedAgain(stored.id, stored.violation.topic, verdict.finding))


def _count(report: Report, violation: Violation, way: Replay, now_ms: int) -> None:
    report.expired += _is_expired(violation, now_ms)
    if way is Replay.DELIVERED:
        report.delivered += 1
    elif way is Replay.HISTORY:
        report.history += 1
    else:
        report.outdated += 1

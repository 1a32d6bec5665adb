"""Which plant files run, what would others change, and how do they take over without a restart?

    files ─▶ candidate (read and checked in a thread) ─▶ plan ─▶ revision pending ─▶ directory ─▶ switch ─▶ applied

Whatever fails before the switch leaves everything as it was; a crash behind `pending` is carried out by the next start.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from uns.app.counted import counted
from uns.app.edit import carry_out, changes_after
from uns.app.govern.candidate import Candidate, read_candidate
from uns.app.govern.foresight import ReadHistory, Refused, foresee
from uns.app.govern.live import live_clients, live_topics
from uns.app.govern.switch import Switch, source_changes
from uns.app.models import refusal
from uns.app.plant import Plant, PlantFiles, Problem, load_files
from uns.app.plant.directory import file_changes, write_files
from uns.app.plant.files import SETTINGS
from uns.broker import Broker
from uns.clock import Clock
from uns.errors import Finding, UnsError
from uns.policy import Namespace
from uns.policy.difference import concerned, owner_changes, policy_changes, topic_changes
from uns.policy.impact import LiveClient, LiveTopic, orphans, touched_publishers, touched_subscribers
from uns.policy.impact import counted as counted_topics
from uns.policy.plan import FileChange, Plan, Revision, Warned
from uns.policy.propose import Proposal
from uns.policy.trial import Trial, try_kept
from uns.policy.verdict import Mode
from uns.policy.violation import Violation
from uns.registry.store import ModelRecord
from uns.revisions import RevisionStore, State
from uns.server.garbage import set_aside

log = logging.getLogger(__name__)

Made = TypeVar("Made")

RETIRED_MS = 300_000
AT_START = "server"
"""Who made a revision that nobody applied: the files had changed when the server started."""

ReadViolations = Callable[[int], Sequence[Refused]]
"""The kept violations since a time in UTC ms."""


class Governor:
    """One per server. `start` must be awaited before anything else is asked."""

    def __init__(
        self,
        plant: Plant,
        store: RevisionStore,
        models: ModelRecord,
        broker: Broker,
        clock: Clock,
        switch: Switch,
        *,
        read_history: ReadHistory | None = None,
        read_violations: ReadViolations | None = None,
    ) -> None:
        self.plant = plant
        self._store = store
        self._models = models
        self._broker = broker
        self._clock = clock
        self._switch = switch
        self._read_history = read_history
        self._read_violations = read_violations
        self._turn = asyncio.Lock()
        self._number = 0
        self._retired: list[tuple[int, Namespace]] = []
        """What ran before, and since when it does not (monotonic ms): a request under way may still look at it."""

    async def start(self) -> None:
        """Note the revision that runs: the latest one, or a new one when the files are others than then."""
        latest = await asyncio.to_thread(self._store.latest)
        kept = {} if latest is None else await asyncio.to_thread(self._store.files, latest.number)
        running = self.plant.files.governed
        changes = _kinds(file_changes(kept, running))
        if latest is not None and not changes:
            self._number = latest.number
            return
        why = "first start" if latest is None else "the files had changed when the server started"
        revision = await asyncio.to_thread(self._store.begin, running, changes, self._clock.wall_ms(), AT_START, why)
        await asyncio.to_thread(self._store.settle, revision.number, State.APPLIED)
        self._number = revision.number

    @property
    def number(self) -> int:
        """Of the revision that runs."""
        return self._number

    async def plan(self, files: Mapping[str, bytes], since_ms: int | None = None) -> Plan:
        """What these files would change. since_ms: judge also what was published since then. Raises UnsError
        (`plant.invalid`) when they cannot run."""
        async with self._candidate(files) as candidate:
            return await self._plan(candidate, since_ms)

    async def what_if(self, modes: Mapping[str, Mode], since_ms: int) -> Plan:
        """What if these branches had these modes: whom it would touch now, and what of the past it would have refused.

        modes: by path of a declared level; "" is the mode of the whole namespace. Raises UnsError (`unknown.path`).
        """
        async with self._candidate(self.export()) as candidate:
            for path, mode in modes.items():
                candidate.plant.namespace.set_mode(path, mode)
            return await self._plan(candidate, since_ms)

    def carried_out(self, proposal: Proposal, why: str) -> tuple[dict[str, bytes], list[FileChange]]:
        """(all files that run, as they are when a proposal is carried out; what differs in them). Blocks on large
        files: call it in a thread. Raises UnsError as `carry_out` does."""
        plant = self.plant
        made = carry_out(proposal, plant, why)
        return plant.files.governed | made, changes_after(proposal.versions, plant, made)

    async def try_out(self, files: Mapping[str, bytes], kept: Sequence[Violation]) -> tuple[Plan, Trial]:
        """What these files would change, and what they would say to messages that were refused. Raises UnsError
        (`plant.invalid`) when they cannot run."""
        async with self._candidate(files) as candidate:
            plan = await self._plan(candidate, None)
            return plan, await asyncio.to_thread(try_kept, candidate.admission, kept, self._clock.wall_ms())

    async def apply(
        self, files: Mapping[str, bytes], who: str, why: str, base: int | None = None, *, force: bool = False
    ) -> tuple[Revision, Plan]:
        """Make these files the ones that run, all or nothing; no client reconnects that keeps its rights.

        base: the revision that the caller's plan was made against. force: also over files that somebody has edited in
        the directory. Raises UnsError: `plant.invalid`, `govern.stale`, `govern.drift`, `govern.write_failed`.
        """
        async with self._turn:
            if base is not None and base != self._number:
                raise UnsError(_stale(base, self._number))
            async with self._candidate(files) as candidate:
                plan = await self._plan(candidate, None)
                on_disk = await asyncio.to_thread(lambda: PlantFiles.of(self.plant.directory).governed)
                if not force:
                    _demand_no_drift(self.plant.files.governed, on_disk, candidate.files)
                if plan.is_empty:
                    return await self._running(), plan
                return await self._take_over(candidate, plan, on_disk, who, why), plan

    async def revert(self, number: int, who: str, why: str, *, force: bool = False) -> tuple[Revision, Plan]:
        """Apply the files of an earlier revision again, as a new one. Raises UnsError as `apply` does, and
        `unknown.revision`."""
        files = (await self.revision(number))[1]
        return await self.apply(files, who, why or f"revert to revision {number}", force=force)

    def export(self) -> dict[str, bytes]:
        """The files that run, by path."""
        return self.plant.files.governed

    async def revisions(self, limit: int = 100, before: int | None = None) -> list[Revision]:
        """Newest first."""
        return await asyncio.to_thread(self._store.newest, limit, before)

    async def revision(self, number: int) -> tuple[Revision, dict[str, bytes], list[FileChange]]:
        """A revision, its files, and what differs from the one before. Raises UnsError (`unknown.revision`)."""
        revision = await asyncio.to_thread(self._store.get, number)
        if revision is None:
            what = f"no revision {number} is kept (the newest is {self._number})."
            raise UnsError(Finding(id="unknown.revision", what=what, hint="List them with: uns revisions"))
        files = await asyncio.to_thread(self._store.files, number)
        earlier = await asyncio.to_thread(self._store.before, number)
        before = {} if earlier is None else await asyncio.to_thread(self._store.files, earlier)
        return revision, files, file_changes(before, files)

    async def drift(self) -> list[FileChange]:
        """What somebody has edited in the plant directory since it was read or applied."""
        on_disk = await asyncio.to_thread(lambda: PlantFiles.of(self.plant.directory).governed)
        return file_changes(self.plant.files.governed, on_disk)

    @asynccontextmanager
    async def _candidate(self, files: Mapping[str, bytes]) -> AsyncIterator[Candidate]:
        """Read for as long as it takes; what does not run afterwards is taken apart, and so is what ran long ago."""
        before_ms = self._clock.monotonic_ms() - RETIRED_MS
        gone = [namespace for retired_ms, namespace in self._retired if retired_ms <= before_ms]
        self._retired = [entry for entry in self._retired if entry[0] > before_ms]
        candidate = await _in_thread(read_candidate, self.plant, files, self._models)
        try:
            yield candidate
        finally:
            if self.plant is not candidate.plant:
                gone.append(candidate.plant.namespace)
            await asyncio.to_thread(_dissolve, gone)

    async def _plan(self, candidate: Candidate, since_ms: int | None) -> Plan:
        live = await live_topics(self._broker)
        clients = live_clients(self._broker)
        return await _in_thread(self._compare, candidate, live, clients, since_ms)

    def _compare(
        self, candidate: Candidate, live: list[LiveTopic], clients: list[LiveClient], since_ms: int | None
    ) -> Plan:
        before, after, now_ms = self.plant.admission(), candidate.admission, self._clock.wall_ms()
        topics, changes = topic_changes(before.namespace, after.namespace), policy_changes(before, after)
        is_concerned = concerned(changes, topics, owner_changes(before, after))
        live = [each for each in live if is_concerned(each.topic)]
        kept = self._read_violations(since_ms) if self._read_violations is not None and since_ms is not None else []
        return Plan(
            base=self._number,
            files=tuple(file_changes(self.plant.files.governed, candidate.files)),
            changes=tuple(changes),
            topics_added=counted_topics(topics.added),
            topics_changed=counted_topics(topics.changed),
            topics_removed=counted_topics(topics.removed),
            orphans=orphans(after, live, topics.removed, now_ms),
            publishers=tuple(touched_publishers(before, after, live, now_ms)),
            subscribers=tuple(touched_subscribers(before, after, topics, clients, now_ms)),
            sources=tuple(source_changes(self.plant.sources, candidate.plant.sources)),
            warnings=tuple(_warned(problem) for problem in candidate.plant.problems),
            foresight=None if since_ms is None else foresee(after, live, self._read_history, kept, since_ms, now_ms),
        )

    async def _take_over(
        self, candidate: Candidate, plan: Plan, on_disk: Mapping[str, bytes], who: str, why: str
    ) -> Revision:
        changes = _kinds(plan.files)
        revision = await asyncio.to_thread(self._store.begin, candidate.files, changes, self._clock.wall_ms(), who, why)
        before = self.plant
        try:
            await asyncio.to_thread(self._admit, candidate, who, why)
            await asyncio.to_thread(write_files, before.directory, on_disk, candidate.files)
        except BaseException:
            await asyncio.to_thread(self._store.settle, revision.number, State.FAILED)
            raise
        self.plant = candidate.plant
        self._retired.append((self._clock.monotonic_ms(), before.namespace))
        await self._switch.to(before, candidate.plant, candidate.admission, candidate.accounts)
        await asyncio.to_thread(self._store.settle, revision.number, State.APPLIED)
        self._number = revision.number
        log.info(
            "revision %d runs: %s by %s (%s)", revision.number, counted(len(changes), "file"), who, why or "no reason"
        )
        return revision

    def _admit(self, candidate: Candidate, who: str, why: str) -> None:
        """The versions of models that run from now on may never change."""
        refused = self._models.admit(candidate.plant.registry.models(), who, why, self._clock.wall_ms())
        if refused:
            raise UnsError(refusal(refused))

    async def _running(self) -> Revision:
        revision = await asyncio.to_thread(self._store.get, self._number)
        assert revision is not None
        return revision


async def _in_thread(work: Callable[..., Made], *arguments: Any) -> Made:
    """Work that makes as many objects as the plant has, beside the loop."""

    def aside() -> Made:
        with set_aside():
            return work(*arguments)

    return await asyncio.to_thread(aside)


def _dissolve(namespaces: Sequence[Namespace]) -> None:
    for namespace in namespaces:
        namespace.dissolve()


def finish_pending(store: RevisionStore, plant: Plant) -> Plant:
    """Carry out what a crash left half applied, before anything runs: its files were checked and are all kept."""
    pending = store.pending()
    if pending is None:
        return plant
    files = store.files(pending.number)
    on_disk = plant.files.governed
    write_files(plant.directory, on_disk, files)
    store.settle(pending.number, State.APPLIED)
    log.warning("revision %d was being applied when the server was killed; its files are in place now", pending.number)
    contents = {name: content for name, content in plant.files.contents.items() if name == SETTINGS} | files
    return load_files(PlantFiles(contents), plant.directory, plant.environ)


def _kinds(changes: Sequence[FileChange]) -> dict[str, str]:
    return {change.name: change.kind for change in changes}


def _warned(problem: Problem) -> Warned:
    finding = problem.finding
    return Warned(problem.file, problem.line, problem.column, finding.id, finding.what, finding.hint, finding.nearest)


def _stale(base: int, number: int) -> Finding:
    return Finding(
        id="govern.stale",
        what=f"revision {number} runs by now, and the plan was made against revision {base}.",
        hint="Look at a new plan, and apply that.",
    )


def _demand_no_drift(running: Mapping[str, bytes], on_disk: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> None:
    """What somebody has edited in the directory is not overwritten unasked, unless it is what shall be applied."""
    drifted = [
        change for change in file_changes(running, on_disk) if on_disk.get(change.name) != wanted.get(change.name)
    ]
    if drifted:
        names = ", ".join(change.name for change in drifted[:5])
        raise UnsError(
            Finding(
                id="govern.drift",
                what=f"{counted(len(drifted), 'file')} in the plant directory of the server differ from what runs "
                f"({names}), and would be overwritten.",
                hint="See 'uns drift'; apply that directory first, or use --force.",
            )
        )

"""What does the HTTP API need from the rest of the platform? The narrow interfaces, filled in by the composition.

The broker and the policy lie below this layer and are used as they are. History, violations, sources, the Sparkplug
host and security are its siblings: they are known here only by what is asked of them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from uns.broker import Broker
from uns.clock import Clock
from uns.errors import Finding
from uns.policy.admission import CompiledAdmission
from uns.policy.file_lines import FileLines
from uns.policy.inbox import Act, Action, Block, Group, GroupPage, GroupState, Report, Sort, Wanted
from uns.policy.learn import Proposals
from uns.policy.plan import FileChange, Plan, Revision
from uns.policy.propose import Proposal
from uns.policy.trial import Trial
from uns.policy.verdict import Mode
from uns.policy.violation import Violation
from uns.registry.store import ModelReader
from uns.samples import Sample
from uns.source_status import SourceStatus
from uns.sparkplug.status import MetricStatus, NodeStatus


class Identity(Protocol):
    """Who sends a request."""

    @property
    def user(self) -> str: ...
    @property
    def role(self) -> str: ...


class Guard(Protocol):
    """Decides who sends a request, before anything else looks at it."""

    async def identify(
        self, method: str, headers: Mapping[str, str], address: str, certified: str | None = None
    ) -> Identity | Finding:
        """The identity, or why the request is refused. `address` is the peer's `host:port`."""


class Series(Protocol):
    """Points, oldest first; `truncated` when the limit left some out, and then `next_ms` is where to go on."""

    @property
    def points(self) -> Sequence[Sample]: ...
    @property
    def truncated(self) -> bool: ...
    @property
    def next_ms(self) -> int | None: ...


class HistoryReader(Protocol):
    """The recorded samples of a topic."""

    def __call__(self, topic: str, start_ms: int, end_ms: int, limit: int, agg: str) -> Series:
        """Samples of start_ms <= source time < end_ms. `agg` is empty or `FUNCTION:WIDTH`, such as `avg:10s`.

        May block on the disk: it is called in a thread. Raises UnsError (`request.*`) for an unknown aggregation.
        """


class Recording(Protocol):
    """What history records, by which filter, and for how long; None keeps all."""

    @property
    def retention_days(self) -> int | None: ...
    def filter_of(self, topic: str) -> str | None: ...


class ViolationRecord(Protocol):
    """One stored violation and its number; later ones have higher numbers."""

    @property
    def id(self) -> int: ...
    @property
    def violation(self) -> Violation: ...
    @property
    def group(self) -> int | None: ...
    @property
    def replay(self) -> str | None:
        """How the replay of a message that was held ended, at `replayed_ms`; None while it is held."""

    @property
    def replayed_ms(self) -> int | None: ...


class ViolationPage(Protocol):
    """violations: newest first; next: what to ask `before` for the following page, None at the end."""

    @property
    def violations(self) -> Sequence[ViolationRecord]: ...
    @property
    def next(self) -> int | None: ...


class ViolationStatus(Protocol):
    """shed: old ones that gave way to new ones; dropped: never stored, because the disk refused for too long."""

    @property
    def shed(self) -> int: ...
    @property
    def dropped(self) -> int: ...


class ViolationReader(Protocol):
    """The stored violations. Reading may block on the disk: it is done in a thread."""

    def list(
        self,
        limit: int = 100,
        *,
        before: int | None = None,
        topic_filter: str | None = None,
        finding: str | None = None,
        client_id: str | None = None,
        group: int | None = None,
        now_ms: int = 0,
    ) -> ViolationPage: ...
    def count(self) -> int: ...
    def status(self) -> ViolationStatus: ...


class InboxReader(Protocol):
    """The groups of violations. Every method may block on the disk: it is done in a thread. now_ms: UTC."""

    def list(
        self,
        now_ms: int,
        limit: int = 100,
        *,
        offset: int = 0,
        state: GroupState | None = None,
        topic_filter: str | None = None,
        finding: str | None = None,
        client_id: str | None = None,
        branch: str | None = None,
        sort: Sort = Sort.LAST,
    ) -> GroupPage: ...
    def get(self, group_id: int, now_ms: int) -> Group | None: ...
    def journal(self, group_id: int) -> Sequence[Action]: ...
    def act(
        self,
        group_id: int,
        act: Act,
        who: str,
        now_ms: int,
        *,
        note: str = "",
        until_ms: int | None = None,
        assigned: str = "",
    ) -> Group | None: ...
    def note(self, group_ids: Sequence[int], action: Action) -> None: ...


class BlockList(Protocol):
    """Who may not connect. What changes it may block on the disk: it is done in a thread."""

    def list(self) -> Sequence[Block]: ...
    def add(self, client_id: str, user: str, address: str, reason: str, who: str, time_ms: int) -> Block:
        """UnsError `quota.blocks` when there are too many."""

    def remove(self, block_id: int) -> Block | None: ...


class Replays(Protocol):
    """Brings held messages back through the door, one replay at a time."""

    async def run(
        self, wanted: Wanted, who: str, *, after: int = 0, limit: int = 1000, dry_run: bool = False
    ) -> Report: ...


class TopicSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where the values of a topic come from. The first five are None when no source of this server feeds it."""

    name: str | None = None
    adapter: str | None = None
    endpoint: str | None = None
    address: Any = None
    state: str | None = None
    group: str
    node: str
    device: str
    metric: str


class SourceReader(Protocol):
    """The sources of this server and what they feed."""

    def states(self) -> Sequence[SourceStatus]:
        """Every source, by name."""

    def source_of(self, topic: str) -> TopicSource | None:
        """The Sparkplug metric (and source) behind a topic, or None when the topic is not a projected metric."""

    def told_unit(self, topic: str) -> str:
        """The engineering unit that the edge node behind a topic tells; "" when none does. Not asked of the sources of
        this server: they tell the unit of the model."""


class SparkplugHost(Protocol):
    """The host application of Sparkplug. Raises UnsError `unknown.node` and what its commands say; see `uns/host`."""

    def nodes(self) -> Sequence[NodeStatus]: ...
    def node(self, group: str, node: str) -> tuple[NodeStatus, Sequence[MetricStatus]]: ...
    def request_rebirth(self, group: str, node: str) -> bool: ...
    def command_metric(self, group: str, node: str, device: str, metric: str, value: Any) -> None: ...


class Governor(Protocol):
    """The plant files that run, and how others take over. Every method may raise UnsError; see `uns/app/govern`."""

    @property
    def number(self) -> int:
        """Of the revision that runs."""

    async def plan(self, files: Mapping[str, bytes], since_ms: int | None = None) -> Plan: ...
    def carried_out(self, proposal: Proposal, why: str) -> tuple[Mapping[str, bytes], Sequence[FileChange]]: ...
    async def try_out(self, files: Mapping[str, bytes], kept: Sequence[Violation]) -> tuple[Plan, Trial]: ...
    async def what_if(self, modes: Mapping[str, Mode], since_ms: int) -> Plan: ...
    async def apply(
        self, files: Mapping[str, bytes], who: str, why: str, base: int | None = None, *, force: bool = False
    ) -> tuple[Revision, Plan]: ...
    async def revert(self, number: int, who: str, why: str, *, force: bool = False) -> tuple[Revision, Plan]: ...
    def export(self) -> dict[str, bytes]: ...
    async def revisions(self, limit: int = 100, before: int | None = None) -> Sequence[Revision]: ...
    async def revision(self, number: int) -> tuple[Revision, dict[str, bytes], Sequence[FileChange]]: ...
    async def drift(self) -> Sequence[FileChange]: ...


class Study(Protocol):
    """Learns from traffic. Raises UnsError; see `uns/app/learn`."""

    async def run(
        self,
        topic_filter: str,
        *,
        at: str = "",
        last_ms: int | None = None,
        for_ms: int | None = None,
        is_gone: Callable[[], Awaitable[bool]] | None = None,
    ) -> Proposals: ...


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `create_app` is given.

    mqtt: host, port and port with TLS that MQTT clients connect to. checks: name to what is wrong (None: it is well),
    for /readyz. history, recording, violations and models are None where the plant keeps none, governor where files
    stand fast. file_lines: of the plant files that run.
    """

    version: str
    name: str
    started_ms: int
    mqtt: tuple[str, int | None, int | None]
    clock: Clock
    broker: Broker
    policy: CompiledAdmission
    guard: Guard
    sources: SourceReader
    history: HistoryReader | None
    violations: ViolationReader | None
    inbox: InboxReader
    blocks: BlockList
    replays: Replays
    checks: Callable[[], Mapping[str, Finding | None]]
    part_figures: Callable[[], Mapping[str, float]] = dict
    sparkplug: SparkplugHost | None = None
    models: ModelReader | None = None
    max_body_bytes: int = 1_048_576
    governor: Governor | None = None
    study: Study | None = None
    recording: Recording | None = None
    file_lines: Callable[[], FileLines] = FileLines

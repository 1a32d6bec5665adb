"""What does the HTTP API need from the rest of the platform? The narrow interfaces, filled in by the composition.

The broker and the policy lie below this layer and are used as they are. History, violations, sources, the Sparkplug
host and security are its siblings: they are known here only by what is asked of them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from uns.broker import Broker
from uns.clock import Clock
from uns.errors import Finding
from uns.policy.admission import CompiledAdmission
from uns.policy.violation import Violation
from uns.registry.store import ModelReader
from uns.samples import Sample
from uns.source_status import SourceStatus


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


class ViolationRecord(Protocol):
    """One stored violation and its number; later ones have higher numbers."""

    @property
    def id(self) -> int: ...
    @property
    def violation(self) -> Violation: ...


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
    ) -> ViolationPage: ...
    def count(self) -> int: ...
    def status(self) -> ViolationStatus: ...


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


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `create_app` is given.

    mqtt: host, port and port with TLS that MQTT clients connect to. checks: name to what is wrong (None: it is well),
    for /readyz. history, violations and models are None where the plant keeps none.
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
    checks: Callable[[], Mapping[str, Finding | None]]
    part_figures: Callable[[], Mapping[str, float]] = dict
    models: ModelReader | None = None
    max_body_bytes: int = 1_048_576

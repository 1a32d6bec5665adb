"""What does a source tell about itself? State with its cause and the next step, and the counts behind it."""

from enum import StrEnum

import msgspec

from uns.errors import Finding


class SourceState(StrEnum):
    """Where a source stands."""

    CONNECTING = "connecting"
    RUNNING = "running"
    SILENT = "silent"  # connected, but nothing arrives
    RETRYING = "retrying"  # lost; `next_attempt_ms` says when it is tried again
    FAILED = "failed"  # a person must change something
    STOPPED = "stopped"


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `GET /sources`. Times are UTC milliseconds since 1970.

    finding: why it is in this state; while running, the first missing point. points_seen: with a value since the
    last connect. dropped: lost before they reached the platform. suppressed: not reported, being unchanged.
    missing: why points do not exist on the device. edge: Sparkplug group / edge node.
    """

    name: str
    adapter: str
    endpoint: str
    edge: str
    state: SourceState
    since_ms: int
    finding: Finding | None
    next_attempt_ms: int | None
    points: int
    points_seen: int
    points_missing: int
    rate_per_s: float
    last_value_ms: int | None
    reconnects: int
    dropped: int
    suppressed: int
    missing: list[Finding]

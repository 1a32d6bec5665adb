"""What does a host know of its edge nodes, and where does a topic come from?"""

import msgspec

from uns.samples import Sample
from uns.sparkplug.events import NodeState


class Origin(msgspec.Struct, frozen=True):
    """The Sparkplug metric behind a topic. device "" is the edge node itself; datatype: a `SparkplugType` number."""

    group: str
    node: str
    device: str
    metric: str
    datatype: int
    unit: str
    online: bool


class DeviceStatus(msgspec.Struct, frozen=True):
    """since_ms: when it was born or died, UTC since 1970."""

    name: str
    online: bool
    since_ms: int
    metrics: int


class NodeStatus(msgspec.Struct, frozen=True):
    """One edge node. counts: messages by type, `gaps`, `ignored deaths`, `without seq`, `foreign` (of another client).

    since_ms: when it was born or died, None before its first birth. heard_ms: its last message (UTC). metrics: its own,
    not its devices'. client: the MQTT client that it is, or empty. rebirth_requests: how many were sent, of which
    rebirth_unanswered had no birth yet; rebirth_cause: why the last one was, or empty.
    """

    group: str
    node: str
    state: NodeState
    since_ms: int | None
    bd_seq: int | None
    metrics: int
    devices: list[DeviceStatus]
    counts: dict[str, int]
    rebirth_requests: int
    rebirth_unanswered: int
    rebirth_cause: str
    client: str
    heard_ms: int | None
    templates: list[str]


class MetricStatus(msgspec.Struct, frozen=True):
    """A metric as born. device "" is the edge node itself; topic: where it appears in the tree, None when nowhere;
    sample: the last one published there; ref: of a template instance, its template."""

    device: str
    name: str
    alias: int | None
    datatype: str
    unit: str
    topic: str | None
    sample: Sample | None
    ref: str | None

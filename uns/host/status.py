"""What does the host know of its nodes, and where does a topic come from?"""

import msgspec

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
    """One edge node. counts: messages by type, `gaps`, `ignored deaths`, `without seq`.

    since_ms: when it was born or died, None before its first birth. metrics: its own, not its devices'.
    rebirth_requests: how many were sent; rebirth_cause: why the last one was, or empty.
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
    rebirth_cause: str

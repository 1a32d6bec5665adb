"""What can happen to an edge node, as a host sees it?"""

from enum import Enum

import msgspec

from uns.samples import Sample
from uns.sparkplug.born import BornMetric
from uns.sparkplug.rebirth import RebirthWanted

Value = tuple[BornMetric, Sample, bool]
"""(metric, sample, is it historical: then it says nothing about now)"""


class Born(msgspec.Struct, frozen=True):
    """A node (device "") or device is there, with these metrics. Their values follow as `Values`."""

    device: str
    metrics: list[BornMetric]


class Values(msgspec.Struct, frozen=True):
    """New values of one device, in the order of the payload."""

    device: str
    values: list[Value]


class Died(msgspec.Struct, frozen=True):
    """A node (device "") or device is gone; its metrics are stale until the next birth. time_ms: UTC since 1970."""

    device: str
    time_ms: int
    metrics: list[BornMetric]


class Retired(msgspec.Struct, frozen=True):
    """Metrics that the new birth does not have any more."""

    device: str
    metrics: list[BornMetric]


HostEvent = Born | Values | Died | Retired | RebirthWanted


class NodeState(Enum):
    """What the host knows of the node."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"

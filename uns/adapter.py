"""The contract of an OT adapter: what one implements, and what the platform gives it.

An adapter talks to one device or server and hands over what it reads. Everything else lives in the platform
(`uns.edge`): report by exception, deadband, missing timestamps, reconnecting with backoff, status, Sparkplug.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from uns.errors import Finding
from uns.fields import pointer
from uns.samples import DataType, Quality


class Point(msgspec.Struct, frozen=True, eq=False):
    """One signal of a source. Compared by identity: a source makes each of its points once.

    device: the Sparkplug device it belongs to; name: the metric name, `/` makes folders.
    address: what the adapter needs to find it (a NodeId, a register), as written in the source file.
    datatype: as configured, or None when the adapter finds it out and announces it.
    """

    device: str
    name: str
    address: Mapping[str, Any]
    datatype: DataType | None = None

    def where(self, key: str = "") -> str:
        """The JSON pointer of this point, or of one of its keys, in the source file."""
        parts = ("devices", self.device, self.name)
        return pointer(*parts, key) if key else pointer(*parts)


class SourceConfig(msgspec.Struct, frozen=True):
    """A source file as an adapter sees it. `options` is everything the platform does not read itself."""

    name: str
    endpoint: str
    options: Mapping[str, Any]
    points: Sequence[Point]


class Reading(msgspec.Struct, frozen=True):
    """One value of one point. timestamp_ms: the source's own time, or None when it has none."""

    point: Point
    value: Any
    quality: Quality = Quality.GOOD
    timestamp_ms: int | None = None


class Sink(Protocol):
    """What the platform offers a running adapter. No call blocks or raises."""

    def connected(self, datatypes: Mapping[Point, DataType]) -> None:
        """The device answers; `datatypes` covers every point that exists there. Call after each (re)connect.

        Readings emitted in the same turn of the event loop stand in the Sparkplug births already.
        """

    def missing(self, point: Point, finding: Finding) -> None:
        """The device does not know this point; it is reported and the others go on."""

    def emit(self, readings: Sequence[Reading]) -> None:
        """Hand over a batch as read; the platform decides what is worth reporting."""

    def alive(self) -> None:
        """The device answered, and every value emitted since `connected` still holds unless the point went missing.

        For adapters that are told of changes only: call it at each sign of life (a keep-alive, an empty answer), so
        that values which stand still do not count as too old. Who reads again and emits has no need of it.
        """

    def dropped(self, count: int) -> None:
        """Values were lost before they reached the platform (a queue ran over); counted in the status."""


class Retriable(Exception):
    """The device is unreachable or broke off: the platform calls `run` again after a backoff. Carries a finding.

    The finding id `source.silent` means: connected, but nothing arrives. The status shows it as a state of its own.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


class Fatal(Exception):
    """The configuration is wrong: trying again cannot help until a person changes it. Carries a finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


class Adapter(Protocol):
    """Constructed with a `SourceConfig`; registered in the entry-point group `uns.adapters`.

    An adapter that can write also has `async def write(self, point: Point, value: Any) -> None`, raising Retriable
    or Fatal; the platform looks for it.
    """

    def __init__(self, config: SourceConfig) -> None: ...

    def check(self) -> list[Finding]:
        """Everything wrong with the configuration, found without opening a connection. `where` is a JSON pointer
        into the source file, for example `/devices/filler/temperature/node`."""

    async def run(self, sink: Sink) -> None:
        """Connect and read until cancelled; return when the device has said goodbye; raise Retriable or Fatal."""

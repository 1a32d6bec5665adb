"""What becomes of what an adapter hands over? It is counted, reported by exception and given to the edge node."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from uns.adapter import Point, Reading
from uns.clock import Clock
from uns.edge.node import EdgeLink
from uns.edge.rate import Rate
from uns.edge.report import Report
from uns.edge.spec import SourceSpec
from uns.errors import Finding
from uns.samples import DataType, Sample


class Inlet:
    """The sink of one source, through all its connections. `connections` counts those that were announced."""

    def __init__(self, spec: SourceSpec, edge: EdgeLink, clock: Clock, *, on_connected: Callable[[], None]) -> None:
        self._edge = edge
        self._clock = clock
        self._on_connected = on_connected
        self._rate = Rate(clock.monotonic_ms())
        self._known: Mapping[Point, DataType] = {}
        self._joining: asyncio.Handle | None = None
        self.report = Report(spec.rules, clock)
        self._units = {point: rules.unit for point, rules in spec.rules.items()}
        self._memberships = {
            point: rules.membership for point, rules in spec.rules.items() if rules.membership is not None
        }
        self.absent: dict[Point, Finding] = {}
        self.connections = 0
        self.drops = 0
        self.last_value_ms: int | None = None
        self.connected_ms: int | None = None
        """Monotonic; None while the device is not connected."""

    def begin(self) -> None:
        """A new attempt: what was missing is looked for again."""
        self.absent.clear()
        self.report.reset()

    def end(self) -> None:
        """The connection is over: the devices are dead."""
        if self._joining is not None:
            self._joining.cancel()
        self.connected_ms = None
        self._known = {}
        self._edge.leave()

    def rate_per_s(self) -> float:
        return self._rate.per_s(self._clock.monotonic_ms())

    # --- uns.adapter.Sink ----------------------------------------------------------------------------------------

    def connected(self, datatypes: Mapping[Point, DataType]) -> None:
        """Births follow at the end of this turn of the event loop, so that values emitted now stand in them."""
        self._known = dict(datatypes)
        self.connections += 1
        self.connected_ms = self._clock.monotonic_ms()
        self._edge.declare(self._known, self._units, self._memberships)
        self._joining = asyncio.get_running_loop().call_soon(self._edge.join)
        self._on_connected()

    def missing(self, point: Point, finding: Finding) -> None:
        self.absent[point] = finding
        self.report.forget(point)

    def emit(self, readings: Sequence[Reading]) -> None:
        known = [reading for reading in readings if reading.point in self._known]
        self.drops += len(readings) - len(known)
        if not known:
            return
        self._rate.add(len(known), self._clock.monotonic_ms())
        self.last_value_ms = self._clock.wall_ms()
        self._publish(self.report.take(known))

    def alive(self) -> None:
        if self.connected_ms is not None:
            self._publish(self.report.vouched())

    def dropped(self, count: int) -> None:
        self.drops += count

    def _publish(self, changes: Sequence[tuple[Point, Sample]]) -> None:
        if changes:
            self._edge.data(changes)

"""How is one source kept alive, and how does it stand? Adapters connect and read; trying again is done here.

CONNECTING ──connected()──► RUNNING ◄──first value── SILENT (connected, nothing since SILENT_AFTER_MS)
    ▲                          │
    └── RETRYING ◄─ Retriable ─┘      Fatal ──► FAILED      cancelled ──► STOPPED
"""

import asyncio
import logging
from collections.abc import Callable
from random import Random
from typing import Any

from uns.adapter import Adapter, Fatal, Retriable, SourceConfig
from uns.clock import Clock
from uns.edge import faults
from uns.edge.backoff import Backoff
from uns.edge.bdseq import BdSeqStore
from uns.edge.forward import Forward
from uns.edge.inlet import Inlet
from uns.edge.node import EdgeLink
from uns.edge.spec import SourceSpec
from uns.edge.uplink import Uplink
from uns.errors import Finding, UnsError
from uns.source_status import SourceState, SourceStatus
from uns.sparkplug.command import Write

log = logging.getLogger(__name__)

TICK_S = 1.0

AdapterFactory = Callable[[SourceConfig], Adapter]


class Source:
    """One device or server, published as one Sparkplug edge node over an uplink of its own.

    primary_host, forward, compress: see `EdgeLink`.
    """

    def __init__(
        self,
        spec: SourceSpec,
        adapter_factory: AdapterFactory,
        uplink: Uplink,
        clock: Clock,
        bd_seq: BdSeqStore,
        *,
        random: Random | None = None,
        backoff: Backoff | None = None,
        tick_s: float = TICK_S,
        primary_host: str = "",
        forward: Forward | None = None,
        compress: bool = False,
    ) -> None:
        self.spec = spec
        self._factory = adapter_factory
        self._clock = clock
        self._random = random or Random()
        self._backoff = backoff or Backoff()
        self._tick_s = tick_s
        self._edge = EdgeLink(
            spec.group,
            spec.node,
            uplink,
            clock,
            bd_seq,
            on_write=self._command,
            on_finding=self._noted,
            on_trouble=self._troubled,
            primary_host=primary_host,
            forward=forward,
            compress=compress,
        )
        self._inlet = Inlet(spec, self._edge, clock, on_connected=self._connected)
        self._adapter: Adapter | None = None
        self._points = {(point.device, point.name): point for point in spec.points}
        self._writes: set[asyncio.Task[None]] = set()
        self._state = SourceState.STOPPED
        self._since_ms = clock.wall_ms()
        self._finding: Finding | None = None
        self._note: Finding | None = None
        self._refused: Finding | None = None  # the last command, if it was
        self._trouble: Finding | None = None  # why nothing is published
        self._next_attempt_ms: int | None = None

    async def run(self) -> None:
        """Publish until cancelled; returns when only a person can help (state FAILED): whatever else goes wrong stands
        in the status and is tried again."""
        try:
            self._adapter = adapter = self._factory(self.spec.config)
            findings = adapter.check()
            if findings:
                self._enter(SourceState.FAILED, findings[0])
            else:
                await self._open()
                await self._publish(adapter)
        except Exception as error:
            log.exception("source %s: it cannot go on", self.spec.name)
            self._enter(SourceState.FAILED, faults.crashed(self.spec, error, again=False))
        finally:
            if self._state is not SourceState.FAILED:
                self._enter(SourceState.STOPPED, None)

    def status(self) -> SourceStatus:
        inlet = self._inlet
        missing = list(inlet.absent.values())
        return SourceStatus(
            name=self.spec.name,
            adapter=self.spec.adapter,
            endpoint=self.spec.endpoint,
            edge=self.spec.edge,
            state=self._state,
            since_ms=self._since_ms,
            finding=self._finding or self._trouble or self._note or self._refused or next(iter(missing), None),
            next_attempt_ms=self._next_attempt_ms,
            points=len(self.spec.rules),
            points_seen=len(inlet.report),
            points_missing=len(missing),
            rate_per_s=inlet.rate_per_s(),
            last_value_ms=inlet.last_value_ms,
            reconnects=max(0, inlet.connections - 1),
            dropped=inlet.drops,
            suppressed=inlet.report.suppressed,
            missing=missing,
        )

    async def write(self, device: str, metric: str, value: Any) -> None:
        """Write a value to the device. Raises UnsError: `unknown.point`, `source.read_only`, `unreachable.source`, or
        the adapter's own finding."""
        point = self._points.get((device, metric))
        if point is None:
            raise UnsError(faults.unknown_point(self.spec, device, metric))
        write = getattr(self._adapter, "write", None)
        if not self.spec.rules[point].writable or write is None:
            raise UnsError(faults.read_only(point, self.spec, able=write is not None))
        if self._state not in (SourceState.RUNNING, SourceState.SILENT) or self._inlet.connected_ms is None:
            raise UnsError(faults.unconnected(self.spec, self._state))
        try:
            await write(point, value)
        except (Retriable, Fatal) as error:
            raise UnsError(error.finding) from error
        except Exception as error:
            log.exception("source %s: the adapter '%s' crashed while writing", self.spec.name, self.spec.adapter)
            raise UnsError(faults.crashed(self.spec, error)) from error

    # --- supervision ---------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        """Open the link; while the disk refuses the session number, try again and say so."""
        failures = 0
        while True:
            try:
                self._edge.open()
                return
            except OSError as error:
                await self._pause(SourceState.RETRYING, faults.not_stored(error), failures)
                failures += 1

    async def _publish(self, adapter: Adapter) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [
                    tasks.create_task(self._ticking(), name=f"{self.spec.name}: tick"),
                    tasks.create_task(self._edge.forwarding(), name=f"{self.spec.name}: forward"),
                ]
                await self._supervise(adapter)
                for task in beside:
                    task.cancel()
        finally:
            writes = list(self._writes)
            for write in writes:
                write.cancel()
            await asyncio.gather(*writes, return_exceptions=True)
            self._edge.close()

    async def _supervise(self, adapter: Adapter) -> None:
        failures = 0
        while True:
            self._enter(SourceState.CONNECTING, None)
            self._inlet.begin()
            try:
                await adapter.run(self._inlet)
                finding = faults.ended(self.spec)
            except Retriable as error:
                finding = error.finding
            except Fatal as error:
                self._enter(SourceState.FAILED, error.finding)
                return
            except Exception as error:
                log.exception("source %s: the adapter '%s' crashed", self.spec.name, self.spec.adapter)
                finding = faults.crashed(self.spec, error)
            finally:
                worked = self._inlet.connected_ms is not None and len(self._inlet.report) > 0
                self._inlet.end()
            _honour_cancellation()
            failures = 0 if worked else failures + 1
            state = SourceState.SILENT if finding.id == "source.silent" else SourceState.RETRYING
            await self._pause(state, finding, max(0, failures - 1))

    async def _pause(self, state: SourceState, finding: Finding, attempt: int) -> None:
        delay_s = self._backoff.delay_s(attempt, self._random)
        self._enter(state, finding, self._clock.wall_ms() + round(delay_s * 1000))
        await asyncio.sleep(delay_s)

    async def _ticking(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            self._edge.tick()
            self._watch_silence()

    def _connected(self) -> None:
        self._enter(SourceState.RUNNING, None)

    def _watch_silence(self) -> None:
        """Connected, and not one value since: the adapter itself does not know better."""
        since_ms = self._inlet.connected_ms
        if since_ms is None:
            return
        if len(self._inlet.report):
            if self._state is SourceState.SILENT:
                self._enter(SourceState.RUNNING, None)
        elif self._state is SourceState.RUNNING and self._clock.monotonic_ms() - since_ms >= faults.SILENT_AFTER_MS:
            self._enter(SourceState.SILENT, faults.silent(self.spec))

    def _enter(self, state: SourceState, finding: Finding | None, next_attempt_ms: int | None = None) -> None:
        changed = (state, finding) != (self._state, self._finding)
        self._state, self._finding, self._next_attempt_ms = state, finding, next_attempt_ms
        self._note = self._refused = None
        if changed:
            self._since_ms = self._clock.wall_ms()
            level = logging.INFO if finding is None else logging.WARNING
            log.log(level, "source %s: %s%s", self.spec.name, state, f" ({finding})" if finding else "")

    # --- commands ------------------------------------------------------------------------------------------------

    def _command(self, command: Write) -> None:
        """A host's NCMD or DCMD: written in a task of its own, refused when too many wait."""
        if len(self._writes) >= faults.MAX_PENDING_WRITES:
            self._obeyed(faults.too_many_writes(self.spec))
            return
        task = asyncio.get_running_loop().create_task(
            self._obey(command), name=f"{self.spec.name}: write {command.device}/{command.metric}"
        )
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _obey(self, command: Write) -> None:
        try:
            await self.write(command.device, command.metric, command.value)
        except UnsError as error:
            self._obeyed(error.finding)
        else:
            self._obeyed(None)

    def _obeyed(self, finding: Finding | None) -> None:
        """A command was carried out, or refused."""
        self._log_news(finding, self._refused)
        self._refused = finding

    def _noted(self, finding: Finding) -> None:
        """The namespace refused something, and nobody waits for an answer: kept for the status."""
        self._log_news(finding, self._note)
        self._note = finding

    def _troubled(self, finding: Finding | None) -> None:
        """The uplink tells why nothing is published, or that all is well."""
        if finding is None and self._trouble is not None:
            log.info("source %s: published again", self.spec.name)
        self._log_news(finding, self._trouble)
        self._trouble = finding

    def _log_news(self, finding: Finding | None, last: Finding | None) -> None:
        if finding is not None and finding != last:
            log.warning("source %s: %s", self.spec.name, finding)


def _honour_cancellation() -> None:
    """Raise the CancelledError that an adapter's library has swallowed: `asyncio.wait_for` does before Python 3.12,
    when the answer arrives at the same moment."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

"""How does an edge node lose nothing when its server is away? Store and forward.

    live ──► sent ──► confirmed by the server: forgotten
               └──── connection lost first ──┐
    offline, waiting, congested ─────────────┴──► disk ──► after the births, throttled, is_historical ──► confirmed

QoS 0 is not acknowledged, so what a dead connection swallowed is known from the other end: the server is asked now and
then whether it has everything, and what it did not confirm is sent again.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from uns.clock import Clock
from uns.edge.backlog import Backlog, NamedSample, Row

log = logging.getLogger(__name__)

MAX_UNCONFIRMED = 50_000
"""Samples that are sent and not confirmed; past it the connection is taken to be stuck, and new ones go to disk."""
ROUND_S = 0.1
MAX_PER_MESSAGE = 500
ROUND_TIMEOUT_S = 30.0
DISK_RETRY_S = 1.0


class BackfillReport(msgspec.Struct, frozen=True):
    """What one outage came to. samples: sent afterwards; shed: given up, for want of room; unknown: of metrics that are
    no longer there. Times in milliseconds."""

    samples: int
    shed: int
    unknown: int
    outage_ms: int
    took_ms: int


class ForwardStatus(msgspec.Struct, frozen=True):
    """waiting: on disk; unconfirmed: sent, and kept until the server has them. backfilled, shed: since the start."""

    waiting: int
    unconfirmed: int
    backfilled: int
    shed: int


class HistoricalSender(Protocol):
    """The edge node, as far as old samples are concerned."""

    def born_devices(self) -> Sequence[str]:
        """The devices whose data can be sent now, "" for the node; none while it is not born."""

    def send_historical(self, rows: Sequence[Row]) -> int:
        """Publish them; how many of them are of metrics that are not there any more."""

    def sync(self, call: Callable[[], None]) -> None:
        """`Uplink.sync`."""


class Forward:
    """Store and forward of one edge node. flush_per_s: old samples sent per second, beside the live ones."""

    def __init__(
        self,
        backlog: Backlog,
        clock: Clock,
        on_report: Callable[[BackfillReport], None],
        *,
        flush_per_s: int = 5000,
    ) -> None:
        self._backlog = backlog
        self._clock = clock
        self._on_report = on_report
        self._per_round = max(1, round(flush_per_s * ROUND_S))
        self._sent: list[tuple[str, Sequence[NamedSample]]] = []
        self._asked: list[tuple[str, Sequence[NamedSample]]] = []
        self._unconfirmed = 0
        self._session = 0
        self._settled: asyncio.Event | None = None
        self._backfilled = self._unknown = 0
        self._away_ms: int | None = None if backlog.status().waiting == 0 else clock.monotonic_ms()
        self._began = (0, 0, backlog.status().shed)  # backfilled, unknown, shed when the outage began
        self._outage_ms = 0
        self._flushing_ms: int | None = None
        self._disk_told = False

    @property
    def congested(self) -> bool:
        return self._unconfirmed >= MAX_UNCONFIRMED

    def keep(self, device: str, samples: Sequence[NamedSample]) -> None:
        """They cannot be sent now."""
        if self._away_ms is None and self._flushing_ms is None:
            self._begin_outage()
        self._backlog.keep(device, samples)

    def sent(self, device: str, samples: Sequence[NamedSample]) -> None:
        """They were published a moment ago."""
        self._sent.append((device, samples))
        self._unconfirmed += len(samples)

    def confirm(self, sync: Callable[[Callable[[], None]], None]) -> None:
        """Ask the server whether it has what was sent; call about once a second while connected."""
        if self._asked or not self._sent:
            return
        self._asked, self._sent = self._sent, []
        session = self._session
        sync(lambda: self._confirmed(session))

    def opened(self) -> None:
        """The node was born: what waits is sent from now on."""
        if self._away_ms is not None:
            now_ms = self._clock.monotonic_ms()
            self._outage_ms, self._away_ms, self._flushing_ms = now_ms - self._away_ms, None, now_ms

    def lost(self) -> None:
        """The connection is gone: what was not confirmed may never have arrived."""
        self._session += 1
        if self._settled is not None:
            self._settled.set()
        if self._away_ms is None:
            if self._flushing_ms is None:
                self._begin_outage()
            else:
                self._away_ms = self._clock.monotonic_ms() - self._outage_ms  # the outage goes on
                self._flushing_ms = None
        for device, samples in (*self._asked, *self._sent):
            self._backlog.keep(device, samples)
        self._asked, self._sent, self._unconfirmed = [], [], 0

    def status(self) -> ForwardStatus:
        backlog = self._backlog.status()
        return ForwardStatus(backlog.waiting, self._unconfirmed, self._backfilled, backlog.shed)

    async def run(self, sender: HistoricalSender) -> None:
        """Send what waits, round by round, whenever the node is born; until cancelled."""
        while True:
            await asyncio.sleep(ROUND_S)
            devices = sender.born_devices()
            if not devices or self.congested:
                continue
            if self._backlog.status().waiting:
                try:
                    await self._round(sender, devices)
                except (sqlite3.Error, OSError) as error:
                    self._disk_refused(error)
                    await asyncio.sleep(DISK_RETRY_S)
            elif self._flushing_ms is not None:
                self._end_outage()

    async def _round(self, sender: HistoricalSender, devices: Sequence[str]) -> None:
        rows = await asyncio.to_thread(self._backlog.oldest, self._per_round, 0, devices)
        if rows:
            await self._send(sender, rows)
        self._disk_told = False

    def _disk_refused(self, error: Exception) -> None:
        """What waits stays, and is tried again; the live values go on."""
        if not self._disk_told:
            log.warning("what waits on disk cannot be sent or forgotten now: %s. It is tried again.", error)
        self._disk_told = True

    async def _send(self, sender: HistoricalSender, rows: Sequence[Row]) -> None:
        """One round; the rows leave the disk when the server has confirmed them."""
        session = self._session
        if not sender.born_devices():
            return  # lost while the disk was read
        settled = self._settled = asyncio.Event()
        unknown = sender.send_historical(rows)
        sender.sync(settled.set)
        try:
            async with asyncio.timeout(ROUND_TIMEOUT_S):
                await settled.wait()
        except TimeoutError:
            return
        finally:
            self._settled = None
        if self._session == session:
            await asyncio.to_thread(self._backlog.forget, rows)
            self._unknown += unknown
            self._backfilled += len(rows) - unknown

    def _confirmed(self, session: int) -> None:
        if session == self._session:
            self._unconfirmed -= sum(len(samples) for _, samples in self._asked)
            self._asked = []

    def _begin_outage(self) -> None:
        self._away_ms = self._clock.monotonic_ms()
        self._began = self._backfilled, self._unknown, self._backlog.status().shed

    def _end_outage(self) -> None:
        assert self._flushing_ms is not None
        backfilled, unknown, shed = self._began
        took_ms, self._flushing_ms = self._clock.monotonic_ms() - self._flushing_ms, None
        report = BackfillReport(
            samples=self._backfilled - backfilled,
            shed=self._backlog.status().shed - shed,
            unknown=self._unknown - unknown,
            outage_ms=self._outage_ms,
            took_ms=took_ms,
        )
        if report.samples or report.shed or report.unknown:
            self._on_report(report)

"""Is every part of the server well? What /readyz and /metrics tell, and what happens when a part fails."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from uns.errors import Finding
from uns.history import Recorder
from uns.persistence import GroupCommit
from uns.security import Authenticator
from uns.server.tls import Handshakes
from uns.violations import ViolationStore

log = logging.getLogger(__name__)

MAX_DEFECTS_TOLD = 100


class Health:
    """The faults of the parts that run on by themselves, by part; one that works again is well again."""

    def __init__(self) -> None:
        self.faults: dict[str, Finding] = {}
        self._told: set[tuple[str, type[Exception]]] = set()

    def failed(self, part: str, error: Exception) -> None:
        """A part raised what nobody expected: it is told once, and shown until it is well."""
        if part not in self.faults:
            log.error("%s failed", part, exc_info=error)
        self.faults[part] = Finding(
            id="internal.part",
            what=f"{part} failed ({type(error).__name__}: {error}).",
            hint="The log holds the traceback: please report it. The other parts go on.",
        )

    def well(self, part: str) -> None:
        if self.faults.pop(part, None) is not None:
            log.info("%s is well again", part)

    def defect(self, what: str, topic: str, error: Exception) -> None:
        """Log a defect that may come with every message: each kind once, with its traceback."""
        kind = (what, type(error))
        if kind not in self._told and len(self._told) < MAX_DEFECTS_TOLD:
            self._told.add(kind)
            log.error("%s on '%s'; further ones are only counted", what, topic, exc_info=error)

    async def repeat(self, part: str, call: Callable[[], None], interval_s: float) -> None:
        """Call a part again and again until cancelled, whatever it raises."""
        while True:
            await asyncio.sleep(interval_s)
            try:
                call()
            except Exception as error:
                self.failed(part, error)
            else:
                self.well(part)


async def stop_task(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def checks(
    health: Health,
    serving: Callable[[], bool],
    commit: GroupCommit | None,
    recorder: Recorder | None,
    violations: ViolationStore,
) -> Mapping[str, Finding | None]:
    """What /readyz tells: each part and what is wrong with it, or None."""
    told: dict[str, Finding | None] = {
        "broker": None if serving() else _not_listening(),
        "persistence": commit.finding if commit else None,
        "history": recorder.status().finding if recorder else None,
        "violations": violations.status().finding,
    }
    return told | health.faults


def part_figures(
    commit: GroupCommit | None,
    recorder: Recorder | None,
    violations: ViolationStore,
    authenticator: Authenticator,
    handshakes: Sequence[Handshakes],
) -> Mapping[str, float]:
    """What /metrics tells beside the broker's own counters: by the names that uns/api/metrics.py explains."""
    kept = violations.status()
    told: dict[str, float] = {
        "violations_stored": kept.stored,
        "violations_pending": kept.pending,
        "violations_held": kept.held,
        "violation_groups": kept.groups,
        "violations_shed": kept.shed,
        "violations_aged": kept.aged,
        "violations_muted": kept.muted,
        "violation_groups_shed": kept.groups_shed,
        "violations_dropped": kept.dropped,
        "violations_write_failures": kept.failures,
        "login_failures": authenticator.failures,
        "tls_handshakes": sum(map(len, handshakes)),
        "tls_handshake_failures": sum(each.failed for each in handshakes),
    }
    if commit is not None:
        told |= {"persistence_commits": commit.batches, "persistence_write_failures": commit.failures}
    if recorder is not None:
        history = recorder.status()
        told |= {
            "history_recorded": history.recorded,
            "history_pending": history.pending,
            "history_shed": history.shed,
            "history_refused": history.refused,
            "history_write_failures": history.failures,
        }
    return told


def _not_listening() -> Finding:
    return Finding(
        id="internal.part", what="the MQTT listener has stopped.", hint="Restart the server; the log says why."
    )

"""Which sources does this server run, and which of them feeds a topic?"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from uns.adapter import Adapter, SourceConfig
from uns.api import TopicSource
from uns.app.plant.sources import load_adapter
from uns.clock import Clock
from uns.edge.bdseq import FileBdSeq
from uns.edge.source import Source
from uns.edge.spec import SourceSpec
from uns.edge.uplink import LocalUplink
from uns.errors import Finding, UnsError
from uns.host.application import SparkplugHost
from uns.link import Link
from uns.source_status import SourceStatus

log = logging.getLogger(__name__)

CANCEL_AGAIN_S = 0.5
MAX_CANCELS = 10


class Sources:
    """The sources of a plant, each in a task of its own: one that fails leaves the others and the broker alone.

    link: makes the link of one source, given its client id. data: where the bdSeq files are.
    """

    def __init__(
        self,
        specs: Sequence[SourceSpec],
        host: SparkplugHost,
        link: Callable[[str], Link],
        clock: Clock,
        data: Path,
    ) -> None:
        self._host = host
        self._link = link
        self._clock = clock
        self._data = data
        self._sources = {spec.name: self._make(spec) for spec in specs}
        self._own = {(spec.group, spec.node) for spec in specs}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._started = False

    def start(self) -> None:
        self._started = True
        for source in self._sources.values():
            self._run(source)

    async def stop(self) -> None:
        """Cancel every source."""
        await _end(self._tasks.values())
        self._tasks.clear()

    async def replace(self, specs: Sequence[SourceSpec], changed: Collection[str]) -> None:
        """Run these sources from now on; of the `changed` ones, the old end first, then the new start."""
        await _end([self._tasks.pop(name) for name in changed if name in self._tasks])
        kept = {name: source for name, source in self._sources.items() if name not in changed}
        self._sources = {spec.name: kept.get(spec.name) or self._make(spec) for spec in specs}
        self._own = {(spec.group, spec.node) for spec in specs}
        for name, source in self._sources.items():
            if self._started and name in changed:
                self._run(source)

    def _make(self, spec: SourceSpec) -> Source:
        uplink = LocalUplink(self._link(f"edge:{spec.name}"))
        return Source(spec, adapter_factory(spec), uplink, self._clock, FileBdSeq(self._data, spec))

    def _run(self, source: Source) -> None:
        name = source.spec.name
        self._tasks[name] = asyncio.create_task(_supervised(source), name=f"source {name}")

    def states(self) -> list[SourceStatus]:
        """Every source, by name."""
        return sorted((source.status() for source in self._sources.values()), key=lambda status: status.name)

    def told_unit(self, topic: str) -> str:
        """The unit that an edge node of somebody else tells of a topic, or ""; ours repeat what the model says."""
        origin = self._host.origin(topic)
        if origin is None or not origin.unit or (origin.group, origin.node) in self._own:
            return ""
        return origin.unit

    def source_of(self, topic: str) -> TopicSource | None:
        """The Sparkplug metric behind a topic, with its source when that is one of ours."""
        origin = self._host.origin(topic)
        if origin is None:
            return None
        ids = {"group": origin.group, "node": origin.node, "device": origin.device, "metric": origin.metric}
        for source in self._sources.values():
            spec = source.spec
            if (spec.group, spec.node) != (origin.group, origin.node):
                continue
            for point in spec.points:
                if (point.device, point.name) == (origin.device, origin.metric):
                    return TopicSource(
                        name=spec.name,
                        adapter=spec.adapter,
                        endpoint=spec.endpoint,
                        address=dict(point.address),
                        state=source.status().state.value,
                        **ids,
                    )
        return TopicSource(**ids)


def adapter_factory(spec: SourceSpec) -> Callable[[SourceConfig], Adapter]:
    """What makes the adapter of a source. Raises UnsError `source.adapter` when none of its name is installed."""
    adapter = load_adapter(spec.adapter)
    if isinstance(adapter, Finding):
        raise UnsError(adapter)
    return adapter


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended.

    A cancellation can get lost in a library (`asyncio.wait_for` before Python 3.12 swallows it when the answer
    arrives at the same moment): whoever goes on is cancelled again.
    """
    pending = set(tasks)
    for _ in range(MAX_CANCELS):
        if not pending:
            return
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
    for task in pending:
        log.error("%s does not stop; it is left behind", task.get_name())


async def _supervised(source: Source) -> None:
    try:
        await source.run()
    except Exception:
        log.exception("source %s: stopped by a defect of the platform", source.spec.name)

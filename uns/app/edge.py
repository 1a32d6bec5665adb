"""How do the sources of a directory publish to a server elsewhere? `uns edge`: each an edge node over MQTT, that keeps
on its disk what it cannot send.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from uns.app.counted import counted
from uns.app.data import own_data
from uns.app.plant import Plant
from uns.app.settings import EdgeSettings
from uns.app.sources import adapter_factory
from uns.clock import Clock
from uns.edge.backlog import Backlog, WhenFull
from uns.edge.bdseq import FileBdSeq
from uns.edge.forward import BackfillReport, Forward, ForwardStatus
from uns.edge.mqtt import MqttOptions, MqttUplink
from uns.edge.servers import MqttServer, parse_server
from uns.edge.source import Source
from uns.edge.spec import SourceSpec
from uns.errors import Finding, UnsError
from uns.server.clock import SystemClock
from uns.source_status import SourceStatus

log = logging.getLogger(__name__)

PASSWORD = "UNS_EDGE_PASSWORD"
_VERSIONS = {"5": 5, "3.1.1": 4}


class EdgeReport(msgspec.Struct, frozen=True):
    """How a source did, for the end of the run."""

    status: SourceStatus
    forward: ForwardStatus
    server: MqttServer | None


class _Node:
    """One source with its uplink and its backlog."""

    def __init__(
        self, spec: SourceSpec, settings: EdgeSettings, options: MqttOptions, data: Path, clock: Clock
    ) -> None:
        self.name = spec.name
        servers = [parse_server(server) for server in settings.servers]
        self.uplink = MqttUplink(
            servers, msgspec.structs.replace(options, client_id=f"uns-edge:{spec.group}:{spec.node}")
        )
        self.backlog = Backlog(
            data / f"{spec.name}.backlog.db",
            max_samples=settings.backlog_samples,
            when_full=WhenFull(settings.backlog_when_full),
        )
        self.forward = Forward(self.backlog, clock, self._report, flush_per_s=settings.backlog_per_s)
        self.source = Source(
            spec,
            adapter_factory(spec),
            self.uplink,
            clock,
            FileBdSeq(data, spec),
            primary_host=settings.primary_host,
            forward=self.forward,
            compress=settings.compress,
        )

    def report(self) -> EdgeReport:
        return EdgeReport(self.source.status(), self.forward.status(), self.uplink.server)

    async def close(self) -> None:
        await self.uplink.closed()
        await asyncio.to_thread(self.backlog.close)

    def _report(self, report: BackfillReport) -> None:
        lost = f"; {counted(report.shed, 'sample')} had no room and are lost" if report.shed else ""
        gone = f"; {counted(report.unknown, 'sample')} of metrics that are not there any more" if report.unknown else ""
        log.info(
            "source %s: %s of an outage of %.0f s backfilled in %.0f s%s%s",
            self.name,
            counted(report.samples, "sample"),
            report.outage_ms / 1000,
            report.took_ms / 1000,
            lost,
            gone,
        )


async def run_edge(plant: Plant, data: Path, stop: asyncio.Event, on_ready: Callable[[int], None]) -> list[EdgeReport]:
    """Publish until `stop` is set. on_ready: told how many sources run. Raises UnsError when something is missing, or
    the data directory is not ours."""
    settings, clock = plant.settings.edge, SystemClock()
    if not settings.servers:
        hint = "Write edge: {servers: [mqtt://HOST]} into uns.yaml, or give --server."
        raise UnsError(Finding(id="edge.no_server", what="no MQTT server is named.", where="/edge/servers", hint=hint))
    if not plant.sources:
        raise UnsError(
            Finding(id="edge.no_source", what="there is no file in sources/.", hint="Add one: uns init shows how.")
        )
    options = _options(settings, plant.directory, plant.environ)
    with own_data(data):
        nodes = [_Node(spec, settings, options, data, clock) for spec in plant.sources]
        tasks = [asyncio.create_task(node.source.run(), name=f"source {node.name}") for node in nodes]
        on_ready(len(nodes))
        try:
            await stop.wait()
            before = [node.report() for node in nodes]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for node in nodes:
                await node.close()
    return [
        msgspec.structs.replace(report, forward=node.forward.status())
        for report, node in zip(before, nodes, strict=True)
    ]


def _options(settings: EdgeSettings, directory: Path, environ: Mapping[str, str]) -> MqttOptions:
    password = environ.get(PASSWORD, "")
    try:
        if settings.password_file and not password:
            password = (directory / settings.password_file).read_text("utf-8").strip()
        tls = ssl.create_default_context(cafile=str(directory / settings.ca) if settings.ca else None)
        if settings.certificate:
            tls.load_cert_chain(directory / settings.certificate, directory / settings.key if settings.key else None)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        hint = "Correct password_file, ca, certificate or key in the section edge of uns.yaml."
        raise UnsError(Finding(id="edge.file", what=f"a file cannot be read: {error}.", hint=hint)) from error
    return MqttOptions(
        client_id="",
        version=_VERSIONS[settings.version],
        keep_alive_s=settings.keep_alive_s,
        user=settings.user,
        password=password,
        tls=tls,
    )

"""An edge node over MQTT and the server it talks to, for tests: real sockets, the real broker, the real host."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.edge.sources import MemoryBdSeq
from tests.support.real_broker import permissive
from uns.adapter import Point
from uns.broker import Broker
from uns.clock import Clock
from uns.edge.backlog import Backlog
from uns.edge.backoff import Backoff
from uns.edge.forward import BackfillReport, Forward
from uns.edge.mqtt import MqttOptions, MqttUplink
from uns.edge.node import EdgeLink
from uns.edge.servers import MqttServer
from uns.errors import Finding
from uns.host.application import SparkplugHost
from uns.link import Message
from uns.samples import DataType, Quality, Sample, decode_sample
from uns.server.clock import SystemClock
from uns.server.link import BrokerLink
from uns.server.mqtt import MqttListener
from uns.sparkplug.command import Write

GROUP, NODE, DEVICE = "acme:ghent", "line1", "press"
TREE = f"acme/ghent/{NODE}/{DEVICE}"
QUICK = Backoff(first_s=0.02, most_s=0.05)


class Server:
    """Our broker on a port, with the host application on it. heard: (kind, topic) below spBv1.0, in order."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.broker = Broker(permissive(), clock, on_defect=lambda what, topic, error: pytest.fail(f"{what}: {error}"))
        self.listener = MqttListener(self.broker)
        self.host = SparkplugHost(
            BrokerLink(self.broker, "host"),
            clock,
            "uns",
            lambda finding, message: self.findings.append(finding),
            on_historical=lambda topic, sample: self.historical.setdefault(topic, []).append(sample),
        )
        self.findings: list[Finding] = []
        self.historical: dict[str, list[Sample]] = {}
        self.live: dict[str, list[Sample]] = {}
        self.kinds: list[str] = []
        self.port = 0

    async def start(self, *, host: bool = True) -> "Server":
        self.port = await self.listener.start("127.0.0.1", 0)
        self.ear = BrokerLink(self.broker, "ear")
        self.ear.open()
        self.ear.subscribe("spBv1.0/#", lambda message: self.kinds.append(message.topic.split("/")[2]))
        self.ear.subscribe(f"{TREE}/#", self._hear)
        if host:
            self.host.start()
        return self

    def _hear(self, message: Message) -> None:
        sample = decode_sample(message.payload, 0)
        if sample is not None:
            self.live.setdefault(message.topic, []).append(sample)

    def values(self, name: str) -> set[Any]:
        """Every Good value that arrived, live or late."""
        topic = f"{TREE}/{name}"
        samples = [*self.live.get(topic, []), *self.historical.get(topic, [])]
        return {sample.value for sample in samples if sample.quality is Quality.GOOD}

    def client(self) -> str | None:
        nodes = self.host.nodes()
        return nodes[0].client if nodes and nodes[0].state.value == "online" else None


class Edge:
    """An edge node over MQTT with one device, a counter that goes up."""

    def __init__(self, tmp_path: Path, servers: list[MqttServer], **options: Any) -> None:
        self.clock = SystemClock()
        self.findings: list[Finding] = []
        self.troubles: list[Finding | None] = []
        self.writes: list[Write] = []
        self.reports: list[BackfillReport] = []
        self.bd_seq = MemoryBdSeq()
        self.backlog = Backlog(tmp_path / "backlog.db")
        self.forward = Forward(self.backlog, self.clock, self.reports.append, flush_per_s=50_000)
        primary_host = options.pop("primary_host", "")
        options.setdefault("sync_timeout_s", 0.5)
        self.uplink = MqttUplink(
            servers, MqttOptions(client_id="edge-line1", **options), random=Random(1), backoff=QUICK
        )
        self.link = EdgeLink(
            GROUP,
            NODE,
            self.uplink,
            self.clock,
            self.bd_seq,
            on_write=self.writes.append,
            on_finding=self.findings.append,
            on_trouble=self.troubles.append,
            primary_host=primary_host,
            forward=self.forward,
        )
        self.point = Point(DEVICE, "count", {})
        self.count = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> "Edge":
        self.link.open()
        self._tasks = [asyncio.create_task(self.link.forwarding()), asyncio.create_task(self._tick())]
        self.link.declare({self.point: DataType.INT64})
        self.link.join()
        return self

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            self.link.tick()

    def tell(self, times: int = 1) -> None:
        for _ in range(times):
            self.count += 1
            self.link.data([(self.point, Sample(self.count, Quality.GOOD, self.clock.wall_ms()))])

    async def tell_for(self, seconds: float) -> None:
        """A hundred values a second."""
        for _ in range(round(seconds * 100)):
            self.tell()
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.link.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.uplink.closed()
        self.backlog.close()


@contextlib.asynccontextmanager
async def running(edge: Edge) -> AsyncIterator[Edge]:
    await edge.start()
    try:
        yield edge
    finally:
        await edge.stop()


def at(port: int) -> MqttServer:
    return MqttServer("127.0.0.1", port)

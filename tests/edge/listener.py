"""A host that reads what edge nodes publish, and an adapter that a test plays."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.support.memory_link import MemoryBroker
from tests.support.real_broker import RealBroker
from uns.adapter import Point, Reading, Sink, SourceConfig
from uns.errors import Finding
from uns.link import Message
from uns.samples import DataType, Quality
from uns.sparkplug.decode import decode
from uns.sparkplug.encode import encode
from uns.sparkplug.payload import Metric, Payload
from uns.sparkplug.quality import quality_of

GROUP = "acme:ghent:packaging"


class Listener:
    """Follows one broker: message kinds in order, and the last value and quality by device and metric name."""

    def __init__(self, broker: MemoryBroker | RealBroker) -> None:
        self.kinds: list[str] = []
        self.payloads: list[tuple[str, Payload]] = []
        self.values: dict[str, tuple[Any, Quality]] = {}
        self._aliases: dict[tuple[str, int], str] = {}
        self._link = broker.link("listener")
        self._link.open()
        self._link.subscribe("spBv1.0/#", self._receive)

    def _receive(self, message: Message) -> None:
        kind, _node, *device = message.topic.split("/")[2:]
        payload, findings = decode(message.payload)
        assert payload is not None
        assert not findings
        self.kinds.append("/".join([kind, *device]))
        self.payloads.append((kind, payload))
        for metric in payload.metrics:
            if metric.alias is not None and metric.name:
                self._aliases[message.topic.split("/")[3], metric.alias] = metric.name
            name = metric.name or self._aliases[message.topic.split("/")[3], metric.alias or 0]
            self.values["/".join([*device, name])] = (metric.value, quality_of(metric.properties))

    def command(self, topic: str, name: str, value: Any, datatype: DataType) -> None:
        self._link.publish(topic, encode(Payload(0, [Metric(name=name, datatype=datatype, value=value)])))


Play = Callable[[Sink], Any]


class PlayedAdapter:
    """Each run is the next of `runs`: a coroutine function that gets the adapter and its sink."""

    def __init__(self, config: SourceConfig, runs: Sequence[Callable[["PlayedAdapter", Sink], Any]]) -> None:
        self.config = config
        self.point = {point.name: point for point in config.points}
        self.written: list[tuple[str, Any]] = []
        self._runs = list(runs)

    def check(self) -> list[Finding]:
        return []

    async def run(self, sink: Sink) -> None:
        await self._runs.pop(0)(self, sink)

    async def write(self, point: Point, value: Any) -> None:
        self.written.append((point.name, value))

    def readings(self, **values: Any) -> list[Reading]:
        return [Reading(self.point[name], value) for name, value in values.items()]

    def datatypes(self, *names: str) -> Mapping[Point, DataType]:
        return {self.point[name]: DataType.DOUBLE for name in names or self.point}


async def forever(*_: object) -> None:
    await asyncio.Event().wait()

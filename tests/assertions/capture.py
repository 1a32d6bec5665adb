"""What exactly goes over the wire? A proxy that decodes every MQTT packet between an edge node and its broker."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import msgspec

from uns.mqtt import Connect, Decoder, Publish, Side, Subscribe
from uns.sparkplug.decode import decode
from uns.sparkplug.payload import Metric, Payload
from uns.sparkplug.topic import MessageType, SparkplugTopic, parse_topic


class Sent(msgspec.Struct, frozen=True):
    """A message of Sparkplug from the edge node. at: how many packets it had sent before; time_ms: UTC, on arrival."""

    at: int
    topic: SparkplugTopic
    publish: Publish
    payload: Payload
    time_ms: int

    @property
    def kind(self) -> MessageType:
        return self.topic.type

    def metric(self, name: str) -> Metric:
        return next(metric for metric in self.payload.metrics if metric.name == name)


class Capture:
    """A proxy to the broker at `port`. packets: everything that the edge node sent, in order."""

    def __init__(self, port: int, clock_ms: Callable[[], int]) -> None:
        self._target = port
        self._clock_ms = clock_ms
        self._server: asyncio.Server | None = None
        self.packets: list[tuple[int, object]] = []
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    def of(self, kind: type) -> list[object]:
        return [packet for _, packet in self.packets if isinstance(packet, kind)]

    @property
    def connects(self) -> list[Connect]:
        return [packet for packet in self.of(Connect) if isinstance(packet, Connect)]

    @property
    def subscribes(self) -> list[tuple[int, Subscribe]]:
        return [(at, packet) for at, (_, packet) in enumerate(self.packets) if isinstance(packet, Subscribe)]

    def sent(self, *kinds: str) -> list[Sent]:
        """The messages of these types, or all, in order."""
        return [each for each in self._sent() if not kinds or each.kind.value in kinds]

    def _sent(self) -> Iterator[Sent]:
        for at, (time_ms, packet) in enumerate(self.packets):
            if isinstance(packet, Publish):
                payload, findings = decode(packet.payload)
                assert payload is not None
                assert not findings
                yield Sent(at, parse_topic(packet.topic), packet, payload, time_ms)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._pump(reader, far_writer, Decoder(Side.SERVER)), self._pump(far_reader, writer, None))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, decoder: Decoder | None) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65_536):
                if decoder is not None:
                    self.packets += [(self._clock_ms(), packet) for packet in decoder.receive(data)]
                writer.write(data)
                await writer.drain()
        writer.close()

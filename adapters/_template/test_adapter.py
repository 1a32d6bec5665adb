"""The adapter against a small device that really listens."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import yaml

from adapters._template import TemplateAdapter
from uns.adapter import Point, Reading, Retriable, SourceConfig
from uns.edge.spec import SourceSpec, parse_source
from uns.errors import Finding
from uns.samples import DataType

SAMPLE = Path(__file__).parent / "sample.yaml"


class Recorder:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.known: list[str] = []
        self.absent: dict[str, Finding] = {}
        self.values: asyncio.Queue[dict[str, object]] = asyncio.Queue()

    def connected(self, datatypes: Mapping[Point, DataType]) -> None:
        self.known = [point.name for point in datatypes]

    def missing(self, point: Point, finding: Finding) -> None:
        self.absent[point.name] = finding

    def emit(self, readings: Sequence[Reading]) -> None:
        self.values.put_nowait({reading.point.name: reading.value for reading in readings})

    def alive(self) -> None:
        raise AssertionError("it polls: every value is emitted again")

    def dropped(self, count: int) -> None:
        raise AssertionError("this adapter has no queue")


@asynccontextmanager
async def device(values: dict[str, str]) -> AsyncIterator[str]:
    """A device that knows these values; gives its endpoint."""
    conversations: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.current_task())
        while line := (await reader.readline()).decode().strip():
            name, assigned, value = line.partition("=")
            if assigned and name in values:
                values[name] = value
            writer.write((("ok" if assigned else values[name]) if name in values else "?").encode() + b"\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*filter(None, conversations))


def settings(endpoint: str, *names: str) -> SourceConfig:
    return SourceConfig("s", endpoint, {"poll": "10ms"}, [Point("scale", name, {"ask": name}) for name in names])


def test_the_sample_is_right() -> None:
    spec = parse_source(yaml.safe_load(SAMPLE.read_text()))
    assert isinstance(spec, SourceSpec), spec
    assert TemplateAdapter(spec.config).check() == []


async def test_values_are_read_written_and_missing_ones_told() -> None:
    async with device({"weight": "12.5", "tare": "0"}) as endpoint:
        config = settings(endpoint, "weight", "tare", "colour")
        adapter, sink = TemplateAdapter(config), Recorder()
        run = asyncio.create_task(adapter.run(sink))
        assert await sink.values.get() == {"weight": 12.5, "tare": 0.0}
        assert sink.known == ["weight", "tare"]
        assert sink.absent["colour"].where == "/devices/scale/colour/ask"
        await adapter.write(config.points[1], 3)
        while (await sink.values.get())["tare"] != 3.0:
            pass
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run


async def test_a_device_that_is_off_can_be_tried_again() -> None:
    async with device({}) as endpoint:
        pass
    with pytest.raises(Retriable, match=r"source\.unreachable"):
        await TemplateAdapter(settings(endpoint, "weight")).run(Recorder())


@pytest.mark.parametrize(
    ("config", "id_", "where"),
    [
        (SourceConfig("s", "host:1", {}, []), "source.bad_endpoint", "/endpoint"),
        (SourceConfig("s", "tcp://h:1", {"pol": "1s"}, []), "source.unknown_key", "/pol"),
        (SourceConfig("s", "tcp://h:1", {"poll": "0s"}, []), "source.wrong_value", "/poll"),
        (SourceConfig("s", "tcp://h:1", {}, [Point("d", "m", {})]), "source.missing_key", "/devices/d/m"),
    ],
)
def test_check_finds_what_is_wrong(config: SourceConfig, id_: str, where: str) -> None:
    assert [(finding.id, finding.where) for finding in TemplateAdapter(config).check()] == [(id_, where)]

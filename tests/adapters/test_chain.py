"""From a device in another process to Sparkplug: the whole way, with the device's power cut in between."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

from adapters.modbus import ModbusAdapter
from tests.adapters.support import ServerProcess
from tests.edge.listener import Listener
from tests.edge.sources import MemoryBdSeq, document, parsed
from tests.support.memory_link import MemoryBroker
from tests.support.until import until_async
from uns.edge.backoff import Backoff
from uns.edge.source import Source
from uns.edge.uplink import LocalUplink
from uns.samples import Quality
from uns.server.clock import SystemClock
from uns.source_status import SourceState

SERVER = Path(__file__).parent / "modbus" / "pymodbus_server.py"


@contextlib.asynccontextmanager
async def running(source: Source) -> AsyncIterator[None]:
    task = asyncio.create_task(source.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def modbus(port: int, devices: dict[str, Any], broker: MemoryBroker) -> Source:
    settings = {"adapter": "modbus", "endpoint": f"tcp://127.0.0.1:{port}", "poll": "20ms", "timeout": "500ms"}
    return Source(
        parsed(document(**settings, devices=devices)),
        ModbusAdapter,
        LocalUplink(broker.link("edge:line1")),
        SystemClock(),
        MemoryBdSeq(),
        random=Random(1),
        backoff=Backoff(first_s=0.05, most_s=0.1),
    )


async def test_a_modbus_device_lives_dies_and_returns() -> None:
    broker = MemoryBroker()
    host = Listener(broker)
    devices: dict[str, Any] = {
        "boiler": {"level": {"register": "holding:7", "scale": 0.1}, "absent": {"register": "holding:12"}},
        "pump": {"on": {"register": "coil:1"}, "speed": {"register": "holding:3", "writable": True}},
    }
    with ServerProcess([sys.executable, SERVER]) as server:
        source = modbus(server.port, devices, broker)
        async with running(source):
            await until_async(lambda: "DBIRTH/pump" in host.kinds)
            assert host.values["boiler/level"] == (0.7, Quality.GOOD)
            assert host.values["pump/on"] == (False, Quality.GOOD)
            status = source.status()
            assert (status.state, status.points_seen, status.points_missing) == (SourceState.RUNNING, 3, 1)
            assert status.finding is not None
            assert status.finding.id == "source.register_unknown"
            await source.write("pump", "speed", 1234)
            await until_async(lambda: host.values["pump/speed"][0] == 1234)
            server.kill()
            await until_async(lambda: host.kinds.count("DDEATH/boiler") == 1)
            await until_async(lambda: (source.status().finding or status.finding).id == "source.unreachable")
            server.start()
            await until_async(lambda: host.kinds.count("DBIRTH/boiler") == 2)
            assert host.values["pump/speed"] == (3, Quality.GOOD)
            assert source.status().reconnects == 1
    assert host.kinds[-1] == "NDEATH"

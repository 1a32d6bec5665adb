"""The process around the plant: start both servers, step the physics in real time, stop cleanly."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from uns.simulator.modbus_server import ModbusServer
from uns.simulator.opcua_server import OpcUaServer
from uns.simulator.process.plant import Plant

DEFAULT_OPCUA_PORT = 4840
DEFAULT_MODBUS_PORT = 5020
DEFAULT_SEED = 1
STEP_S = 0.5
MAX_LAG_S = 5.0


class Ready(msgspec.Struct, frozen=True):
    """Where the servers listen, with the ports they really got."""

    opcua_endpoint: str
    opcua_port: int
    modbus_endpoint: str
    modbus_port: int

    def __str__(self) -> str:
        return f"plant simulator ready: OPC UA {self.opcua_endpoint} - Modbus {self.modbus_endpoint}"


OnReady = Callable[[Ready], None]


async def serve(
    host: str, opcua_port: int, modbus_port: int, *, seed: int = DEFAULT_SEED, on_ready: OnReady | None = None
) -> None:
    """Serve the plant until cancelled; port 0 takes any free one.

    Raises UnsError (`unreachable.listen`) when a port is taken.
    """
    plant = Plant(Random(seed))
    modbus, opcua = ModbusServer(plant), OpcUaServer(plant)
    try:
        await modbus.start(host, modbus_port)
        await opcua.start(host, opcua_port)
        if on_ready is not None:
            on_ready(Ready(opcua.endpoint, opcua.port, modbus.endpoint, modbus.port))
        await _step_forever(plant, modbus, opcua)
    finally:
        await opcua.stop()
        await modbus.stop()


async def _step_forever(plant: Plant, modbus: ModbusServer, opcua: OpcUaServer) -> None:
    """Equal steps keep a seed reproducible; a process that was paused for long does not race to catch up."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        plant.step(STEP_S)
        values = plant.values()
        modbus.publish(values)
        await opcua.publish(values, plant.failed_sensors(), datetime.now(UTC))
        due = max(due + STEP_S, loop.time() - MAX_LAG_S)
        await asyncio.sleep(due - loop.time())


def run(
    host: str,
    opcua_port: int,
    modbus_port: int,
    *,
    seed: int = DEFAULT_SEED,
    with_parent: bool = False,
    on_ready: OnReady | None = None,
) -> None:
    """Serve the plant, blocking, until SIGTERM or SIGINT; `with_parent`: also until standard input ends.

    A parent that keeps our standard input a pipe takes us with it, however it dies.
    """
    with suppress(asyncio.CancelledError):
        asyncio.run(_serve_until_told(serve(host, opcua_port, modbus_port, seed=seed, on_ready=on_ready), with_parent))


async def _serve_until_told(serving: Coroutine[Any, Any, None], with_parent: bool) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(serving, name="plant-simulator")

    def stop(*_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: we have stopped already
            loop.call_soon_threadsafe(task.cancel)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if with_parent:
        threading.Thread(target=_wait_for_end_of_stdin, args=(stop,), name="parent-watch", daemon=True).start()
    await task


def _wait_for_end_of_stdin(stop: Callable[[], None]) -> None:
    while os.read(0, 4096):
        pass
    stop()

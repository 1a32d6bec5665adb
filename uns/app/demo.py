"""The demo: the simulated plant in a process of its own, and the server that connects to it."""

import asyncio
import hashlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import uns.simulator
from uns.app.listeners import Addresses
from uns.app.models import FILE as MODELS_FILE
from uns.app.run import environment, load_valid_plant, run

PLANT = Path(uns.simulator.__file__).with_name("plant")
log = logging.getLogger(__name__)

DEFAULT_DATA = Path(".uns-data")
OPCUA_PORT, MODBUS_PORT = 4840, 5020
DEFAULT_MQTT_PORT, DEFAULT_HTTP_PORT = 1883, 8080
STOP_S = 5.0


def demo(mqtt_port: int | None, http_port: int | None, data: Path | None) -> None:
    """Run the demo until Ctrl-C."""
    opcua_port, modbus_port = _free_port(OPCUA_PORT), _free_port(MODBUS_PORT)
    environ = environment(mqtt_port, http_port)
    environ |= {"PLANT_HOST": "127.0.0.1", "OPCUA_PORT": str(opcua_port), "MODBUS_PORT": str(modbus_port)}
    ready = threading.Event()
    with _simulator(opcua_port, modbus_port, ready) as announcement:
        data = data or DEFAULT_DATA
        plant = load_valid_plant(own_copy(data / "plant"), environ)

        def on_ready(addresses: Addresses) -> None:
            print(_welcome(addresses, opcua_port, modbus_port, data), flush=True)  # noqa: T201

        run(plant, data, on_ready, partial(_simulator_ready, announcement, ready))
    print("Stopped.")  # noqa: T201


def own_copy(directory: Path) -> Path:
    """The demo's plant directory, to be changed as one likes. When the packaged one is another than then, it is made
    anew and the old one is put aside; the versions of its models that ran are forgotten, which count from 1 again."""
    digest = hashlib.sha256()
    for path in sorted(PLANT.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(PLANT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    origin = directory / ".origin"
    if not origin.is_file() or origin.read_text() != digest.hexdigest():
        aside = directory.with_name(f"{directory.name}.before")
        if directory.exists():
            shutil.rmtree(aside, ignore_errors=True)
            directory.rename(aside)
            for path in directory.parent.glob(f"{MODELS_FILE}*"):
                path.unlink()
            print(f"The demo is a newer one, and its plant starts afresh. Your own is kept: {aside}")  # noqa: T201
        shutil.copytree(PLANT, directory)
        origin.write_text(digest.hexdigest())
    return directory


@contextmanager
def _simulator(opcua_port: int, modbus_port: int, ready: threading.Event) -> Iterator[IO[bytes]]:
    """The simulator beside us, as the pipe where it says that it is ready.

    It ends with us, however we end, because its standard input does.
    """
    command = [sys.executable, "-m", "uns.simulator", "--with-parent"]
    command += ["--opcua-port", str(opcua_port), "--modbus-port", str(modbus_port)]
    # A session of its own: Ctrl-C reaches us alone, and we stop the simulator after the server has said goodbye.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    assert process.stdout is not None
    watch = partial(_tell_of_the_end, process, ready, opcua_port, modbus_port)
    threading.Thread(target=watch, name="simulator-watch", daemon=True).start()
    with process.stdin, process.stdout:
        try:
            yield process.stdout
        finally:
            ready.clear()
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _tell_of_the_end(
    process: "subprocess.Popen[bytes]", ready: threading.Event, opcua_port: int, modbus_port: int
) -> None:
    """Say when the plant ends by itself while it should run: the sources only see that nobody answers."""
    code = process.wait()
    if ready.is_set():
        command = f"uns simulate --opcua-port {opcua_port} --modbus-port {modbus_port}"
        log.error("the simulated plant has ended (code %d); start it again with: %s", code, command)


async def _simulator_ready(pipe: IO[bytes], ready: threading.Event) -> None:
    """Wait for the line that the simulator writes when its servers listen."""
    reader = asyncio.StreamReader()
    connect = asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    transport, _ = await connect
    try:
        if await reader.readline():
            ready.set()
        else:
            log.error("the simulated plant has ended before it was ready; stop the demo and start it again")
    finally:
        transport.close()


def _free_port(wanted: int) -> int:
    """The wanted port, or any free one when it is taken."""
    for port in (wanted, 0):
        with closing(socket.socket()) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            bound: int = probe.getsockname()[1]
            return bound
    raise OSError("no free port on 127.0.0.1")


def _welcome(addresses: Addresses, opcua_port: int, modbus_port: int, data: Path) -> str:
    server = "" if addresses.http_port == DEFAULT_HTTP_PORT else f"    export UNS_SERVER={addresses.page}\n"
    port = "" if addresses.mqtt_port == DEFAULT_MQTT_PORT else f" -p {addresses.mqtt_port}"
    return f"""
  The bottling plant acme/ghent is running.

    Web page     {addresses.page}
    HTTP API     {addresses.page}/docs
    MQTT broker  {addresses.mqtt}
    Devices      OPC UA on port {opcua_port}, Modbus TCP on port {modbus_port} (simulated)
    Data         {data}

  Try in another terminal (the command is .venv/bin/uns after make demo):

{server}    uns tree acme/ghent/packaging/line1
    uns sub 'acme/ghent/packaging/line1/filler/#'
    uns pub acme/ghent/packaging/line1/filler/temprature 21.5
    uns violations
    mosquitto_sub{port} -t 'acme/#' -v

  The publish is refused and says why. Ctrl-C stops everything.
"""

"""Which brokers are compared, each as a process of its own with its ordinary settings?"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar, Protocol

from bench.machine import DURABILITY
from bench.wire import connect

START_S = 60.0
STOP_S = 30.0
PLANT = Path(__file__).with_name("plant")
QUEUED_BYTES = 1 << 32
QUEUED_MESSAGES = 10_000_000
CONNECTIONS = 20_000
_TOPICS = 1_100_000
_MEMORY_BYTES = 1 << 34
_RAISED_LIMITS = {
    "UNS_MQTT_MAX_CONNECTIONS": str(CONNECTIONS),
    "UNS_MQTT_MAX_CONNECTIONS_PER_ADDRESS": str(CONNECTIONS),
    "UNS_MQTT_MAX_TOPICS": str(_TOPICS),
    "UNS_MQTT_MAX_RETAINED_MESSAGES": str(_TOPICS),
    "UNS_MQTT_MAX_RETAINED_BYTES": str(_MEMORY_BYTES),
}
"""All load comes from one address. A version that does not know a setting ignores its variable."""
_RAISED_QUEUES = {
    "UNS_MQTT_MAX_QUEUED_MESSAGES": str(QUEUED_MESSAGES),
    "UNS_MQTT_MAX_QUEUED_BYTES": str(QUEUED_BYTES),
    "UNS_MQTT_MAX_QUEUED_TOTAL_BYTES": str(QUEUED_BYTES),
    "UNS_MQTT_MAX_MEMORY_BYTES": str(_MEMORY_BYTES),
}
WINDOW = 100
"""Unacknowledged QoS 1 messages, in both directions and of every broker that lets one set it."""


@dataclass
class Running:
    """A started broker. port: MQTT; started_s: from the start of the process until MQTT was answered."""

    port: int
    process: "subprocess.Popen[bytes]"
    started_s: float

    @property
    def pid(self) -> int:
        return self.process.pid


class Broker(Protocol):
    """name: of the column. governs: judges messages, so that a scenario can see a bad one refused."""

    name: ClassVar[str]
    governs: ClassVar[bool]

    @property
    def version(self) -> str: ...

    def running(self, directory: Path, *, raised_queues: bool = False) -> AbstractContextManager[Running]:
        """Started on `directory`, which keeps its data. raised_queues: nothing queued is shed."""
        ...


@dataclass
class Uns:
    """This platform, serving a plant directory: the same command as in production."""

    name: ClassVar[str] = "uns-platform"
    governs: ClassVar[bool] = True
    plant: Path = PLANT
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return version("uns-platform")

    @contextmanager
    def running(self, directory: Path, *, raised_queues: bool = False) -> Iterator[Running]:
        port = free_port()
        command = [sys.executable, "-m", "uns.app.cli", "serve", str(self.plant)]
        command += ["--mqtt-port", str(port), "--http-port", "0", "--data", str(directory / "uns")]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("UNS_")}
        if DURABILITY in os.environ:
            environ[DURABILITY] = os.environ[DURABILITY]
        environ |= _RAISED_LIMITS | (_RAISED_QUEUES if raised_queues else {})
        environ |= self.settings
        with _process(command, port, directory, environ) as running:
            yield running


@dataclass
class Mosquitto:
    """Debian's mosquitto; sessions are saved to disk every half hour and at the end, as its package sets it up."""

    name: ClassVar[str] = "mosquitto"
    governs: ClassVar[bool] = False
    program: str

    @property
    def version(self) -> str:
        return _version([self.program, "-h"])

    @contextmanager
    def running(self, directory: Path, *, raised_queues: bool = False) -> Iterator[Running]:
        port = free_port()
        data = directory / "mosquitto"
        data.mkdir(exist_ok=True)
        lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "log_dest none"]
        lines += ["persistence true", f"persistence_location {data}/", f"max_inflight_messages {WINDOW}"]
        if os.geteuid() == 0:
            lines.append("user root")  # it would change to a user who may not write here
        if raised_queues:
            lines += [f"max_queued_messages {QUEUED_MESSAGES}", "max_queued_bytes 0"]
        config = directory / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        with _process([self.program, "-c", str(config)], port, directory) as running:
            yield running


@dataclass
class Nats:
    """NATS server with its MQTT listener, which keeps sessions and retained messages in JetStream."""

    name: ClassVar[str] = "nats-server"
    governs: ClassVar[bool] = False
    program: str

    @property
    def version(self) -> str:
        return _version([self.program, "--version"])

    @contextmanager
    def running(self, directory: Path, *, raised_queues: bool = False) -> Iterator[Running]:
        port = free_port()
        config = directory / "nats.conf"
        config.write_text(
            f"server_name: bench\nhost: 127.0.0.1\nport: {free_port()}\n"
            f'jetstream {{ store_dir: "{directory / "nats"}" }}\n'
            f"mqtt {{ host: 127.0.0.1, port: {port}, max_ack_pending: {WINDOW} }}\n"
        )
        with _process([self.program, "-c", str(config)], port, directory) as running:
            yield running


@dataclass
class Amqtt:
    """amqtt, the other broker in Python; without the plugins that log each packet."""

    name: ClassVar[str] = "amqtt"
    governs: ClassVar[bool] = False
    program: str

    @property
    def version(self) -> str:
        return version("amqtt")

    @contextmanager
    def running(self, directory: Path, *, raised_queues: bool = False) -> Iterator[Running]:
        port = free_port()
        config = directory / "amqtt.yaml"
        config.write_text(
            f"listeners:\n  default: {{type: tcp, bind: '127.0.0.1:{port}', max_connections: {CONNECTIONS}}}\n"
            "plugins:\n  amqtt.plugins.authentication.AnonymousAuthPlugin: {allow_anonymous: true}\n"
        )
        with _process([self.program, "-c", str(config)], port, directory) as running:
            yield running


def found() -> list[Broker]:
    """Ours, and every peer that is installed here."""
    brokers: list[Broker] = [Uns()]
    for kind, program in ((Mosquitto, "mosquitto"), (Nats, "nats-server")):
        path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
        if path is not None:
            brokers.append(kind(path))
    beside = Path(sys.executable).with_name("amqtt")
    try:
        version("amqtt")
    except PackageNotFoundError:
        return brokers
    return [*brokers, Amqtt(str(beside))] if beside.exists() else brokers


@contextmanager
def _process(
    command: list[str], port: int, directory: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run until the context ends. Raises RuntimeError with the end of its log when it does not start."""
    log = directory / "log.txt"
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environ)
    try:
        started_s = _wait_for(port, process, log)
        yield Running(port, process, started_s)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> float:
    """Seconds until a CONNECT was answered: a port that listens may belong to a broker that is still loading."""
    begin = time.monotonic()
    while time.monotonic() - begin < START_S:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with code {process.returncode}:\n{log.read_text()[-2000:]}")
        with suppress(ConnectionRefusedError), connect(port, "bench-ready"):
            return time.monotonic() - begin
        time.sleep(0.02)
    raise TimeoutError(f"{process.args!r} does not answer on port {port}:\n{log.read_text()[-2000:]}")


def _version(command: list[str]) -> str:
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d+(\.\d+)+", output)
    return number[0] if number else "?"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

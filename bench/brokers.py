"""The brokers that are compared, each as a process of its own with its ordinary settings."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 15.0


class Uns:
    """This platform, serving a plant directory: the same command as in production."""

    name = "uns-platform"

    def __init__(self, plant: Path) -> None:
        self._plant = plant

    @contextmanager
    def running(self, directory: Path) -> Iterator[int]:
        """A fresh broker; its MQTT port."""
        port = _free_port()
        command = [sys.executable, "-m", "uns.app.cli", "serve", str(self._plant)]
        command += ["--mqtt-port", str(port), "--http-port", "0", "--data", str(directory)]
        with _process(command, port):
            yield port


class Mosquitto:
    """Debian's mosquitto: persistence off, anonymous, as its package configures it otherwise."""

    name = "mosquitto"

    def __init__(self, program: str) -> None:
        self._program = program

    @contextmanager
    def running(self, directory: Path) -> Iterator[int]:
        """A fresh broker; its MQTT port."""
        port = _free_port()
        config = directory / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest none\n")
        with _process([self._program, "-c", str(config)], port):
            yield port


@contextmanager
def _process(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with code {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{process.args!r} does not listen on port {port}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

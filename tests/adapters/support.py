"""Servers in processes of their own, and a sink that keeps what it is given."""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from uns.adapter import Adapter, Fatal, Point, Reading, Retriable, SourceConfig
from uns.errors import Finding
from uns.samples import DataType


class Recorder:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.connections: list[dict[str, DataType]] = []
        self.readings: list[Reading] = []
        self.batches = 0
        self.findings: dict[str, Finding] = {}
        self.drops = 0
        self.signs_of_life = 0
        self.ending: Finding | None = None

    def connected(self, datatypes: Mapping[Point, DataType]) -> None:
        self.connections.append({point.name: datatype for point, datatype in datatypes.items()})

    def missing(self, point: Point, finding: Finding) -> None:
        self.findings[point.name] = finding

    def emit(self, readings: Sequence[Reading]) -> None:
        self.batches += 1
        self.readings.extend(readings)

    def alive(self) -> None:
        self.signs_of_life += 1

    def dropped(self, count: int) -> None:
        self.drops += count

    def ended(self, run: "asyncio.Task[None]") -> None:
        error = None if run.cancelled() else run.exception()
        if isinstance(error, Retriable | Fatal):
            self.ending = error.finding

    def last(self, name: str) -> Reading | None:
        return next((reading for reading in reversed(self.readings) if reading.point.name == name), None)

    def value(self, name: str) -> Any:
        reading = self.last(name)
        return None if reading is None else reading.value

    def values(self) -> dict[str, Any]:
        return {reading.point.name: reading.value for reading in self.readings}


@contextlib.asynccontextmanager
async def running(adapter: Adapter) -> AsyncIterator[Recorder]:
    """The adapter at work. How it ended stands in `ending`; a bug in it is raised here."""
    sink = Recorder()
    task = asyncio.create_task(adapter.run(sink))
    task.add_done_callback(sink.ended)
    try:
        yield sink
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Retriable, Fatal):
            await task


def points(keys: Mapping[str, Mapping[str, Any]], device: str = "device") -> list[Point]:
    return [Point(device, name, address) for name, address in keys.items()]


def config(endpoint: str, keys: Mapping[str, Mapping[str, Any]], **options: Any) -> SourceConfig:
    return SourceConfig("source", endpoint, options, points(keys))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """A server started as `command… PORT`, which prints `ready` when it listens and obeys lines on its input."""

    def __init__(
        self, command: Sequence[str | Path], cwd: Path | None = None, env: dict[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self._command = [str(part) for part in command]
        self._cwd = cwd
        self._env = env
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self._command, str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._cwd,
            env=self._env,
        )
        self._expect("ready")

    def ask(self, line: str) -> None:
        """Send a line and wait until the server has obeyed it."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        self._expect("done")

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process = None

    def _expect(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == word:
                return
        raise AssertionError(f"{self._command} ended before it said '{word}' (exit code {self._process.wait()})")

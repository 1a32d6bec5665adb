"""The broker under attack, in a process of its own: the product's broker and listener, and a measure of its loop.

`python -m tests.attacks.target '{"max_connections": 10}'` prints its port, then answers every letter on stdin with what
the loop's longest stall was, and what the broker counted; after an `r` it measures the stall anew.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.support.real_broker import permissive
from tests.support.running import clean_environment, die_with_parent
from uns.app.health import stop_task
from uns.broker import Answer, Broker, Credentials, Granted, Limits
from uns.server.clock import SystemClock
from uns.server.garbage import tamed
from uns.server.mqtt import MqttListener
from uns.server.trim import give_memory_back

BEAT_S = 0.005
ROOT = Path(__file__).parent.parent.parent


class Target:
    """Starts the process. port: on 127.0.0.1. max_files: its file descriptors. Use as a context manager, or `stop`."""

    def __init__(self, limits: dict[str, int] | None = None, *, max_files: int | None = None) -> None:
        def bound() -> None:
            die_with_parent()
            if max_files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (max_files, max_files))

        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.target", json.dumps(limits or {})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=clean_environment(),
            preexec_fn=bound,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin, self.process.stdout
        self.port: int = json.loads(self._out.readline())["port"]
        self._psutil = psutil.Process(self.process.pid)

    def __enter__(self) -> "Target":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._in.close()
        code = self.process.wait(20)
        self._out.close()
        assert code == 0, f"the broker's process ended with {code}"

    def report(self, ask: str = "r") -> dict[str, Any]:
        """stall_ms: the longest time between two turns of the loop, beyond the beat; cpu_stall_ms: the processor time
        of the worst one, which a busy machine does not lengthen; stats: the broker's counters."""
        self._in.write(ask)
        self._in.flush()
        told: dict[str, Any] = json.loads(self._out.readline())
        return told

    @property
    def stats(self) -> dict[str, int]:
        counted: dict[str, int] = self.report("s")["stats"]
        return counted

    @property
    def rss_bytes(self) -> int:
        return int(self._psutil.memory_info().rss)

    @property
    def cpu_s(self) -> float:
        times = self._psutil.cpu_times()
        return float(times.user + times.system)


def _authenticate(credentials: Credentials, answer: Answer) -> None:
    """Whoever comes is who they say; without a name, anybody."""
    answer(Granted(credentials.username or "anybody", "admin"))


class _Heart:
    """Beats in the loop and notes how late."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._at, self._cpu = time.perf_counter(), time.thread_time()
        self.stall_s = self.cpu_stall_s = 0.0
        loop.call_later(BEAT_S, self._beat)

    def _beat(self) -> None:
        at, cpu = time.perf_counter(), time.thread_time()
        self.stall_s = max(self.stall_s, at - self._at - BEAT_S)
        self.cpu_stall_s = max(self.cpu_stall_s, cpu - self._cpu)
        self._at, self._cpu = at, cpu
        self._loop.call_later(BEAT_S, self._beat)


async def _serve(limits: Limits) -> None:
    loop = asyncio.get_running_loop()
    broker = Broker(permissive(), SystemClock(), limits=limits, authenticate=_authenticate)
    listener = MqttListener(broker)
    port = await listener.start("127.0.0.1", 0)
    heart, stop = _Heart(loop), asyncio.Event()

    def on_line() -> None:
        asked = os.read(0, 1)
        if not asked:
            loop.remove_reader(0)
            stop.set()
            return
        _tell(
            {
                "stall_ms": heart.stall_s * 1000,
                "cpu_stall_ms": heart.cpu_stall_s * 1000,
                "stats": broker.stats.snapshot(),
            }
        )
        if asked == b"r":
            heart.stall_s = heart.cpu_stall_s = 0.0

    loop.add_reader(0, on_line)
    _tell({"port": port})
    trimming = asyncio.create_task(give_memory_back(lambda: broker.stats.memory_bytes), name="memory trim")
    with tamed():
        await stop.wait()
    await stop_task(trimming)
    await listener.stop()


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    with suppress(ImportError):
        import uvloop

        uvloop.run(_serve(limits))
        return
    asyncio.run(_serve(limits))


if __name__ == "__main__":
    main()

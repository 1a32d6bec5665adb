"""MQTT.js over WebSocket, in a process of its own, driven by lines of JSON; see js/client.cjs."""

import fcntl
import json
import os
import shutil
import subprocess
import threading
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.until import until

HERE = Path(__file__).with_name("js")
CACHE = Path(__file__).parent.parent.parent / ".cache" / "mqtt-js"
INSTALL_S = 300


def modules() -> Path:
    """The folder with MQTT.js as package-lock.json pins it, installed once into .cache.

    Skips the test where there is no node or npm; under CI (the variable) that fails instead.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            reason = f"{program} is not installed: it runs MQTT.js, a foreign client over WebSocket"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package-lock.json").read_bytes()
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run beside each other
        stamp = CACHE / "installed.json"
        if not stamp.is_file() or stamp.read_bytes() != wanted:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, CACHE / name)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=CACHE, check=True, timeout=INSTALL_S, stdout=subprocess.DEVNULL)
            stamp.write_bytes(wanted)
    return CACHE / "node_modules"


class JavaScriptClient:
    """events: everything it told by itself, oldest first: messages, disconnects, closes."""

    def __init__(self, url: str, client_id: str, version: int, user: str, password: str) -> None:
        self.url = url
        self.events: list[dict[str, Any]] = []
        self._options = {
            "clientId": client_id,
            "protocolVersion": version,
            "username": user,
            "password": password,
            "reconnectPeriod": 0,
            "clean": True,
        }
        self._answers: dict[int, dict[str, Any]] = {}
        self._ids = count(1)
        environ = {**os.environ, "NODE_PATH": str(modules())}
        command = ["node", str(HERE / "client.cjs")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
        self._reader = threading.Thread(target=self._read, name=f"mqtt-js {client_id}", daemon=True)
        self._reader.start()

    def ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Do something and wait for its answer."""
        number = next(self._ids)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "do": verb, **arguments}) + "\n")
        self._process.stdin.flush()
        until(lambda: number in self._answers or self._process.poll() is not None, f"the answer to {verb}")
        return self._answers.pop(number)

    def connect(self, **options: Any) -> dict[str, Any]:
        """options: as MQTT.js takes them, beside those of the constructor."""
        return self.ask("connect", url=self.url, options=self._options | options)

    def subscribe(self, topic_filter: str, qos: int = 0, **options: Any) -> dict[str, Any]:
        return self.ask("subscribe", filter=topic_filter, options={"qos": qos, **options})

    def publish(self, topic: str, payload: str, qos: int = 1, **options: Any) -> dict[str, Any]:
        return self.ask("publish", topic=topic, payload=payload, options={"qos": qos, **options})

    def event(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """Wait for the first event of a kind with these members."""
        return until(
            lambda: next((e for e in list(self.events) if e["event"] == kind and wanted.items() <= e.items()), None),
            f"{kind} {wanted}",
        )

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "event" in told:
                self.events.append(told)
            else:
                self._answers[told.pop("id")] = told

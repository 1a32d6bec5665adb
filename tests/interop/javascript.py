"""Foreign JavaScript in a process of its own, driven by lines of JSON: MQTT.js over WebSocket; see js/client.cjs."""

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
    """The folder with what package-lock.json pins, installed once into .cache.

    Skips the test where there is no node or npm; under CI (the variable) that fails instead.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            reason = f"{program} is not installed: it runs foreign clients written in JavaScript"
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


class JavaScriptProcess:
    """events: everything the script told by itself, oldest first."""

    def __init__(self, script: str, name: str) -> None:
        self.events: list[dict[str, Any]] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._ids = count(1)
        environ = {**os.environ, "NODE_PATH": str(modules())}
        command = ["node", str(HERE / script)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
        self._reader = threading.Thread(target=self._read, name=f"{script} {name}", daemon=True)
        self._reader.start()

    def ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Do something and wait for its answer."""
        number = next(self._ids)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "do": verb, **arguments}) + "\n")
        self._process.stdin.flush()
        until(lambda: number in self._answers or self._process.poll() is not None, f"the answer to {verb}")
        return self._answers.pop(number)

    def event(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """Wait for the first event of a kind with these members."""
        return until(
            lambda: next((e for e in list(self.events) if e["event"] == kind and wanted.items() <= e.items()), None),
            f"{kind} {wanted}",
        )

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The events of a kind so far."""
        return [event for event in list(self.events) if event["event"] == kind]

    def kill(self) -> None:
        """End as by `kill -9`: the connection breaks off."""
        self._process.kill()
        self._process.wait()

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


class JavaScriptClient(JavaScriptProcess):
    """Its events are messages, connects, disconnects and closes."""

    def __init__(self, url: str, client_id: str, version: int, user: str, password: str) -> None:
        super().__init__("client.cjs", client_id)
        self.url = url
        self._options = {
            "clientId": client_id,
            "protocolVersion": version,
            "username": user,
            "password": password,
            "reconnectPeriod": 0,
            "clean": True,
        }

    def connect(self, **options: Any) -> dict[str, Any]:
        """options: as MQTT.js takes them, beside those of the constructor."""
        return self.ask("connect", url=self.url, options=self._options | options)

    def subscribe(self, topic_filter: str, qos: int = 0, **options: Any) -> dict[str, Any]:
        return self.ask("subscribe", filter=topic_filter, options={"qos": qos, **options})

    def publish(self, topic: str, payload: str, qos: int = 1, **options: Any) -> dict[str, Any]:
        return self.ask("publish", topic=topic, payload=payload, options={"qos": qos, **options})

"""A real server in a process of its own, as a person starts it, for tests that talk to it from outside."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.processes import children, is_running
from tests.support.until import until

UNS = (sys.executable, "-m", "uns.app.cli")
READY_S = 30.0
STOP_S = 20.0
PR_SET_PDEATHSIG = 1
_PAGE = re.compile(r"http://127\.0\.0\.1:\d+")
_MQTT = re.compile(r"MQTT(?: broker)?\s+127\.0\.0\.1:(\d+)")
_HTTPS = re.compile(r"https://127\.0\.0\.1:\d+")
_TLS = re.compile(r"TLS 127\.0\.0\.1:(\d+)")


class RunningServer:
    """`uns demo` or `uns serve` on free ports.

    base_url: of page and API; https_url: the same with TLS, empty where that does not listen. mqtt_port, tls_port: of
    the broker on 127.0.0.1, 0 where it does not listen. env: the environment of a command that talks to it, UNS_SERVER
    included. output, log: what it wrote on stdout and stderr.
    """

    def __init__(
        self, arguments: Sequence[str], work: Path, environ: Mapping[str, str] | None = None, *, mqtt_port: int = 0
    ) -> None:
        """work: a directory of its own, where data and logs go. Returns when `/readyz` answers 200."""
        self.data = work / "data"
        self._out, self._err = work / "stdout.txt", work / "stderr.txt"
        command = [*UNS, *arguments, "--mqtt-port", str(mqtt_port), "--http-port", "0", "--data", str(self.data)]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=clean_environment() | dict(environ or {}),
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        try:
            until(self._announced, f"{' '.join(arguments)} tells where it listens", READY_S)
            self.base_url = _PAGE.findall(self.output)[0]
            self.mqtt_port, self.tls_port = (int(next(iter(port.findall(self.output)), 0)) for port in (_MQTT, _TLS))
            self.https_url = next(iter(_HTTPS.findall(self.output)), "")
            self.env = clean_environment() | {"UNS_SERVER": self.base_url}
            until(self.ready, "/readyz answers 200", READY_S)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    @property
    def output(self) -> str:
        return self._out.read_text()

    @property
    def log(self) -> str:
        return self._err.read_text()

    def ready(self) -> bool:
        """Does `/readyz` answer 200?"""
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    def get(self, path: str) -> Any:
        """The JSON that GET answers, for example of `/api/v1/sources`; anonymous."""
        with urllib.request.urlopen(self.base_url + path, timeout=10) as response:
            return json.load(response)

    def stop(self) -> None:
        """Stop as Ctrl-C does; asserts exit code 0, an untroubled log, and that no process is left behind."""
        started = children(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        assert code == 0, self.log
        left = [pid for pid in started if is_running(pid)]
        assert left == [], f"left behind: {left}"
        assert "Traceback" not in self.log, self.log

    def _announced(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode} before it was ready:\n{self.output}{self.log}")
        return bool(_PAGE.search(self.output) and (_MQTT.search(self.output) or _TLS.search(self.output)))


def die_with_parent() -> None:
    """Between fork and exec, on Linux: SIGKILL when the tests are killed, who then cannot stop what they started."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def clean_environment() -> dict[str, str]:
    """Ours without what would steer a server or a command: UNS_*, terminal size and colours."""
    steering = ("UNS_", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PYTHONUNBUFFERED")
    return {name: value for name, value in os.environ.items() if not name.startswith(steering)}

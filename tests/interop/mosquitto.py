"""mosquitto_pub and mosquitto_sub as a person runs them, against a server of ours."""

import shutil
import subprocess
from typing import NamedTuple

import pytest

TIMEOUT_S = 30


class Ran(NamedTuple):
    """What a program did."""

    code: int
    out: str
    err: str


class Mosquitto:
    """The two programs with address, credentials and more options filled in."""

    def __init__(self, port: int, user: str = "", password: str = "", *options: str) -> None:
        self.options = list(options)
        self._address = ["-h", "127.0.0.1", "-p", str(port), *options]
        self._login = ["-u", user, "-P", password] if user else []

    def pub(self, *arguments: str, text: str | None = None) -> Ran:
        return self._run("mosquitto_pub", *arguments, text=text)

    def sub(self, *arguments: str) -> Ran:
        return self._run("mosquitto_sub", *arguments)

    def start_sub(self, *arguments: str) -> subprocess.Popen[str]:
        """A subscriber that goes on; the caller ends it."""
        command = [*self._command("mosquitto_sub"), *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _run(self, program: str, *arguments: str, text: str | None = None) -> Ran:
        done = subprocess.run(
            [*self._command(program), *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            **({"stdin": subprocess.DEVNULL} if text is None else {"input": text}),
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def _command(self, program: str) -> list[str]:
        return [found(program), *self._address, *self._login]


def found(program: str) -> str:
    """Its path; skips the test, naming it, where it is absent."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path

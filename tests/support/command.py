"""The command `uns` as a test runs it: in this process with what it prints, or at a terminal of its own."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping
from typing import Any, NamedTuple

from typer.testing import CliRunner

from tests.support.running import UNS, clean_environment
from uns.app.cli.main import app

TIMEOUT_S = 60


class Result(NamedTuple):
    """code: the exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def uns(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """Run a command in this process; stdout is no terminal."""
    steering = {name: None for name in os.environ if name not in clean_environment()}
    result = CliRunner().invoke(app, arguments, env={**steering, **(env or {})}, prog_name="uns")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Result(result.exit_code, result.stdout, result.stderr)


def uns_process(*arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own, with pipes for what it prints."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*UNS, *arguments], env=clean_environment() | dict(env or {}), **{**pipes, **options})


def uns_at_terminal(*arguments: str, columns: int, env: Mapping[str, str] | None = None) -> Result:
    """Run a command at a terminal of so many columns; stdout and stderr both are `out`."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environ = clean_environment() | {"TERM": "xterm-256color"} | dict(env or {})
    process = subprocess.Popen([*UNS, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    try:
        written = _read_to_end(ours)
    finally:
        os.close(ours)
    return Result(process.wait(TIMEOUT_S), written.decode().replace("\r\n", "\n"), "")


def _read_to_end(terminal: int) -> bytes:
    """Linux tells the end of a terminal as an error, others as an empty read."""
    chunks = []
    while True:
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    return b"".join(chunks)

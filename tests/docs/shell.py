"""How are the commands of a document run as a reader would: in a shell, on a terminal of 100 columns?"""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

COLUMNS = 100
COMMAND_S = 60
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ELLIPSIS = "…"


class Step(NamedTuple):
    """A command of a document, and what the document says that it prints."""

    command: str
    output: tuple[str, ...]


def steps(document: str) -> list[Step]:
    """The `$ command` lines of its console blocks, in order; a line that ends in a backslash goes on."""
    found: list[Step] = []
    for block in _BLOCK.findall(document):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:], ()))
            elif found[-1].command.endswith("\\"):
                found[-1] = Step(f"{found[-1].command[:-1]}{line.strip()}", ())
            else:
                found[-1] = Step(found[-1].command, (*found[-1].output, line))
    return found


def on_a_terminal(command: str, environ: Mapping[str, str], directory: Path) -> tuple[int, str]:
    """Exit code, and everything that the terminal showed."""
    ours, theirs = pty.openpty()
    terminal = {"TERM": "dumb", "COLUMNS": str(COLUMNS), "NO_COLOR": "1"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with open(ours, "rb", buffering=0) as screen:
        process = subprocess.Popen(
            ["bash", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            cwd=directory,
            env=os.environ | dict(environ) | terminal | {"PATH": path},
            start_new_session=True,
        )
        os.close(theirs)
        limit = threading.Timer(COMMAND_S, os.killpg, (process.pid, signal.SIGKILL))  # with what it started
        limit.start()
        shown = bytearray()
        try:
            while chunk := screen.read(4096):
                shown += chunk
        except OSError:  # Linux ends a terminal that nobody holds open with EIO
            pass
        finally:
            limit.cancel()
            code = process.wait()
    return code, shown.decode().replace("\r\n", "\n")


def shape(line: str) -> str:
    """A line without what differs from run to run: numbers, times, and the width of columns."""
    line = re.sub(r"\bjust now\b", "0 s ago", line)
    line = re.sub(r"\d[\d.,:TZ+-]*", "#", line)
    line = re.sub(r"#( ?(ms|s|min|h|d)\b)?( #( ?(ms|s|min|h|d)\b)?)*", "#", line)
    return re.sub(r"[─ ]+", " ", line).strip()


def missing(step: Step, shown: str) -> list[str]:
    """The lines that the document promises and the terminal did not show; `…` stands for any lines."""
    have = {shape(line) for line in shown.splitlines()}
    return [line for line in step.output if line.strip() != _ELLIPSIS and shape(line) not in have]

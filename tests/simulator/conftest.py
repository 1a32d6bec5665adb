"""A running simulator in a process of its own, on free ports."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

READY = re.compile(
    r"plant simulator ready: OPC UA (opc\.tcp://127\.0\.0\.1:(\d+)/\S+) - Modbus tcp://127\.0\.0\.1:(\d+)\n"
)


class Simulator:
    """The process and what its ready line said. Leave by closing its standard input, or by a signal."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "uns.simulator", "--opcua-port", "0", "--modbus-port", "0", *options]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline()
        match = READY.fullmatch(self.ready_line)
        if match is None:
            self.process.kill()
            pytest.fail(f"no ready line but {self.ready_line!r}; stderr: {self.process.communicate()[1]}")
        self.opcua_endpoint = match[1]
        self.opcua_port, self.modbus_port = int(match[2]), int(match[3])

    def end(self) -> tuple[int, str, str]:
        """Close standard input and wait: (exit code, further output, errors)."""
        output, errors = self.process.communicate(timeout=20)
        return self.process.returncode, output, errors


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    running = Simulator("--with-parent")
    yield running
    assert running.end() == (0, "", "")

"""A Modbus device for the sources of the plant: the server of the adapter's own tests, in a process of its own."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.running import die_with_parent


@contextmanager
def modbus_device() -> Iterator[int]:
    """The port where it listens, while it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.adapters.modbus.pymodbus_server", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent) as device:
        try:
            assert device.stdout is not None
            assert device.stdout.readline() == "ready\n"
            yield port
        finally:
            device.kill()

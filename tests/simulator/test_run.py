"""The process: one ready line, free ports, and a clean end by signal or with its parent."""

import asyncio
import signal
import socket
import subprocess
import sys

import pytest

from tests.simulator.conftest import Simulator
from uns.errors import UnsError
from uns.simulator.run import Ready, serve


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number):
    running = Simulator()
    running.process.send_signal(number)
    assert running.process.wait(timeout=20) == 0
    assert running.end() == (0, "", "")


def test_it_ends_with_its_parent():
    running = Simulator("--with-parent")
    assert running.end() == (0, "", "")
    for port in (running.opcua_port, running.modbus_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_without_the_option_the_end_of_stdin_means_nothing():
    running = Simulator()
    assert running.process.stdin is not None
    running.process.stdin.close()
    with socket.create_connection(("127.0.0.1", running.modbus_port), timeout=5):
        assert running.process.poll() is None
    running.process.terminate()
    assert running.process.wait(timeout=20) == 0
    for stream in (running.process.stdout, running.process.stderr):
        assert stream is not None
        assert stream.read() == ""
        stream.close()


@pytest.mark.parametrize(("option", "says"), [("--opcua-port", "OPC UA"), ("--modbus-port", "Modbus")])
def test_a_taken_port_is_told_and_ends_with_exit_code_6(option, says):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"--opcua-port": "0", "--modbus-port": "0", option: str(taken.getsockname()[1])}
        command = [sys.executable, "-m", "uns.simulator", *(word for pair in ports.items() for word in pair)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 6
    assert ended.stdout == ""
    assert f"unreachable.listen: the {says} server cannot listen on 127.0.0.1:{ports[option]}" in ended.stderr
    assert option in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_serve_says_when_it_is_ready_and_closes_its_ports_when_cancelled():
    ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve("127.0.0.1", 0, 0, on_ready=ready.set_result))
    async with asyncio.timeout(20):
        ports = await ready
    assert ports.opcua_endpoint == f"opc.tcp://127.0.0.1:{ports.opcua_port}/acme/ghent/packaging"
    assert ports.modbus_endpoint == f"tcp://127.0.0.1:{ports.modbus_port}"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with socket.create_server(("127.0.0.1", ports.modbus_port)), socket.create_server(("127.0.0.1", ports.opcua_port)):
        pass


async def test_a_failed_start_leaves_no_server_behind():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UnsError) as caught:
        await serve("127.0.0.1", taken.getsockname()[1], 0)
    assert caught.value.finding.id == "unreachable.listen"

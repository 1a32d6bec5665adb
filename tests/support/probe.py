"""How long does a well-behaved client wait while somebody else attacks? A client in a process of its own, beside it.

It sends a PINGREQ every few milliseconds and opens a connection every few tens, and notes how long the answers take. It
comes from an address of its own, so that no limit of the attacker's address is its own.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

from tests.support.running import clean_environment, die_with_parent

PING_EVERY_S = 0.004
CONNECT_EVERY_S = 0.04
ANSWER_S = 30.0
_CONNECT = bytes.fromhex("10 0c 00 04 4d 51 54 54 04 02 00 00 00 00")  # 3.1.1, clean session, no client id
_CONNACK = bytes.fromhex("20 02 00 00")
_PINGREQ, _PINGRESP = b"\xc0\x00", b"\xd0\x00"
ROOT = Path(__file__).parent.parent.parent


class Waits(NamedTuple):
    """Round trips in ms. pings, connects: how many there were."""

    pings: int
    ping_p99_ms: float
    ping_max_ms: float
    connects: int
    connect_max_ms: float


class Probe:
    """Measures from its start until `stop`; as a context manager, `waits` stands afterwards."""

    def __init__(self, port: int) -> None:
        self.waits: Waits | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.probe", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=clean_environment(),
            preexec_fn=die_with_parent,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "measuring\n"

    def stop(self) -> Waits:
        """End it; raises when it was not served."""
        out, _ = self._process.communicate("\n", timeout=ANSWER_S + 5)
        assert self._process.returncode == 0, "the probe was not served"
        self.waits = Waits(*json.loads(out))
        return self.waits

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.stop()


def _open(port: int) -> socket.socket:
    """A connection that has its CONNACK."""
    client = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S, source_address=("127.0.0.2", 0))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(_CONNECT)
    _expect(client, _CONNACK)
    return client


def _expect(client: socket.socket, answer: bytes) -> None:
    got = b""
    while len(got) < len(answer):
        piece = client.recv(len(answer) - len(got))
        if not piece:
            raise ConnectionError("the broker closed the probe's connection")
        got += piece
    if got != answer:
        raise ConnectionError(f"the broker answered {got.hex()}, not {answer.hex()}")


def _measure(port: int, stop: threading.Event) -> Waits:
    pings: list[float] = []
    connects: list[float] = []
    with _open(port) as client:
        sys.stdout.write("measuring\n")
        sys.stdout.flush()
        next_connect = time.perf_counter()
        while not stop.wait(PING_EVERY_S):
            began = time.perf_counter()
            client.sendall(_PINGREQ)
            _expect(client, _PINGRESP)
            pings.append(time.perf_counter() - began)
            if time.perf_counter() >= next_connect:
                began = time.perf_counter()
                _open(port).close()
                connects.append(time.perf_counter() - began)
                next_connect = time.perf_counter() + CONNECT_EVERY_S
    pings.sort()
    p99 = pings[min(len(pings) - 1, int(len(pings) * 0.99))] if pings else 0.0
    return Waits(len(pings), p99 * 1000, max(pings, default=0) * 1000, len(connects), max(connects, default=0) * 1000)


def main() -> None:
    stop = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.readline()
        stop.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    sys.stdout.write(json.dumps(_measure(int(sys.argv[1]), stop)) + "\n")


if __name__ == "__main__":
    main()

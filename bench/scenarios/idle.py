"""How much memory does a connection take in which nothing happens?

Resident memory of the broker's process before and after five thousand connections, divided by their number. A few
hundred connections come first, so that what is allocated once is not counted.
"""

import socket
import time
from pathlib import Path

from bench.brokers import Broker
from bench.process import resident_bytes
from bench.scenario import Against, Effort, Mark, Scenario, Taken
from bench.wire import connect, wait_for_all

CONNECTIONS = 5000
FIRST = 200
STEADY_S = 0.5
LONGEST_S = 20.0


def run(broker: Broker, directory: Path, effort: Effort) -> Taken:
    peers: list[socket.socket] = []
    try:
        with broker.running(directory) as running:
            peers += (connect(running.port, f"bench-first-{n}") for n in range(effort.count(FIRST)))
            before = _steady(running.pid)
            count = effort.count(CONNECTIONS)
            started = time.perf_counter()
            peers += (connect(running.port, f"bench-idle-{n}") for n in range(count))
            took_s = time.perf_counter() - started
            after = _steady(running.pid)
            for peer in peers:
                wait_for_all(peer)
            return Taken(
                (after - before) / count / 1024, count, count, details={"connections accepted per s": count / took_s}
            )
    finally:
        for peer in peers:
            peer.close()


def _steady(pid: int) -> int:
    """Resident bytes once they no longer change."""
    deadline = time.monotonic() + LONGEST_S
    last = resident_bytes(pid)
    while time.monotonic() < deadline:
        time.sleep(STEADY_S)
        now = resident_bytes(pid)
        if abs(now - last) < 64 * 1024:
            return now
        last = now
    return last


SCENARIOS = (
    Scenario(
        "idle",
        "5,000 idle connections, resident memory each",
        "KiB",
        Mark(15, at_least=False, against=Against.ITSELF),
        run,
        paced=True,
    ),
)

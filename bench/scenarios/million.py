"""How long does a restart with a million retained messages take, and how much memory do they need?

They are published at QoS 1, so every one was acknowledged; then the process is killed with SIGKILL and started again on
its data. Ready means that it answers MQTT; afterwards a subscriber counts what is still there.
"""

import time
from pathlib import Path

from bench.brokers import Broker
from bench.payloads import payload
from bench.process import resident_bytes
from bench.scenario import Against, Effort, Lost, Mark, NoFigure, Scenario, Taken
from bench.scenarios.retained import take_retained, topic
from bench.wire import connect, exactly
from uns.mqtt import Publish, encode

TOPICS = 1_000_000
PER_SEND = 1000
GIB = 1 << 30


class TooLarge(NoFigure):
    """The restart took more memory than the mark allows."""


def run(broker: Broker, directory: Path, effort: Effort) -> Taken:
    count = effort.count(TOPICS)
    with broker.running(directory) as running:
        load_s = _retain_acknowledged(running.port, count)
        running.process.kill()
        running.process.wait()
    with broker.running(directory) as running:
        resident = resident_bytes(running.pid)
        seconds, arrived = take_retained(running.port, count)
        later = resident_bytes(running.pid)
    if arrived < count:
        raise Lost(f"{count - arrived:,} of {count:,} acknowledged retained messages did not survive the kill -9")
    if max(resident, later) >= GIB:
        raise TooLarge(f"{max(resident, later) / GIB:.2f} GiB resident after the restart, 1 GiB is allowed")
    return Taken(
        running.started_s,
        count,
        arrived,
        details={
            "resident MiB when ready": resident / (1 << 20),
            "resident MiB after a subscriber of #": later / (1 << 20),
            "retained and acknowledged per s": count / load_s,
            "seconds until a subscriber of # had all": seconds,
        },
    )


def _retain_acknowledged(port: int, count: int) -> float:
    """Seconds until so many retained messages were acknowledged."""
    started = time.perf_counter()
    with connect(port, "bench-publisher") as peer:
        for first in range(0, count, PER_SEND):
            some = range(first, min(first + PER_SEND, count))
            sent = [encode(Publish(topic(n), payload(n), 1, True, packet_id=n - first + 1), 4) for n in some]
            peer.sendall(b"".join(sent))
            acks = exactly(peer, 4 * len(sent))
            assert acks[::4] == b"\x40" * len(sent), acks[:20].hex()
    return time.perf_counter() - started


SCENARIOS = (
    Scenario(
        "million",
        "1,000,000 retained messages: kill -9, restart to ready, < 1 GiB resident",
        "s",
        Mark(10, at_least=False, against=Against.ITSELF),
        run,
        own=True,
        large=True,
        paced=True,
    ),
)

"""How long does a message take at a load that is no load: 5,000 per second from fifty publishers?

A message's time is from just before its send to just after the receive that completed it. The publisher keeps its
schedule whatever the broker does, so a broker that stalls cannot hide it by slowing the publisher down.
"""

import time
from array import array
from copy import copy
from pathlib import Path

from bench.brokers import Broker, Running, Uns
from bench.governed import prove_governed
from bench.payloads import ATTRIBUTES, CELLS
from bench.process import Worker, cpu_s
from bench.scenario import Effort, Lost, Mark, NoFigure, Scenario, Taken
from bench.wire import RECEIVE_BUFFER_BYTES, be_patient, connect, subscribe
from uns.mqtt import Publish, encode

PUBLISHERS = 50
PER_SECOND = 5000
ATTEMPTS = 3
BUSY_POLL_US = 500
"""Longer than two messages lie apart."""
SILENCE_S = 2.0
_TAIL = b'Z"}'
_DIGITS = 6


class OffSchedule(NoFigure):
    """The load generator itself did not keep the rate; the machine is too busy to measure a latency."""


def run(broker: Broker, directory: Path, effort: Effort) -> Taken:
    count = round(PER_SECOND * (effort.seconds + effort.warm_up_s))
    frames = [encode(Publish(_topic(number), _numbered(number)), 4) for number in range(count)]
    with broker.running(directory) as running:
        if broker.governs:
            prove_governed(running.port)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                taken = _round(running, frames, effort)
                break
            except OffSchedule:
                if attempt == ATTEMPTS:
                    raise
        if broker.governs:
            prove_governed(running.port)
    return taken


def run_polling(broker: Broker, directory: Path, effort: Effort) -> Taken:
    """The same with ours set to look for the next message instead of sleeping; peers have no such setting."""
    if isinstance(broker, Uns):
        broker = copy(broker)
        broker.settings = {**broker.settings, "UNS_MQTT_BUSY_POLL_US": str(BUSY_POLL_US)}
    return run(broker, directory, effort)


def _round(running: Running, frames: list[bytes], effort: Effort) -> Taken:
    count, length = len(frames), len(frames[0])
    subscriber = connect(running.port, "bench-subscriber", buffer_bytes=RECEIVE_BUFFER_BYTES)
    subscribe(subscriber, ["acme/ghent/#"], 0)
    chunks: list[tuple[float, bytes]] = []
    received = 0
    with subscriber, Worker(_publish, running.port, frames, effort.count(PUBLISHERS)) as publisher:
        be_patient(subscriber, SILENCE_S)
        busy_s, first_s = cpu_s(running.pid), time.perf_counter()
        while received < count * length:
            try:
                data = subscriber.recv(65_536)
            except BlockingIOError:
                if publisher.is_done():
                    break
                continue
            chunks.append((time.perf_counter(), data))
            received += len(data)
        busy = (cpu_s(running.pid) - busy_s) / (time.perf_counter() - first_s)
        sent_at: array[float] = publisher.result(30)
    took_s = sent_at[-1] - sent_at[0]
    if took_s > 1.05 * count / PER_SECOND:
        raise OffSchedule(f"{count:,} messages took {took_s:.2f} s to send: the machine is too busy for a latency")
    taken_ms = _latencies_ms(chunks, sent_at, length, first=round(PER_SECOND * effort.warm_up_s))
    if not taken_ms:
        raise Lost(f"none of {count:,} messages arrived")
    return Taken(
        _quantile(taken_ms, 0.99),
        count,
        received // length,
        busy,
        {"p50 ms": _quantile(taken_ms, 0.5), "p99.9 ms": _quantile(taken_ms, 0.999), "max ms": taken_ms[-1]},
    )


def _publish(port: int, frames: list[bytes], publishers: int) -> "array[float]":
    """When each message was sent, in perf_counter seconds."""
    sends = [connect(port, f"bench-publisher-{n}").send for n in range(publishers)]
    sent_at = array("d")
    started = time.perf_counter()
    while len(sent_at) < len(frames):
        due = min(len(frames), int((time.perf_counter() - started) * PER_SECOND) + 1)
        for number in range(len(sent_at), due):
            sent_at.append(time.perf_counter())
            sends[number % publishers](frames[number])
        next_s = started + due / PER_SECOND - time.perf_counter()
        if next_s > 0:
            time.sleep(next_s)
    return sent_at


def _latencies_ms(chunks: list[tuple[float, bytes]], sent_at: "array[float]", length: int, first: int) -> list[float]:
    """Sorted; of the messages from number `first` on. Each frame carries its number as the fraction of its time."""
    found = []
    held = b""
    for at, chunk in chunks:
        data = held + chunk
        whole = len(data) // length * length
        for stop in range(length, whole + 1, length):
            number = int(data[stop - len(_TAIL) - _DIGITS : stop - len(_TAIL)])
            if number >= first:
                found.append((at - sent_at[number]) * 1000)
        held = data[whole:]
    return sorted(found)


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _topic(number: int) -> str:
    return f"acme/ghent/press/line1/cell{number % CELLS}/temp{number // CELLS % ATTRIBUTES}"


def _numbered(number: int) -> bytes:
    value = 10 + number * 7 % 900 / 10
    return f'{{"value":{value:.1f},"timestamp":"2026-11-22T12:00:00.{number:0{_DIGITS}}Z"}}'.encode()


SCENARIOS = (
    Scenario(
        "latency",
        "p99 latency at 5,000 msg/s from 50 publishers, governed",
        "ms",
        Mark(1, at_least=False),
        run,
        paced=True,
    ),
    Scenario(
        "latency_polling",
        f"the same, `mqtt.busy_poll_us: {BUSY_POLL_US}`",
        "ms",
        Mark(1, at_least=False),
        run_polling,
        note="Ours takes up to a whole core then, and is not put to sleep between two messages. No peer has such a "
        "setting.",
        paced=True,
    ),
)

"""What is lost when the network is away? `python -m bench.outage`: an edge node over MQTT, a cable that is cut.

A thousand metrics change once a second each. The cable is cut for ten minutes, and for half a minute before that the
connection is dead without anybody knowing. Afterwards every value must stand in the server's history, which is read
from its file.
"""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from itertools import count
from pathlib import Path

from bench.machine import this_machine
from tests.edge.cable import Cable
from tests.support.running import RunningServer
from tests.support.until import until_async
from uns.adapter import Point
from uns.edge.backlog import Backlog
from uns.edge.bdseq import FileBdSeq
from uns.edge.forward import BackfillReport, Forward
from uns.edge.mqtt import MqttOptions, MqttUplink
from uns.edge.node import EdgeLink
from uns.edge.servers import MqttServer
from uns.edge.spec import SourceSpec
from uns.samples import DataType, Quality, Sample
from uns.server.clock import SystemClock

METRICS = 1000
ROUNDS_PER_S = 10
DEAD_S = 30
PLANT = {
    "namespace.yaml": 'tree: {acme: {}}\nopen: ["acme/#"]\n',
    "uns.yaml": 'history: {record: ["acme/#"]}\n',
    "access.yaml": 'anonymous: {role: any, from: loopback}\nroles: {any: {publish: ["#"], subscribe: ["#"]}}\n',
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.outage", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600, help="that the cable is cut")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as work:
        plant = Path(work, "plant")
        plant.mkdir()
        for name, text in PLANT.items():
            (plant / name).write_text(text)
        print(f"Machine: {this_machine([])}\n")
        server = RunningServer(["serve", str(plant)], Path(work))
        try:
            told, report, shed = asyncio.run(_run(server.mqtt_port, Path(work), seconds))
        finally:
            server.stop()
        kept = _in_history(server.data / "history.db")
        print(f"told      {told:>9,} values, {METRICS} metrics, {METRICS} changes/s")
        print(f"recorded  {kept:>9,} of them in the history of the server")
        print(f"lost      {told - kept:>9,}")
        outage_s, took_s = report.outage_ms / 1000, report.took_ms / 1000
        print(f"backfilled {report.samples:>8,} of an outage of {outage_s:.0f} s, in {took_s:.0f} s")
        print(f"shed      {shed:>9,}")


async def _run(port: int, work: Path, seconds: int) -> tuple[int, BackfillReport, int]:
    clock, reports = SystemClock(), list[BackfillReport]()
    cable = Cable(port)
    await cable.plug()
    backlog = Backlog(work / "backlog.db")
    forward = Forward(backlog, clock, reports.append)
    uplink = MqttUplink([MqttServer("127.0.0.1", cable.port)], MqttOptions(client_id="bench-edge"))
    spec = SourceSpec("bench", "none", "", "acme:ghent", "line1", {}, {})
    node = EdgeLink(
        "acme:ghent",
        "line1",
        uplink,
        clock,
        FileBdSeq(work, spec),
        on_write=lambda write: None,
        on_finding=lambda finding: print(finding),
        forward=forward,
    )
    points = [Point("press", f"m{number}", {}) for number in range(METRICS)]
    node.open()
    node.declare(dict.fromkeys(points, DataType.INT64))
    node.join()
    forwarding = asyncio.create_task(node.forwarding())
    teller = _Teller(node, points, clock)
    telling = asyncio.create_task(teller.run())
    await asyncio.sleep(10)
    reports.clear()  # of the moment before the first connection
    print(f"{time.strftime('%H:%M:%S')} the connection goes dead")
    cable.deaden()
    await asyncio.sleep(DEAD_S)
    print(f"{time.strftime('%H:%M:%S')} the cable is cut for {seconds} s")
    await cable.cut()
    await asyncio.sleep(seconds)
    print(f"{time.strftime('%H:%M:%S')} it is plugged in again; {forward.status().waiting:,} samples wait")
    cable.revive()
    await cable.plug()
    await until_async(lambda: reports, within_s=seconds + 60)
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    told = teller.told
    while forward.status().unconfirmed or forward.status().waiting:
        node.tick()
        await asyncio.sleep(0.2)
    shed = forward.status().shed
    node.close()
    forwarding.cancel()
    await asyncio.gather(forwarding, return_exceptions=True)
    await uplink.closed()
    backlog.close()
    await cable.cut()
    return told, reports[0], shed


class _Teller:
    """Every metric once a second, a tenth of them at a time, on time whatever the last round took."""

    def __init__(self, node: EdgeLink, points: list[Point], clock: SystemClock) -> None:
        self._node = node
        self._points = points
        self._clock = clock
        self.told = 0

    async def run(self) -> None:
        share = len(self._points) // ROUNDS_PER_S
        due = time.monotonic()
        for value in count(1):
            for first in range(0, len(self._points), share):
                now_ms = self._clock.wall_ms()
                part = self._points[first : first + share]
                self._node.data([(point, Sample(value, Quality.GOOD, now_ms)) for point in part])
                self.told += share
                if first == 0:
                    self._node.tick()
                due += 1 / ROUNDS_PER_S
                await asyncio.sleep(max(0, due - time.monotonic()))


def _in_history(path: Path) -> int:
    """How many values, each counted once, stand in the history."""
    query = "SELECT count(*) FROM (SELECT DISTINCT topic_id, value FROM samples WHERE typeof(value) = 'integer')"
    with sqlite3.connect(path) as history:
        (count,) = history.execute(query).fetchone()
    return int(count)


if __name__ == "__main__":
    main()

"""How long does an apply take, and whom does it keep waiting? `python -m bench.apply`: a plant of 10,000 assets.

Publishers send on while a new version of a model and another mode take over. wait: round trips of a client
of its own beside it; missing: messages of QoS 1 that got no acknowledgement.
"""

import argparse
import json
import tempfile
import threading
import time
import urllib.request
from itertools import cycle
from pathlib import Path
from typing import Any

from bench.machine import this_machine
from bench.wire import PUBACK, connect, read_frame
from tests.support.probe import Probe, Waits
from tests.support.running import RunningServer
from uns.mqtt import Publish, encode

ASSETS = 10_000
CELLS_PER_LINE, LINES, AREAS = 10, 10, 10
PER_SECOND = 5000
CHUNK = 25
QUIET_S = 2.0
MODEL = """\
model: filler
version: {version}
attributes:
  temperature: {{type: number, unit: Cel, min: -10, max: {maximum}}}
  state: {{type: string, enum: [stopped, execute]}}
  speed: {{type: number, unit: "1/min", min: 0, max: 600}}
  count: {{type: integer, min: 0}}
  level: {{type: number, unit: "%", min: 0, max: 100}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.apply", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--assets", type=int, default=ASSETS)
    assets = parser.parse_args().assets
    with tempfile.TemporaryDirectory() as work:
        plant = Path(work, "plant")
        for name, text in plant_files(assets, changed=False).items():
            (plant / name).parent.mkdir(parents=True, exist_ok=True)
            (plant / name).write_text(text)
        server = RunningServer(["serve", str(plant)], Path(work))
        try:
            print(f"Machine: {this_machine([])}\n")
            _measure(server, assets)
        finally:
            server.stop()


def plant_files(assets: int, *, changed: bool) -> dict[str, str]:
    """A plant of so many fillers; changed: with the next version of their model in a tenth of them, and one mode."""
    lines = ["mode: quarantine", "tree:", "  acme:"]
    for site in range(max(1, assets // (CELLS_PER_LINE * LINES * AREAS))):
        lines.append(f"    site{site}:")
        for area in range(AREAS):
            lines.append(f"      area{area}:")
            lines += ["        mode: warn"] if changed and area == 1 else []
            for line in range(LINES):
                lines.append(f"        line{line}:")
                for cell in range(CELLS_PER_LINE):
                    version = 2 if changed and area == 2 else 1
                    lines.append(f"          cell{cell}: {{model: filler@{version}, owner: team{area}}}")
    files = {
        "namespace.yaml": "\n".join(lines) + "\n",
        "access.yaml": "anonymous: {role: admin, from: loopback}\n",
        "models/filler.v1.yaml": MODEL.format(version=1, maximum=120),
    }
    return files | ({"models/filler.v2.yaml": MODEL.format(version=2, maximum=150)} if changed else {})


def _measure(server: RunningServer, assets: int) -> None:
    stop = threading.Event()
    counts: list[int] = []
    publisher = threading.Thread(target=_publish, args=(server.mqtt_port, assets, stop, counts))
    publisher.start()
    with Probe(server.mqtt_port) as quiet:
        time.sleep(QUIET_S)
    with Probe(server.mqtt_port) as beside:
        began_s = time.perf_counter()
        applied = _post(server, {"files": plant_files(assets, changed=True), "why": "bench"})
        took_s = time.perf_counter() - began_s
        time.sleep(QUIET_S / 4)
    stop.set()
    publisher.join()
    plan = applied["plan"]
    print(f"{assets:,} assets, {plan['topics_changed']['count']:,} topics with another contract")
    print(f"apply: {took_s:.2f} s")
    for name, waits in (("before", quiet.waits), ("beside the apply", beside.waits)):
        assert isinstance(waits, Waits)
        print(f"wait {name}: ping p99 {waits.ping_p99_ms:.1f} ms, longest {waits.ping_max_ms:.1f} ms of {waits.pings}")
    sent, acknowledged = counts
    print(f"published {sent:,} at QoS 1, missing {sent - acknowledged:,}")


def _publish(port: int, assets: int, stop: threading.Event, counts: list[int]) -> None:
    peer = connect(port, "bench-publisher")
    names = cycle(
        f"acme/site{number // 1000}/area{number // 100 % 10}/line{number // 10 % 10}/cell{number % 10}/temperature"
        for number in range(0, assets, 7)
    )
    sent = acknowledged = 0
    while not stop.is_set():
        chunk = [Publish(next(names), b'{"value":21.5}', 1, packet_id=number + 1) for number in range(CHUNK)]
        peer.sendall(b"".join(encode(each, 4) for each in chunk))
        sent += CHUNK
        for _ in range(CHUNK):
            acknowledged += read_frame(peer)[0] == PUBACK
        time.sleep(CHUNK / PER_SECOND)
    counts += [sent, acknowledged]


def _post(server: RunningServer, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{server.base_url}/api/v1/apply", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


if __name__ == "__main__":
    main()

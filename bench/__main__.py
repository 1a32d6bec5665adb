"""How fast is the governed broker beside a broker that judges nothing? `python -m bench`, or `make bench`.

Both brokers run as processes of their own and get the same load in turn, several rounds each; the medians are compared.
Ours judges every message: hierarchy, access and JSON contract.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.brokers import Mosquitto, Uns
from bench.load import PAYLOAD, Rate, bulk_qos0

GOVERNED = [f"acme/ghent/press/line1/cell{cell}/temp{attribute}" for cell in range(10) for attribute in range(10)]
OPEN = [f"acme/ghent/_raw/line1/cell{cell}/value{attribute}" for cell in range(10) for attribute in range(10)]
SCENARIOS = {"bulk QoS 0, governed": GOVERNED, "bulk QoS 0, open branch": OPEN}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="rounds per broker, the median counts (default 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="measured time of a round (default 3)")
    arguments = parser.parse_args()
    print(f"{_machine()}; 1 publisher, 1 subscriber, 100 topics, {len(PAYLOAD)} bytes of JSON, QoS 0.")
    brokers = [Uns(Path(__file__).with_name("plant"))]
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None:
        print("mosquitto is not installed: no ratio, our own figures only.")
    else:
        brokers.append(Mosquitto(mosquitto))
    print(f"{'scenario':<26}{'broker':<22}{'msg/s':>12}{'lost':>8}{'ratio':>8}")
    for name, topics in SCENARIOS.items():
        rates: dict[str, list[Rate]] = {broker.name: [] for broker in brokers}
        for _ in range(arguments.rounds):
            for broker in brokers:
                with tempfile.TemporaryDirectory() as directory, broker.running(Path(directory)) as port:
                    rates[broker.name].append(bulk_qos0(port, topics, arguments.seconds))
        medians = {broker: statistics.median(rate.messages_per_s for rate in taken) for broker, taken in rates.items()}
        for broker, taken in rates.items():
            lost = max(rate.lost for rate in taken)
            ratio = medians[brokers[0].name] / medians[broker]
            told = "" if broker == brokers[0].name else f"{ratio:.1f} x"
            print(f"{name:<26}{broker:<22}{medians[broker]:>12,.0f}{lost:>8.1%}{told:>8}")
    print("ratio: ours to that broker, medians of the same run.")
    return 0


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    version = (
        subprocess.run(["mosquitto", "-h"], capture_output=True, text=True, check=False)
        if shutil.which("mosquitto")
        else None
    )
    peer = version.stdout.splitlines()[0] if version else "no mosquitto"
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {peer}"


if __name__ == "__main__":
    sys.exit(main())

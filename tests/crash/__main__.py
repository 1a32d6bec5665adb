"""`python -m tests.crash`, or `make soak`: kill the broker a hundred times under load and account for every message."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.crash.crashes import crash


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--durability", choices=["fsync", "os"], default="fsync")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        report = asyncio.run(
            crash(
                arguments.kills, Path(work), arguments.seed, arguments.durability, lambda text: print(text, flush=True)
            )
        )
    print(report)
    for fault in report.faults[:50]:
        print(" ", fault)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())

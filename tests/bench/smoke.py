"""Every scenario but the large ones once, with tiny numbers, against one real server; prints the JSON of the bench.

A process of its own, since the load generator forks, and one server for all, since its start takes longer than a
scenario this small.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.brokers import Running, Uns
from bench.machine import this_machine
from bench.run import run_all
from bench.scenario import Effort
from bench.scenarios import SCENARIOS
from bench.table import as_json

RETAINING = {"retained", "sparkplug"}
"""They come last: what they leave behind would reach the subscribers of the others."""
EFFORT = Effort(seconds=0.3, scale=0.01)


class KeptUns(Uns):
    """Our broker, started before."""

    def __init__(self, kept: Running) -> None:
        super().__init__()
        self._kept = kept

    @contextmanager
    def running(self, directory: Path, *, raised_queues: bool = False) -> Iterator[Running]:
        (directory / "log.txt").touch()
        yield self._kept


def main() -> int:
    scenarios = [scenario for scenario in SCENARIOS if not scenario.large]
    scenarios.sort(key=lambda scenario: scenario.name in RETAINING)
    with tempfile.TemporaryDirectory() as directory, Uns().running(Path(directory), raised_queues=True) as kept:
        rows = list(run_all(scenarios, [KeptUns(kept)], 1, EFFORT, _tell))
    sys.stdout.write(as_json(rows, this_machine([]), "").decode())
    return 0


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())

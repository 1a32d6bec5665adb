"""One table: this broker against every peer found on the machine. `python -m bench`, or `make bench`."""

import argparse
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.brokers import Broker, found
from bench.machine import this_machine
from bench.process import allow_many_files
from bench.run import Row, run_all
from bench.scenario import Effort, Scenario
from bench.scenarios import SCENARIOS
from bench.table import as_json, failed, render, write_into

OK, FAILED, USAGE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 when ours failed in a scenario; a mark that is not met is no failure of the benchmark."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    brokers = _brokers(parser, asked.brokers)
    scenarios = _scenarios(parser, asked.scenarios, asked.large)
    if asked.write and asked.scenarios:
        parser.error("--write takes a run of all scenarios, not of some")
    allow_many_files()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # leaving stops the brokers
    effort = Effort(asked.seconds, asked.scale)
    machine = this_machine([f"{broker.name} {broker.version}" for broker in brokers])
    how = (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: medians of {asked.rounds} rounds of {asked.seconds:g} s. "
        "The load generator and the broker share the cores, for all brokers alike."
    )
    if effort.scale != 1:
        how += f" Counts scaled by {effort.scale:g}: no figure of this run says anything about speed."
    _tell(str(machine))
    started = time.monotonic()
    rows: list[Row] = []
    for row in run_all(scenarios, brokers, asked.rounds, effort, _tell):
        rows.append(row)
        _tell(f"[{len(rows)}/{len(scenarios)} after {time.monotonic() - started:.0f} s]")
    table = render(rows, machine, how)
    sys.stdout.write(as_json(rows, machine, how).decode() + "\n" if asked.output == "json" else table)
    sys.stdout.flush()
    if asked.write is not None:
        write_into(asked.write, "brokers", table)
    for failure in failed(rows):
        print(f"failed: {failure}", file=sys.stderr)
    return FAILED if failed(rows) else OK


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(scenario.name for scenario in SCENARIOS)
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"only these; all of them: {names}")
    parser.add_argument("--rounds", type=int, default=3, help="rounds per broker, the median counts (default 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="measured time of a round (default 3)")
    parser.add_argument("--brokers", help="only these, separated by commas (default: all that are installed)")
    parser.add_argument("--large", action="store_true", help="also the scenarios that take minutes and a gigabyte")
    parser.add_argument("--scale", type=float, default=1.0, help="of connections, topics, subscriptions (default 1)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="also put the table into this Markdown page")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="json: every round")
    return parser


def _brokers(parser: argparse.ArgumentParser, names: str | None) -> list[Broker]:
    brokers = found()
    wanted = [name.strip() for name in names.split(",")] if names else [broker.name for broker in brokers]
    for name in wanted:
        if name not in [broker.name for broker in brokers]:
            parser.error(f"'{name}' is not installed here (found: {', '.join(broker.name for broker in brokers)})")
    return [broker for broker in brokers if broker.name in wanted]


def _scenarios(parser: argparse.ArgumentParser, names: list[str], large: bool) -> list[Scenario]:
    known = {scenario.name: scenario for scenario in SCENARIOS}
    for name in names:
        if name not in known:
            parser.error(f"no scenario '{name}' (known: {', '.join(known)})")
    if names:
        return [known[name] for name in names]
    return [scenario for scenario in SCENARIOS if large or not scenario.large]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

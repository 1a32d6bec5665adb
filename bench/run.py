"""Runs the scenarios: every broker in turn within a round, so that a busy minute of the machine hits all of them."""

import statistics
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.brokers import Broker, Uns
from bench.scenario import Against, Effort, NoFigure, Scenario, Taken

Tell = Callable[[str], None]
"""Takes a line of progress."""


@dataclass
class Column:
    """One broker in one scenario. missing: why there is no figure, or empty."""

    broker: str
    rounds: list[Taken] = field(default_factory=list)
    missing: str = ""

    @property
    def median(self) -> float | None:
        """None when a round failed: a median of what went well would be no figure."""
        return None if self.missing or not self.rounds else statistics.median(each.value for each in self.rounds)

    @property
    def lost(self) -> float:
        return max((each.lost for each in self.rounds), default=0.0)

    @property
    def cpu(self) -> float | None:
        taken = [each.cpu for each in self.rounds if each.cpu is not None]
        return statistics.median(taken) if taken else None


@dataclass
class Row:
    """One scenario with a column per broker, ours first."""

    scenario: Scenario
    columns: list[Column]

    def column(self, broker: str) -> Column | None:
        return next((column for column in self.columns if column.broker == broker), None)

    @property
    def ratio(self) -> float | None:
        """Ours to mosquitto."""
        ours, theirs = self._median(Uns.name), self._median("mosquitto")
        return None if ours is None or not theirs else ours / theirs

    @property
    def met(self) -> bool | None:
        """None when there is nothing to compare."""
        mark = self.scenario.mark
        figure = self.ratio if mark.against is Against.MOSQUITTO else self._median(Uns.name)
        if figure is None:
            ours = self.column(Uns.name)
            return False if ours is not None and ours.missing else None
        return mark.met(figure)

    def _median(self, broker: str) -> float | None:
        column = self.column(broker)
        return column.median if column is not None else None


def run_all(
    scenarios: Iterable[Scenario], brokers: list[Broker], rounds: int, effort: Effort, tell: Tell
) -> Iterable[Row]:
    """The rows, each when it is complete. What fails stands in its column and ends nothing else."""
    for scenario in scenarios:
        row = Row(scenario, [_column(scenario, broker) for broker in brokers])
        for number in range(1, rounds + 1):
            for broker, column in zip(brokers, row.columns, strict=True):
                if not column.missing:
                    _take(scenario, broker, column, effort, tell, f"{scenario.name} {number}/{rounds} {broker.name}")
        yield row


def _column(scenario: Scenario, broker: Broker) -> Column:
    if scenario.own and broker.name != Uns.name:
        return Column(broker.name, missing="Ours only.")
    return Column(broker.name, missing=scenario.excluded.get(broker.name, ""))


def _take(scenario: Scenario, broker: Broker, column: Column, effort: Effort, tell: Tell, label: str) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        try:
            taken = scenario.run(broker, Path(directory), effort)
        except Exception as error:  # one broker that cannot do it takes no figure from the others
            column.missing = f"{broker.name}: {_told(error)}"
            tell(f"{label}: {column.missing}")
            if broker.name == Uns.name and not isinstance(error, NoFigure):
                traceback.print_exc(file=sys.stderr)
                print((Path(directory) / "log.txt").read_text()[-4000:], file=sys.stderr)
            return
    column.rounds.append(taken)
    lost = f", {taken.lost:.2%} lost" if taken.lost else ""
    busy = "" if taken.cpu is None else f", {taken.cpu:.0%} CPU"
    if "/s" in scenario.unit and taken.cpu is not None:
        busy += f", {taken.cpu / taken.value * 1e6:.2f} µs each"
    tell(f"{label}: {taken.value:,.4g} {scenario.unit}{lost}{busy}")


def _told(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{lines[-1]:.160}" if lines else type(error).__name__

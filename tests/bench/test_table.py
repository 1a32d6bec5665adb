"""Does the table say what was measured: medians, ratios, marks, losses, and why a figure is missing?"""

import json
from pathlib import Path

import pytest

from bench.brokers import Broker
from bench.machine import Machine
from bench.run import Column, Row, run_all
from bench.scenario import Against, Effort, Lost, Mark, Scenario, Taken
from bench.table import as_json, failed, render, write_into

MACHINE = Machine(
    cpu="a CPU",
    cores=2,
    memory_gib=8,
    kernel="Linux 6",
    python="3.11.7",
    core="interpreted",
    durability="fsync",
    disk="ext4",
    load=0.1,
    brokers=["uns-platform 1.0", "mosquitto 2.0"],
)


def _never(broker: Broker, directory: Path, effort: Effort) -> Taken:
    raise Lost("3 of 10 messages never arrived")


RATE = Scenario("rate", "a rate", "msg/s", Mark(4), _never)
LATENCY = Scenario("latency", "a latency", "ms", Mark(1, at_least=False), _never, paced=True)
MEMORY = Scenario("idle", "memory", "KiB", Mark(15, at_least=False, against=Against.ITSELF), _never)


def _row(scenario: Scenario, ours: list[float], theirs: list[float], **taken: float) -> Row:
    columns = [
        Column(name, [Taken(value, **taken) for value in values])  # type: ignore[arg-type]
        for name, values in (("uns-platform", ours), ("mosquitto", theirs))
    ]
    return Row(scenario, columns)


@pytest.mark.parametrize(
    ("row", "ratio", "met"),
    [
        (_row(RATE, [300, 900, 400], [100, 100, 100]), 4.0, True),
        (_row(RATE, [399], [100]), 3.99, False),
        (_row(LATENCY, [0.9], [1.0]), 0.9, True),
        (_row(LATENCY, [1.1], [1.0]), 1.1, False),
        (_row(MEMORY, [14], [1]), 14.0, True),
        (_row(MEMORY, [16], [1]), 16.0, False),
        (_row(RATE, [300], []), None, None),
        (_row(RATE, [], [300]), None, None),
    ],
)
def test_the_median_is_compared_with_its_mark(row: Row, ratio: float | None, met: bool | None) -> None:
    assert row.ratio == ratio
    assert row.met is met


def test_a_failed_round_leaves_no_figure_and_a_footnote() -> None:
    row = _row(RATE, [300, 400], [100, 100])
    row.columns[0].missing = "uns-platform: 3 of 10 messages never arrived"
    table = render([row], MACHINE, "how")
    assert row.met is False
    assert "| - (1) |" in " ".join(table.split())
    assert "(1) uns-platform: 3 of 10 messages never arrived" in table
    assert failed([row]) == ["rate: uns-platform: 3 of 10 messages never arrived"]


def test_a_loss_and_an_idle_broker_are_told_beside_the_rate() -> None:
    table = render([_row(RATE, [1234.5], [100], sent=1000, arrived=900, cpu=0.5)], MACHINE, "how")
    assert "1,234 msg/s, 10.0% lost (1)" in table
    assert "(1) The broker used less than 85% of a core" in table


def test_the_json_holds_every_round() -> None:
    document = json.loads(as_json([_row(RATE, [300, 900, 400], [100])], MACHINE, "how"))
    (scenario,) = document["scenarios"]
    assert document["machine"]["core"] == "interpreted"
    assert scenario["brokers"]["uns-platform"]["median"] == 400
    assert [taken["value"] for taken in scenario["brokers"]["uns-platform"]["rounds"]] == [300, 900, 400]


def test_the_table_goes_between_the_marks_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    begin, end = "<!-- brokers: begin -->", "<!-- brokers: end -->"
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    write_into(page, "brokers", "new\n")
    assert page.read_text() == f"before\n{begin}\nnew\n{end}\nafter\n"
    with pytest.raises(ValueError, match="no place for it"):
        write_into(page, "door", "new\n")


def test_what_one_broker_cannot_do_takes_no_figure_from_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    class Peer:
        governs = False
        version = "1"

        def __init__(self, name: str) -> None:
            self.name = name

    def run(broker: Broker, directory: Path, effort: Effort) -> Taken:
        if broker.name == "slow":
            raise Lost("3 of 10 messages never arrived")
        return Taken(5.0, 10, 10)

    told: list[str] = []
    scenario = Scenario("rate", "a rate", "msg/s", Mark(4), run, excluded={"absent": "It cannot."})
    peers = [Peer(name) for name in ("fast", "slow", "absent")]
    rows = run_all([scenario], peers, 2, Effort(), told.append)  # type: ignore[arg-type]
    (row,) = rows
    assert [column.median for column in row.columns] == [5.0, None, None]
    assert [column.missing for column in row.columns] == ["", "slow: 3 of 10 messages never arrived", "It cannot."]
    assert len(told) == 3, "a broker that failed is not asked again"
    assert capsys.readouterr().err == ""

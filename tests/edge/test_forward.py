"""Store and forward without a network: what is kept, confirmed, sent again, and what a failing disk does."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.until import until_async
from uns.edge.backlog import Backlog, Row
from uns.edge.forward import MAX_UNCONFIRMED, BackfillReport, Forward
from uns.samples import Quality, Sample


class Sender:
    """An edge node that is born when it says so. sent: the historical values, in order."""

    def __init__(self) -> None:
        self.devices: list[str] = ["press"]
        self.sent: list[int] = []
        self.confirms = True

    def born_devices(self) -> Sequence[str]:
        return self.devices

    def send_historical(self, rows: Sequence[Row]) -> int:
        self.sent += [row.sample.value for row in rows]
        return 0

    def sync(self, call: Callable[[], None]) -> None:
        if self.confirms:
            call()


class Line:
    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.reports: list[BackfillReport] = []
        self.backlog = Backlog(path)
        self.forward = Forward(self.backlog, self.clock, self.reports.append)
        self.sender = Sender()


def samples(*values: int):
    return [("count", Sample(value, Quality.GOOD, value)) for value in values]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path / "backlog.db")
    yield made
    made.backlog.close()


async def test_what_is_not_confirmed_is_sent_again(line: Line) -> None:
    asked: list[Callable[[], None]] = []
    line.forward.sent("press", samples(1, 2))
    line.forward.confirm(asked.append)
    line.forward.sent("press", samples(3))
    asked.pop()()
    assert line.forward.status().unconfirmed == 1
    line.forward.confirm(asked.append)
    line.forward.lost()
    asked.pop()()  # too late: the answer of a connection that is gone
    assert (line.forward.status().unconfirmed, line.forward.status().waiting) == (0, 1)
    line.forward.opened()
    running = asyncio.create_task(line.forward.run(line.sender))
    await until_async(lambda: line.reports)
    running.cancel()
    assert line.sender.sent == [3]
    assert (line.reports[0].samples, line.forward.status().waiting) == (1, 0)


async def test_nothing_is_sent_before_the_node_is_born(line: Line) -> None:
    line.sender.devices = []
    line.forward.keep("press", samples(1))
    running = asyncio.create_task(line.forward.run(line.sender))
    await asyncio.sleep(0.3)
    assert line.sender.sent == []
    line.sender.devices = ["press"]
    line.forward.opened()
    await until_async(lambda: line.sender.sent == [1])
    running.cancel()


async def test_a_connection_lost_in_a_round_loses_nothing(line: Line) -> None:
    line.sender.confirms = False
    line.forward.keep("press", samples(1, 2))
    line.forward.opened()
    running = asyncio.create_task(line.forward.run(line.sender))
    await until_async(lambda: line.sender.sent == [1, 2])
    line.forward.lost()
    assert line.forward.status().waiting == 2
    line.sender.confirms = True
    line.forward.opened()
    await until_async(lambda: line.forward.status().waiting == 0)
    assert line.sender.sent == [1, 2, 1, 2]
    running.cancel()


async def test_a_disk_that_refuses_for_a_while_loses_nothing(
    line: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    forget, failures = line.backlog.forget, [sqlite3.OperationalError("disk I/O error")]

    def fails_once(rows: Sequence[Row]) -> None:
        if failures:
            raise failures.pop()
        forget(rows)

    monkeypatch.setattr(line.backlog, "forget", fails_once)
    monkeypatch.setattr("uns.edge.forward.DISK_RETRY_S", 0.01)
    line.forward.keep("press", samples(7))
    line.forward.opened()
    running = asyncio.create_task(line.forward.run(line.sender))
    await until_async(lambda: line.reports)
    running.cancel()
    assert line.sender.sent == [7, 7]
    assert "disk I/O error" in caplog.text


def test_a_stuck_connection_is_congested(line: Line) -> None:
    line.forward.sent("press", samples(*range(MAX_UNCONFIRMED - 1)))
    assert not line.forward.congested
    line.forward.sent("press", samples(1))
    assert line.forward.congested
    line.forward.lost()
    assert not line.forward.congested
    assert line.forward.status().waiting == MAX_UNCONFIRMED


def test_an_outage_is_as_long_as_it_was(line: Line) -> None:
    line.forward.keep("press", samples(1))
    line.clock.advance(60_000)
    line.forward.opened()
    line.clock.advance(500)
    line.forward.lost()  # again, before everything was sent: the same outage
    line.clock.advance(10_000)
    line.forward.opened()
    assert line.forward._outage_ms == 70_000

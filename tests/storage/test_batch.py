"""Batches, shedding, failing disks, items that cannot be stored: with a `write` that the test holds in its hand."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from uns.storage import BatchWriter, Limits

Make = Callable[..., BatchWriter[str]]

LIMITS = {"buffer_items": 5, "buffer_bytes": 1000, "batch_items": 3, "interval_s": 0.0, "retry_first_s": 0.001}


class Disk:
    """A write that keeps batches; it waits while `gate` is closed, and raises `error` while there is one."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.error: Exception | None = None
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def write(self, batch: Sequence[str]) -> None:
        self.entered.release()
        assert self.gate.wait(5)
        if self.error is not None:
            raise self.error
        if "poison" in batch:
            raise TypeError("poison is no value")
        self.batches.append(list(batch))

    @property
    def items(self) -> list[str]:
        return [item for batch in self.batches for item in batch]


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def make(disk: Disk) -> Iterator[Make]:
    made: list[BatchWriter[str]] = []

    def make_writer(**changes: float) -> BatchWriter[str]:
        writer = BatchWriter("test", "test.db", disk.write, len, Limits(**{**LIMITS, **changes}))  # type: ignore[arg-type]
        made.append(writer)
        return writer

    yield make_writer
    disk.gate.set()
    for writer in made:
        writer.close()


def offer_all(writer: BatchWriter[str], items: Sequence[str]) -> None:
    for item in items:
        writer.offer(item)


def test_items_are_written_in_order_and_in_batches(make: Make, disk: Disk) -> None:
    writer = make()
    offer_all(writer, "abcde")
    writer.start()
    assert writer.flush()
    assert disk.batches == [["a", "b", "c"], ["d", "e"]]
    assert writer.status().written == 5
    assert writer.status().pending == 0


def test_a_full_batch_does_not_wait_for_the_interval(make: Make, disk: Disk) -> None:
    writer = make(interval_s=3600)
    writer.start()
    offer_all(writer, "abc")
    assert disk.entered.acquire(timeout=5)


def test_the_first_item_of_a_batch_waits_for_company(make: Make, disk: Disk) -> None:
    writer = make(interval_s=3600)
    writer.start()
    writer.offer("a")
    writer.offer("b")
    assert writer.flush()
    assert disk.batches == [["a", "b"]]


def test_a_full_buffer_sheds_the_oldest_but_never_the_batch_on_its_way(make: Make, disk: Disk) -> None:
    disk.gate.clear()
    writer = make()
    writer.start()
    writer.offer("a")
    assert disk.entered.acquire(timeout=5)
    offer_all(writer, "bcdefgh")
    assert writer.status().shed == 2
    assert writer.status().pending == 6
    disk.gate.set()
    assert writer.flush()
    assert disk.items == list("adefgh")


def test_bytes_bound_the_buffer_too(make: Make, disk: Disk) -> None:
    writer = make(buffer_bytes=10)
    offer_all(writer, ["aaaaaa", "bbbbbb", "cc", "x" * 11])
    assert writer.status().shed == 4
    offer_all(writer, ["dddddd", "eeee"])
    writer.start()
    assert writer.flush()
    assert disk.items == ["dddddd", "eeee"]


def test_a_failing_disk_is_reported_retried_and_recovers(make: Make, disk: Disk) -> None:
    disk.error = sqlite3.OperationalError("database or disk is full")
    writer = make()
    writer.start()
    offer_all(writer, "ab")
    assert not writer.flush()
    finding = writer.status().finding
    assert finding is not None
    assert finding.id == "test.write_failed"
    assert "disk is full" in finding.what
    for _ in range(3):
        assert disk.entered.acquire(timeout=5)
    disk.error = None
    wait_until_written(writer, disk, 2)
    status = writer.status()
    assert (status.finding, status.shed, status.written) == (None, 0, 2)
    assert status.failures >= 2
    assert disk.items == ["a", "b"]


def wait_until_written(writer: BatchWriter[str], disk: Disk, count: int) -> None:
    for _ in range(1000):
        if writer.status().written == count:
            return
        assert disk.entered.acquire(timeout=5)
    pytest.fail("nothing was written")


@pytest.mark.parametrize("error", [OSError("gone"), sqlite3.DatabaseError("malformed"), sqlite3.OperationalError("x")])
def test_closing_while_the_disk_refuses_sheds_and_ends(make: Make, disk: Disk, error: Exception) -> None:
    disk.error = error
    writer = make(retry_first_s=3600)
    writer.start()
    offer_all(writer, "abcde")
    writer.flush()
    writer.close()
    assert writer.status().pending == 0
    assert writer.status().shed == 5
    assert disk.items == []


def test_an_item_that_cannot_be_stored_takes_no_other_with_it(make: Make, disk: Disk) -> None:
    writer = make(batch_items=5)
    offer_all(writer, ["a", "b", "poison", "c", "d"])
    writer.start()
    assert writer.flush()
    assert disk.items == ["a", "b", "c", "d"]
    assert writer.status().refused == 1
    assert writer.status().finding is None


def test_closing_writes_what_is_left(make: Make, disk: Disk) -> None:
    writer = make(interval_s=3600)
    writer.start()
    offer_all(writer, "ab")
    writer.close()
    writer.close()
    assert disk.items == ["a", "b"]


def test_nothing_is_lost_or_reordered_under_many_producers(make: Make, disk: Disk) -> None:
    writer = make(buffer_items=100_000, buffer_bytes=10**9, batch_items=50)
    writer.start()

    def produce(name: str) -> None:
        for number in range(500):
            writer.offer(f"{name}{number:03}")

    threads = [threading.Thread(target=produce, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush()
    for name in "abcd":
        assert [item for item in disk.items if item[0] == name] == [f"{name}{number:03}" for number in range(500)]

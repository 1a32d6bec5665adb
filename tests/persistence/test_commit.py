"""Commits are joined, made in time, tried again, and the last one is made before the end."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator

import pytest

from tests.broker.conftest import compile_admission
from tests.broker.peer import Peer
from tests.support.until import until_async
from uns.broker import Batch, Broker
from uns.mqtt import Puback
from uns.persistence import BrokerStore, GroupCommit
from uns.persistence import commit as commit_module
from uns.server.clock import SystemClock


class Store(BrokerStore):
    """The real one, with a door that can be held shut, and a disk that can be full."""

    def __init__(self, path) -> None:
        super().__init__(path)
        self.batches: list[Batch] = []
        self.open = threading.Event()
        self.open.set()
        self.is_full = False

    def write(self, batch: Batch) -> None:
        assert self.open.wait(10)
        if self.is_full:
            raise sqlite3.OperationalError("database or disk is full")
        super().write(batch)
        self.batches.append(batch)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "broker.db")
    yield store
    store.close()


@pytest.fixture
def broker() -> Broker:
    return Broker(compile_admission(), SystemClock(), keeps=True)


@pytest.fixture
async def commit(broker: Broker, store: Store) -> AsyncIterator[GroupCommit]:
    commit = GroupCommit(broker.ledger, store)
    yield commit
    store.open.set()
    await commit.close()


@pytest.fixture
def peer(broker: Broker, commit: GroupCommit) -> Peer:
    peer = Peer(broker)
    peer.connect("peer")
    return peer


async def answers(peer: Peer, count: int) -> list:
    """The next answers."""
    got: list = []

    def enough() -> bool:
        got.extend(peer.take())
        return len(got) >= count

    await until_async(enough)
    return got


def publish(peer: Peer, count: int, first: int = 1) -> None:
    for number in range(first, first + count):
        peer.publish(f"open/{number}", b"1", qos=1, packet_id=number, retain=True)


async def test_what_comes_in_one_turn_shares_a_commit(peer: Peer, store: Store) -> None:
    publish(peer, 20)
    assert await answers(peer, 20) == [Puback(number) for number in range(1, 21)]
    assert [len(batch.retained) for batch in store.batches] == [20]


async def test_what_comes_during_a_commit_shares_the_next(peer: Peer, store: Store) -> None:
    store.open.clear()
    publish(peer, 1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the commit has begun
    publish(peer, 10, 2)
    assert peer.take() == []
    store.open.set()
    assert await answers(peer, 11) == [Puback(number) for number in range(1, 12)]
    assert [len(batch.retained) for batch in store.batches] == [1, 10]


async def test_what_nobody_waits_for_is_written_too(peer: Peer, store: Store, monkeypatch) -> None:
    monkeypatch.setattr(commit_module, "LAZY_S", 0.02)
    peer.publish("open/x", b"1", retain=True)
    await until_async(lambda: store.batches)


async def test_a_full_disk_is_told_and_survived(broker, peer, store, commit, caplog, monkeypatch) -> None:
    monkeypatch.setattr(commit_module, "RETRY_S", 0.01)
    store.is_full = True
    publish(peer, 2)
    refused = await answers(peer, 2)
    assert [each.reason_code for each in refused] == [0x97, 0x97]
    assert "disk is full" in refused[0].properties["reason_string"]
    assert commit.finding is not None
    peer.publish("open/other", b"1", qos=1, packet_id=9)
    assert await answers(peer, 1) == [Puback(9)]
    store.is_full = False
    await until_async(lambda: commit.finding is None)
    publish(peer, 1, 5)
    assert await answers(peer, 1) == [Puback(5)]
    assert {topic for batch in store.batches for topic in batch.retained} == {"open/1", "open/2", "open/5"}
    told = [record.getMessage() for record in caplog.records]
    (refused_line,) = [line for line in told if "disk is full" in line]
    assert (
        "cannot be written (database or disk is full); what must be kept is refused until it can. Free" in refused_line
    )
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    assert commit.failures >= 1


async def test_closing_writes_what_is_open(broker: Broker, store: Store) -> None:
    commit = GroupCommit(broker.ledger, store)
    peer = Peer(broker)
    peer.connect("peer")
    store.open.clear()
    publish(peer, 1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    peer.publish("open/lazy", b"1", retain=True)
    store.open.set()
    await commit.close()
    assert [sorted(batch.retained) for batch in store.batches] == [["open/1"], ["open/lazy"]]
    assert peer.take() == [Puback(1)]


async def test_closing_with_a_full_disk_ends(broker: Broker, store: Store, caplog) -> None:
    commit = GroupCommit(broker.ledger, store)
    peer = Peer(broker)
    peer.connect("peer")
    store.is_full = True
    publish(peer, 1)
    await commit.close()
    assert "is lost with this stop" in caplog.text

"""What did the last run leave of the broker's state, and what is written down from now on?"""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from uns.app.counted import counted
from uns.broker import Broker, Retained
from uns.link import Message
from uns.persistence import BrokerStore, Durability, GroupCommit
from uns.server.garbage import paused

log = logging.getLogger(__name__)

HOST_CLIENT_ID = "sparkplug-host"
"""Who publishes what the Sparkplug host projects."""


def keep(
    broker: Broker, data: Path, durability: str, stack: AsyncExitStack
) -> tuple[GroupCommit | None, list[Message]]:
    """Take up what the last run left, and write down from now on what must not be forgotten; the last to stop.

    With what the Sparkplug host of the last run had projected.
    """
    projected: list[Message] = []
    path = data / "broker.db"
    if durability == Durability.MEMORY:
        _put_aside(path)
        return None, projected
    started = time.monotonic()
    store = BrokerStore(path, synced=durability == Durability.FSYNC)
    stack.push_async_callback(asyncio.to_thread, store.close)
    with paused():
        snapshot = store.load()
        snapshot.retained = _noting(snapshot.retained, projected)
        broker.restore(snapshot)
    sessions, retained = broker.stats.sessions, broker.stats.topics
    if sessions or retained:
        took_s = time.monotonic() - started
        log.info(
            "%s and %s taken up in %.1f s", counted(sessions, "session"), counted(retained, "retained message"), took_s
        )
    commit = GroupCommit(broker.ledger, store)
    stack.push_async_callback(commit.close)
    return commit, projected


def _put_aside(path: Path) -> None:
    """What an earlier run kept is not true any more once a run keeps nothing: it must not come back later."""
    for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        if file.exists():
            file.replace(file.with_name(file.name.replace(path.name, path.name + ".unused")))
            if file == path:
                log.warning("durability is memory: %s of an earlier run is put aside as %s.unused", path, path.name)


def _noting(retained: Iterable[Retained], projected: list[Message]) -> Iterator[Retained]:
    for row in retained:
        if row.message.publisher == HOST_CLIENT_ID:
            projected.append(row.message)
        yield row

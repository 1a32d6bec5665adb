"""How do violations become groups, in the transaction that writes them? Counted per batch, one row for each of them."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from uns.broker import host_of
from uns.errors import Finding
from uns.policy.verdict import Outcome
from uns.violations.group_key import GroupKey

REMEMBERED = 8
"""Addresses and nearest topics of a group: the latest ones."""
RECURRED = "recurred"
"""The action of the platform itself: a resolved group came back, and is open again."""
_KEY = "finding_id = ? AND rule = ? AND branch = ? AND client_id = ?"


class Tally(msgspec.Struct):
    """What one batch says of one group; times in UTC milliseconds. finding (JSON) and topic are of the latest one."""

    first_ms: int
    last_ms: int = 0
    count: int = 0
    quarantined: int = 0
    rejected: int = 0
    finding: str = ""
    topic: str = ""
    addresses: list[str] = []
    nearest: list[str] = []

    def add(self, row: dict[str, Any]) -> None:
        """row: as it goes into the table."""
        self.last_ms = max(self.last_ms, row["time_ms"])
        self.first_ms = min(self.first_ms, row["time_ms"])
        self.count += 1
        self.quarantined += row["outcome"] == Outcome.QUARANTINED
        self.rejected += row["outcome"] == Outcome.REJECTED
        self.finding, self.topic = row["finding"], row["topic"]
        self.addresses = latest_first([host_of(row["address"])], self.addresses)
        self.nearest = latest_first([_nearest(row["finding"])], self.nearest)


class Settled(msgspec.Struct, frozen=True):
    """The group of a tally. muted: what is not held of it is only counted."""

    id: int
    muted: bool
    is_new: bool


def _nearest(finding: str) -> str:
    nearest: str = msgspec.json.decode(finding, type=Finding).nearest
    return nearest


def latest_first(newer: Sequence[str], older: Sequence[str]) -> list[str]:
    """Both without doubles and empty ones, no more than are remembered."""
    return [text for text in dict.fromkeys([*newer, *older]) if text][:REMEMBERED]


def tally(rows: Iterable[tuple[GroupKey, dict[str, Any]]]) -> dict[GroupKey, Tally]:
    """The rows of a batch, counted by group."""
    found: dict[GroupKey, Tally] = {}
    for key, row in rows:
        known = found.get(key)
        if known is None:
            known = found[key] = Tally(row["time_ms"])
        known.add(row)
    return found


def settle(connection: sqlite3.Connection, key: GroupKey, counted: Tally) -> Settled:
    """Add a tally to its group in the running transaction; a resolved group is open again, and so is one whose time of
    being muted is over."""
    names = msgspec.structs.astuple(key)
    known = connection.execute(
        f"SELECT id, state, muted_until_ms, addresses, nearest FROM groups WHERE {_KEY}", names
    ).fetchone()
    if known is None:
        return Settled(_insert(connection, names, counted), muted=False, is_new=True)
    group_id, state, muted_until_ms, addresses, nearest = known
    muted = state == "muted" and (muted_until_ms is None or muted_until_ms > counted.last_ms)
    if state == "resolved":
        connection.execute(
            "INSERT INTO actions (group_id, time_ms, who, what, note) VALUES (?, ?, '', ?, '')",
            (group_id, counted.last_ms, RECURRED),
        )
    connection.execute(
        "UPDATE groups SET count = count + ?, quarantined = quarantined + ?, rejected = rejected + ?, "
        "first_ms = min(first_ms, ?), last_ms = max(last_ms, ?), finding = ?, topic = ?, addresses = ?, nearest = ?, "
        "state = ?, reopened = reopened + ? WHERE id = ?",
        (
            counted.count,
            counted.quarantined,
            counted.rejected,
            counted.first_ms,
            counted.last_ms,
            counted.finding,
            counted.topic,
            json.dumps(latest_first(counted.addresses, json.loads(addresses))),
            json.dumps(latest_first(counted.nearest, json.loads(nearest))),
            "muted" if muted else "open",
            state == "resolved",
            group_id,
        ),
    )
    return Settled(group_id, muted, is_new=False)


def make_room(connection: sqlite3.Connection, count: int, max_groups: int) -> int:
    """Forget the groups beyond the bound: those that are muted or resolved first, the least recently seen of them
    first. How many went."""
    excess = max(0, count - max_groups)
    going = connection.execute("SELECT id FROM groups ORDER BY state = 'open', last_ms LIMIT ?", (excess,)).fetchall()
    connection.executemany("DELETE FROM actions WHERE group_id = ?", going)
    connection.executemany("DELETE FROM groups WHERE id = ?", going)
    return excess


def _insert(connection: sqlite3.Connection, names: Sequence[Any], counted: Tally) -> int:
    inserted = connection.execute(
        "INSERT INTO groups (finding_id, rule, branch, client_id, count, quarantined, rejected, first_ms, last_ms, "
        "finding, topic, addresses, nearest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *names,
            counted.count,
            counted.quarantined,
            counted.rejected,
            counted.first_ms,
            counted.last_ms,
            counted.finding,
            counted.topic,
            json.dumps(counted.addresses),
            json.dumps(counted.nearest),
        ),
    )
    assert inserted.lastrowid is not None
    return inserted.lastrowid

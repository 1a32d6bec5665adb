"""What is in the inbox, and what did people decide about it?"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from uns.errors import Finding
from uns.policy.inbox import Act, Action, Group, GroupPage, GroupState, Sort
from uns.violations.store import ViolationStore

ACTIONS_KEPT = 100
"""Of one group; the oldest go."""


_STATE = "CASE WHEN state = 'muted' AND muted_until_ms <= :now THEN 'open' ELSE state END"
_GROUP = (
    f"SELECT *, {_STATE} AS state_now, (SELECT count(*) FROM violations WHERE group_id = groups.id) AS kept, "
    "(SELECT count(*) FROM violations WHERE group_id = groups.id AND outcome = 'quarantined' AND replay IS NULL) "
    "AS held FROM groups"
)
_ASKED = {
    "finding": "substr(finding_id || '.', 1, length(:finding) + 1) = :finding || '.'",
    "client": "client_id = :client",
    "branch": "(branch = :branch OR substr(branch, 1, length(:branch) + 1) = :branch || '/')",
    "topic": "(topic_matches(:topic, topic) OR EXISTS (SELECT 1 FROM violations WHERE group_id = groups.id "
    "AND topic_matches(:topic, violations.topic)))",
}
_ORDER = {Sort.LAST: "last_ms DESC, id DESC", Sort.COUNT: "count DESC, id DESC"}


class Inbox:
    """The groups of a store. Every method blocks on the disk: call it in a thread. now_ms: UTC, from the caller."""

    def __init__(self, store: ViolationStore) -> None:
        self._store = store

    def list(
        self,
        now_ms: int,
        limit: int = 100,
        *,
        offset: int = 0,
        state: GroupState | None = None,
        topic_filter: str | None = None,
        finding: str | None = None,
        client_id: str | None = None,
        branch: str | None = None,
        sort: Sort = Sort.LAST,
    ) -> GroupPage:
        """Groups that are like what is asked for; branch: with everything below it."""
        asked = {"topic": topic_filter, "finding": finding, "client": client_id, "branch": branch}
        used = " AND ".join(_ASKED[name] for name, value in asked.items() if value is not None) or "1"
        values = {**asked, "now": now_ms, "state": state, "limit": limit, "offset": offset}
        with self._store.reader() as connection:
            counted = connection.execute(
                f"SELECT {_STATE} AS state_now, count(*) AS number FROM groups WHERE {used} GROUP BY 1", values
            ).fetchall()
            rows = connection.execute(
                f"{_GROUP} WHERE {used} AND (:state IS NULL OR state_now = :state) "
                f"ORDER BY {_ORDER[sort]} LIMIT :limit OFFSET :offset",
                values,
            ).fetchall()
        by_state = {str(each): 0 for each in GroupState} | {row["state_now"]: row["number"] for row in counted}
        total = sum(by_state.values()) if state is None else by_state[state]
        return GroupPage([_group(row) for row in rows], total, by_state)

    def get(self, group_id: int, now_ms: int) -> Group | None:
        with self._store.reader() as connection:
            return _read(connection, group_id, now_ms)

    def journal(self, group_id: int) -> Sequence[Action]:
        """What was done with a group, the latest first."""
        with self._store.reader() as connection:
            rows = connection.execute(
                "SELECT time_ms, who, what, note FROM actions WHERE group_id = ? ORDER BY id DESC", (group_id,)
            ).fetchall()
        return [Action(*row) for row in rows]

    def act(
        self,
        group_id: int,
        act: Act,
        who: str,
        now_ms: int,
        *,
        note: str = "",
        until_ms: int | None = None,
        assigned: str = "",
    ) -> Group | None:
        """Change a group and write it into its journal; None when there is no such group any more.

        until_ms: of `mute`, None until somebody unmutes it; assigned: of `assign`, empty for nobody.
        """
        changed = {
            Act.MUTE: "state = 'muted', muted_until_ms = :until",
            Act.UNMUTE: "state = 'open', muted_until_ms = NULL",
            Act.ASSIGN: "assigned = :assigned",
            Act.RESOLVE: "state = 'resolved', muted_until_ms = NULL, note = :note",
            Act.REOPEN: "state = 'open', muted_until_ms = NULL",
        }[act]
        values = {"id": group_id, "until": until_ms, "assigned": assigned, "note": note}
        self._store.flush()  # what came before must not reopen what is resolved now
        with self._store.database.write() as connection:
            if not connection.execute(f"UPDATE groups SET {changed} WHERE id = :id", values).rowcount:
                return None
            told = f"to {assigned or 'nobody'}" if act is Act.ASSIGN else ""
            _note(connection, group_id, Action(now_ms, who, act, ": ".join(filter(None, (told, note)))))
        return self.get(group_id, now_ms)

    def note(self, group_ids: Sequence[int], action: Action) -> None:
        """Write into journals what was done elsewhere: a replay, a block."""
        with self._store.database.write() as connection:
            for group_id in group_ids:
                _note(connection, group_id, action)


def _note(connection: sqlite3.Connection, group_id: int, action: Action) -> None:
    connection.execute(
        "INSERT INTO actions (group_id, time_ms, who, what, note) VALUES (?, ?, ?, ?, ?)",
        (group_id, *msgspec.structs.astuple(action)),
    )
    connection.execute(
        "DELETE FROM actions WHERE group_id = :id AND id <= (SELECT id FROM actions WHERE group_id = :id "
        "ORDER BY id DESC LIMIT 1 OFFSET :kept)",
        {"id": group_id, "kept": ACTIONS_KEPT},
    )


def _read(connection: sqlite3.Connection, group_id: int, now_ms: int) -> Group | None:
    row = connection.execute(f"{_GROUP} WHERE id = :id", {"id": group_id, "now": now_ms}).fetchone()
    return None if row is None else _group(row)


def _group(row: sqlite3.Row) -> Group:
    fields: dict[str, Any] = {name: row[name] for name in Group.__struct_fields__}
    state = GroupState(row["state_now"])
    return Group(
        **{
            **fields,
            "finding": msgspec.json.decode(row["finding"], type=Finding),
            "addresses": json.loads(row["addresses"]),
            "nearest": json.loads(row["nearest"]),
            "state": state,
            "muted_until_ms": row["muted_until_ms"] if state is GroupState.MUTED else None,
        }
    )

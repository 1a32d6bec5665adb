"""What does quarantine hold, and what has become of the messages that were replayed?

A message is marked before it is published, so that it is published at most once whatever happens in between: what a
crash leaves marked is found at the next start, told as `interrupted`, and not replayed again.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from uns.policy.inbox import Wanted
from uns.violations.rows import HELD, StoredViolation, from_row
from uns.violations.store import ViolationStore


class Replay(StrEnum):
    """How the replay of a held message ended."""

    UNDER_WAY = "under way"
    DELIVERED = "delivered"  # current, and sent to its subscribers
    HISTORY = "history"  # older than the current value, or expired: recorded as of its time
    OUTDATED = "outdated"  # the same, with nothing that history could record
    INTERRUPTED = "interrupted"  # the server ended in between: delivered or not, nobody knows


_CONDITIONS = {
    "group": "group_id = :group",
    "topic_filter": "topic_matches(:topic_filter, topic)",
    "finding": "substr(finding_id || '.', 1, length(:finding) + 1) = :finding || '.'",
    "client_id": "client_id = :client_id",
    "from_ms": "time_ms >= :from_ms",
    "to_ms": "time_ms < :to_ms",
}


class Quarantine:
    """The held messages of a store. Every method blocks on the disk: call it in a thread."""

    def __init__(self, store: ViolationStore) -> None:
        self._store = store
        with store.changing() as connection:
            self.interrupted = connection.execute(
                "UPDATE violations SET replay = ? WHERE replay = ?", (Replay.INTERRUPTED, Replay.UNDER_WAY)
            ).rowcount

    def held(self, wanted: Wanted, after: int, limit: int) -> Sequence[StoredViolation]:
        """The oldest held messages with an id above `after`, in the order in which they came."""
        values = {**msgspec.structs.asdict(wanted), "after": after, "limit": limit}
        used = [condition for name, condition in _CONDITIONS.items() if values[name] is not None]
        if wanted.ids is not None:
            values["ids"] = msgspec.json.encode(wanted.ids).decode()
            used.append("id IN (SELECT value FROM json_each(:ids))")
        condition = " AND ".join([HELD, "id > :after", *used])
        with self._store.reader() as connection:
            rows = connection.execute(
                f"SELECT * FROM violations WHERE {condition} ORDER BY id LIMIT :limit", values
            ).fetchall()
        return [from_row(row) for row in rows]

    def mark(self, ids: Sequence[int], now_ms: int) -> list[int]:
        """Before they are published: those of the ids that are still held, which are held no longer."""
        with self._store.changing() as connection:
            return [
                row_id
                for row_id in ids
                if connection.execute(
                    f"UPDATE violations SET replay = ?, replayed_ms = ? WHERE id = ? AND {HELD}",
                    (Replay.UNDER_WAY, now_ms, row_id),
                ).rowcount
            ]

    def settle(self, ended: Mapping[int, Replay | None]) -> None:
        """Afterwards: how it ended, or None for one that was refused again and is held as before."""
        with self._store.changing() as connection:
            connection.executemany(
                "UPDATE violations SET replay = ?, replayed_ms = CASE WHEN ? THEN replayed_ms END WHERE id = ?",
                [(replay, replay is not None, row_id) for row_id, replay in ended.items()],
            )

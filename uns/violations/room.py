"""Which violations must go when the store is full?

Quarantined messages wait to be replayed, the others only tell what happened, so the quarantine has three quarters of
the room and the others one. A class may use what the other leaves free; when the store is full, the class above its
share gives up its oldest rows. A flood of one kind can thus never push out the other.
"""

import sqlite3

import msgspec

_QUARANTINE_SHARE = 0.75


class Usage(msgspec.Struct):
    """How much lies in the store, per class: index 0 the others, index 1 the quarantined ones."""

    rows: list[int]
    size_bytes: list[int]

    def copy(self) -> "Usage":
        return Usage(list(self.rows), list(self.size_bytes))

    def add(self, quarantined: bool, size_bytes: int) -> None:
        self.rows[quarantined] += 1
        self.size_bytes[quarantined] += size_bytes


def measure(connection: sqlite3.Connection) -> Usage:
    """Count the table."""
    usage = Usage([0, 0], [0, 0])
    for quarantined, rows, size_bytes in connection.execute(
        "SELECT outcome = 'quarantined', count(*), sum(size) FROM violations GROUP BY 1"
    ):
        usage.rows[quarantined] = rows
        usage.size_bytes[quarantined] = size_bytes
    return usage


def make_room(connection: sqlite3.Connection, usage: Usage, max_rows: int, max_bytes: int) -> int:
    """Delete in the running transaction until the bounds hold; updates `usage`, returns how many rows went."""
    shed = 0
    while (fault := _over(usage.rows, max_rows)) is not None or (
        fault := _over(usage.size_bytes, max_bytes)
    ) is not None:
        row_id, size_bytes = connection.execute(
            "SELECT id, size FROM violations WHERE (outcome = 'quarantined') = ? ORDER BY id LIMIT 1", (fault,)
        ).fetchone()
        connection.execute("DELETE FROM violations WHERE id = ?", (row_id,))
        usage.rows[fault] -= 1
        usage.size_bytes[fault] -= size_bytes
        shed += 1
    return shed


def _over(used: list[int], room: int) -> bool | None:
    """Which class has to give way: quarantined (True), the others (False), or none, as there is room."""
    if sum(used) <= room:
        return None
    return used[True] > room * _QUARANTINE_SHARE

"""Which violations must go when the store is full?

What quarantine holds waits to be replayed, the others only tell what happened, so the quarantine has three quarters of
the room and the others one. A class may use what the other leaves free; when the store is full, the class above its
share gives up its oldest rows. A flood of one kind can thus never push out the other.
"""

import sqlite3

import msgspec

from uns.violations.rows import HELD

_AGED_ROWS = 1_000
"""How many rows go by age with one batch at most; the next batch goes on."""
_QUARANTINE_SHARE = 0.75


class Usage(msgspec.Struct):
    """How much lies in the store, per class: index 0 the others, index 1 what quarantine holds."""

    rows: list[int]
    size_bytes: list[int]

    def copy(self) -> "Usage":
        return Usage(list(self.rows), list(self.size_bytes))

    def add(self, held: bool, size_bytes: int) -> None:
        self.rows[held] += 1
        self.size_bytes[held] += size_bytes


def measure(connection: sqlite3.Connection) -> Usage:
    """Count the table."""
    usage = Usage([0, 0], [0, 0])
    for held, rows, size_bytes in connection.execute(f"SELECT {HELD}, count(*), sum(size) FROM violations GROUP BY 1"):
        usage.rows[held] = rows
        usage.size_bytes[held] = size_bytes
    return usage


def make_room(connection: sqlite3.Connection, usage: Usage, max_rows: int, max_bytes: int) -> int:
    """Delete in the running transaction until the bounds hold; updates `usage`, returns how many rows went."""
    shed = 0
    while (fault := _over(usage.rows, max_rows)) is not None or (
        fault := _over(usage.size_bytes, max_bytes)
    ) is not None:
        row_id, size_bytes = connection.execute(
            f"SELECT id, size FROM violations WHERE ({HELD}) = ? ORDER BY id LIMIT 1", (fault,)
        ).fetchone()
        connection.execute("DELETE FROM violations WHERE id = ?", (row_id,))
        usage.rows[fault] -= 1
        usage.size_bytes[fault] -= size_bytes
        shed += 1
    return shed


def drop_aged(connection: sqlite3.Connection, usage: Usage, before_ms: int) -> int:
    """Delete in the running transaction what was recorded before a time, some rows at once; updates `usage`, returns
    how many went."""
    aged = []
    for row_id, time_ms, held, size_bytes in connection.execute(
        f"SELECT id, time_ms, {HELD}, size FROM violations ORDER BY id LIMIT ?", (_AGED_ROWS,)
    ):
        if time_ms >= before_ms:
            break
        aged.append((row_id,))
        usage.rows[held] -= 1
        usage.size_bytes[held] -= size_bytes
    connection.executemany("DELETE FROM violations WHERE id = ?", aged)
    return len(aged)


def _over(used: list[int], room: int) -> bool | None:
    """Which class has to give way: what is held (True), the others (False), or none, as there is room."""
    if sum(used) <= room:
        return None
    return used[True] > room * _QUARANTINE_SHARE

"""Who may not connect, since when and why? Looked up in memory, kept in the file of the violations."""

from collections.abc import Sequence

from uns.errors import Finding, UnsError
from uns.policy.inbox import Block
from uns.violations.store import ViolationStore

MAX_BLOCKS = 10_000


class Blocks:
    """`reason` may be called in the broker's turn; what changes blocks waits for the disk: call it in a thread."""

    def __init__(self, store: ViolationStore) -> None:
        self._store = store
        with store.database.read() as connection:
            rows = connection.execute(
                "SELECT id, client_id, user, address, reason, who, time_ms FROM blocks ORDER BY id"
            ).fetchall()
        self._by_key = {row[1:4]: Block(**dict(zip(Block.__struct_fields__, row, strict=True))) for row in rows}

    def reason(self, client_id: str, user: str, host: str) -> str:
        """Why this client may not come in, or an empty string."""
        if not self._by_key:
            return ""
        for names in ((client_id, "", ""), ("", user, ""), ("", "", host), (client_id, user, ""),
                      (client_id, "", host), ("", user, host), (client_id, user, host)):  # fmt: skip
            found = self._by_key.get(names)
            if found is not None and any(names):
                return found.text
        return ""

    def list(self) -> Sequence[Block]:
        """All of them, the latest first."""
        return sorted(self._by_key.values(), key=lambda block: -block.id)

    def add(self, client_id: str, user: str, address: str, reason: str, who: str, time_ms: int) -> Block:
        """Block from now on; one that exists gets the new reason. UnsError `quota.blocks` when there are too many."""
        key = (client_id, user, address)
        if len(self._by_key) >= MAX_BLOCKS and key not in self._by_key:
            raise UnsError(
                Finding(
                    id="quota.blocks",
                    what=f"there are {MAX_BLOCKS} blocks already.",
                    hint="Unblock those that nobody needs any more, or block an address or a user instead of clients.",
                )
            )
        with self._store.database.write() as connection:
            connection.execute("DELETE FROM blocks WHERE client_id = ? AND user = ? AND address = ?", key)
            row_id = connection.execute(
                "INSERT INTO blocks (client_id, user, address, reason, who, time_ms) VALUES (?, ?, ?, ?, ?, ?)",
                (*key, reason, who, time_ms),
            ).lastrowid
        assert row_id is not None
        block = Block(
            id=row_id, client_id=client_id, user=user, address=address, reason=reason, who=who, time_ms=time_ms
        )
        self._by_key = {**self._by_key, key: block}  # replaced whole: it is read in the turn of the broker
        return block

    def remove(self, block_id: int) -> Block | None:
        """Unblock; None when there is no such block."""
        found = next((block for block in self._by_key.values() if block.id == block_id), None)
        if found is not None:
            with self._store.database.write() as connection:
                connection.execute("DELETE FROM blocks WHERE id = ?", (block_id,))
            self._by_key = {key: block for key, block in self._by_key.items() if block is not found}
        return found

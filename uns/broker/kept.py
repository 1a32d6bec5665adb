"""What stands on disk of a broker: the rows of its sessions, of the messages on their way to them, and of retained
messages. Plain data, for the ledger that makes batches of it and the store that writes and reads it.

Numbers are given once and ascend: a session, a message and a delivery are known on disk by theirs. Times are UTC
milliseconds, since a monotonic clock starts anew with the machine.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from uns.link import Message

if TYPE_CHECKING:
    from uns.broker.ledger import Promise
    from uns.broker.subscriptions import SubscriptionOptions


class SessionRow(msgspec.Struct, frozen=True):
    """A session that outlives its connection. left_ms: when its client left; 0 while it is connected."""

    number: int
    client_id: str
    user: str
    role: str
    expiry_s: int
    left_ms: int


class StoredMessage(msgspec.Struct, frozen=True):
    """A message that more than one session waits for, once for all of them."""

    number: int
    message: Message


class Delivery(msgspec.Struct, frozen=True):
    """One message on its way to one session. packet_id 0: it has none yet. released: PUBREC has come.

    share: the shared subscription it came by, or empty. shared: the number of its `StoredMessage`; 0 when no other
    session waited for the message, so that it stands here alone.
    """

    number: int
    session: int
    message: Message
    shared: int
    qos: int
    retain: bool
    packet_id: int
    released: bool
    identifiers: tuple[int, ...]
    share: str
    expires_ms: int | None


class Retained(msgspec.Struct, frozen=True):
    """The retained message of a topic; its `topic` is the key."""

    message: Message
    expires_ms: int | None


class Batch(msgspec.Struct):
    """What changed, each thing once with its newest state; None stands for what is no more.

    A session that is None takes its subscriptions and packet ids with it; its deliveries are done with one by one, in
    this batch or later. promises: who waits for this batch.
    """

    sessions: dict[int, SessionRow | None]
    subscriptions: "dict[tuple[int, str], SubscriptionOptions | None]"
    messages: list[StoredMessage]
    messages_done: list[int]
    deliveries: list[Delivery]
    deliveries_done: list[int]
    taken: dict[tuple[int, int], bool]
    retained: dict[str, Retained | None]
    promises: "list[Promise]"


class Snapshot(msgspec.Struct):
    """Everything on disk, as a broker takes it up when it starts. Deliveries ascend by number."""

    sessions: list[SessionRow]
    subscriptions: "list[tuple[int, str, SubscriptionOptions]]"
    deliveries: list[Delivery]
    taken: list[tuple[int, int]]
    retained: Iterable[Retained]

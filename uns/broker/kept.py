"""What stands on disk of a broker: the rows of its sessions, of the messages on their way to them, of wills and of
retained messages. Plain data, for the ledger that makes batches of it and the store that writes and reads it.

Numbers are given once and ascend: a session, a message and a delivery are known on disk by theirs. Times are
milliseconds of a clock of the disk's own, which begins as UTC and then goes on with the monotonic clock, which itself
starts anew with the machine. The wall clock says only how long nobody ran: it may be set while the broker runs.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from uns.broker.identity import Publisher
from uns.link import Message

if TYPE_CHECKING:
    from uns.broker.ledger import Promise
    from uns.broker.subscriptions import SubscriptionOptions


class Reading(msgspec.Struct, frozen=True):
    """Two clocks at one moment. now_ms: the disk's own; wall_ms: UTC, as the machine had it."""

    now_ms: int
    wall_ms: int


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


class Delivery(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message on its way to one session. packet_id 0: it has none yet. released: PUBREC has come.

    share: the shared subscription it came by, or empty. shared: the number of its `StoredMessage`, and message is None;
    0 when no other session waited for the message, so that it stands here alone.
    It stands on disk field by field in this order: a new field comes last and has a default.
    """

    number: int
    session: int
    message: Message | None
    shared: int
    qos: int
    retain: bool
    packet_id: int
    released: bool
    identifiers: tuple[int, ...]
    share: str
    expires_ms: int | None


class Will(msgspec.Struct, frozen=True):
    """The will of a client, whether or not its session outlives the connection; its client id is the key.

    user: whose session it is of. delay_s: at most the session's expiry. due_ms: when the delay is over; 0 while the
    client is connected.
    """

    publisher: Publisher
    user: str
    message: Message
    delay_s: int
    due_ms: int = 0

    @property
    def client_id(self) -> str:
        return self.publisher.client_id


class Retained(msgspec.Struct, frozen=True):
    """The retained message of a topic; its `topic` is the key."""

    message: Message
    expires_ms: int | None


class Batch(msgspec.Struct):
    """What changed, each thing once with its newest state; None stands for what is no more.

    A session that is None takes its subscriptions and packet ids with it. promises: who waits for this batch. clock:
    when it was made.
    """

    sessions: dict[int, SessionRow | None]
    subscriptions: "dict[tuple[int, str], SubscriptionOptions | None]"
    messages: list[StoredMessage]
    messages_done: list[int]
    deliveries: list[Delivery]
    deliveries_done: list[int]
    taken: dict[tuple[int, int], bool]
    wills: dict[str, Will | None]
    retained: dict[str, Retained | None]
    promises: "list[Promise]"
    clock: Reading


class Snapshot(msgspec.Struct):
    """Everything on disk, as a broker takes it up when it starts. Messages stand by number, deliveries ascend by it.
    clock: of the last batch; None when there was none, and of a file from before there was such a clock, whose times
    are UTC."""

    sessions: list[SessionRow]
    subscriptions: "list[tuple[int, str, SubscriptionOptions]]"
    messages: dict[int, Message]
    deliveries: list[Delivery]
    taken: list[tuple[int, int]]
    wills: list[Will]
    retained: Iterable[Retained]
    clock: Reading | None = None

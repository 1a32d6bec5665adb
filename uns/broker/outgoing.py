"""What is one message on its way to one session?"""

from typing import TYPE_CHECKING

from uns.broker.quota import message_bytes
from uns.link import Message

if TYPE_CHECKING:
    from uns.broker.ledger import Kept, Promise

OUTGOING_BYTES = 176
"""What it takes beside its message and the identifiers."""
IDENTIFIER_BYTES = 10
"""A subscription identifier in the row on disk, at its longest. In memory they are shared, on disk each row has all of
them: a message that thousands of filters match would write far more than itself."""

_NOTHING = Message("", b"")


class Outgoing:
    """expires_ms: monotonic, or None. packet_id 0: it has not been sent yet. released: PUBREC has come.

    share: the shared subscription it came by, whose other members get it when this session cannot have it.
    bytes: roughly what it takes, in memory or on disk, its message included; own_bytes: without that.
    number: in the ledger, 0 when it is not kept there; session: the number of its session; kept: the message as it
    stands there when others wait for it, too; written: on disk; promise: what its publisher was promised.
    withdrawn: nothing is left of it but its packet id, until that is answered.
    """

    __slots__ = (
        "bytes",
        "expires_ms",
        "identifiers",
        "kept",
        "message",
        "number",
        "own_bytes",
        "packet_id",
        "promise",
        "qos",
        "released",
        "retain",
        "session",
        "share",
        "withdrawn",
        "written",
    )

    def __init__(
        self,
        message: Message,
        qos: int,
        retain: bool,
        identifiers: tuple[int, ...],
        expires_ms: int | None,
        share: str,
        packet_id: int = 0,
        released: bool = False,
    ) -> None:
        self.message = message
        self.qos = qos
        self.retain = retain
        self.identifiers = identifiers
        self.expires_ms = expires_ms
        self.share = share
        self.packet_id = packet_id
        self.released = released
        self.own_bytes = OUTGOING_BYTES + IDENTIFIER_BYTES * len(identifiers)
        self.bytes = self.own_bytes + message_bytes(message) if qos else 0  # QoS 0 waits nowhere
        self.number = 0
        self.session = 0
        self.kept: Kept | None = None
        self.written = False
        self.promise: Promise | None = None
        self.withdrawn = False

    def husk(self) -> "Outgoing":
        """What stands in for a message that was sent and is withdrawn: its packet id is in use all the same."""
        husk = Outgoing(_NOTHING, self.qos, False, (), None, "", self.packet_id, self.released)
        husk.withdrawn, husk.bytes, husk.own_bytes = True, 0, 0
        return husk

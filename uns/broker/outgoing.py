"""What is one message on its way to one session?"""

from typing import TYPE_CHECKING

from uns.broker.quota import properties_bytes
from uns.link import Message

if TYPE_CHECKING:
    from uns.broker.ledger import Kept, Promise

OUTGOING_BYTES = 64
"""What it takes beside its topic, payload and properties."""


_NOTHING = Message("", b"")


class Outgoing:
    """expires_ms: monotonic, or None. packet_id 0: it has not been sent yet. released: PUBREC has come.

    share: the shared subscription it came by, whose other members get it when this session cannot have it.
    bytes: roughly what it takes in memory.
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
        self.bytes = len(message.payload) + len(message.topic) + properties_bytes(message.properties) + OUTGOING_BYTES
        self.number = 0
        self.session = 0
        self.kept: Kept | None = None
        self.written = False
        self.promise: Promise | None = None
        self.withdrawn = False

    def husk(self) -> "Outgoing":
        """What stands in for a message that was sent and is withdrawn: its packet id is in use all the same."""
        husk = Outgoing(_NOTHING, self.qos, False, (), None, "", self.packet_id, self.released)
        husk.withdrawn, husk.bytes = True, 0
        return husk

"""What must the operator be told of clients that run into limits? Each trouble when it begins and when it has ended.

A trouble is a kind and a subject: a client, or the address of one that has no name yet. It ends when nothing more
happened for QUIET_MS. Whatever happens in between is counted, so that a flood makes two lines and no more.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from uns.broker.timers import Timers
from uns.clock import Clock
from uns.errors import Finding
from uns.mqtt import ReasonCode

if TYPE_CHECKING:
    from uns.broker.connection import Connection

QUIET_MS = 30_000
LOOK_MS = 5_000
TROUBLES_KEPT = 1000
"""Troubles told apart; what exceeds them shares one notice per kind, so that made-up client ids make no lines."""
MANY = "many clients"
SETTINGS: dict[int, str] = {
    ReasonCode.PACKET_TOO_LARGE: "max_packet_bytes",
    ReasonCode.RECEIVE_MAXIMUM_EXCEEDED: "receive_maximum",
    ReasonCode.TOPIC_ALIAS_INVALID: "topic_alias_maximum",
}
"""Which setting draws the line that a reason code speaks of."""


class Trouble(StrEnum):
    """What happens, in words for the log."""

    REFUSED = "its connection is refused"
    CUT = "it is disconnected"
    SLOW = "it reads too slowly: QoS 0 messages to it are shed"
    QUEUE_FULL = "its queue is full: the oldest messages are shed"
    TOO_LARGE = "messages larger than its Maximum Packet Size are not sent to it"
    TOO_FAST = "it sends too fast and is read more slowly"
    PUBLISH_OVER_QUOTA = "its messages are refused"
    SUBSCRIBE_OVER_QUOTA = "its subscriptions are refused"
    MEMORY_SHORT = "memory is short: messages of QoS 1 and 2 are refused"


class Notice(msgspec.Struct, frozen=True):
    """One state change. client_id: empty before CONNECT. setting: the name in `Limits` that drew the line, or empty.

    count: how often it happened since it began; over: it has stopped. detail: a sentence for this very case, or empty.
    """

    trouble: Trouble
    client_id: str
    address: str
    setting: str = ""
    detail: str = ""
    count: int = 1
    over: bool = False


OnNotice = Callable[[Notice], None]
"""Must return at once."""


class _Lasting(msgspec.Struct):
    notice: Notice
    last_ms: int
    count: int = 1


class Notices:
    """on_notice: told of each state change; None when nobody listens."""

    def __init__(self, clock: Clock, timers: Timers, on_notice: OnNotice | None) -> None:
        self._clock = clock
        self._timers = timers
        self._on_notice = on_notice
        self._lasting: dict[tuple[str, str], _Lasting] = {}

    def raise_for(self, connection: "Connection", trouble: Trouble, setting: str = "", detail: str = "") -> None:
        """A client is in trouble, once more or for the first time; before it has a name, its address is."""
        client_id = connection.client_id
        self.raise_notice(trouble, client_id or connection.host, client_id, connection.address, setting, detail)

    def over_quota(self, connection: "Connection", finding: Finding | None) -> None:
        """A publish was refused: told when it was for a limit; what breaks a rule of the plant is a violation."""
        # A topic name that gets past the decoder and is malformed all the same is too long or too deep.
        if finding is not None and (finding.family == "quota" or finding.id == "topic.malformed"):
            self.raise_for(connection, Trouble.PUBLISH_OVER_QUOTA, "", f"{finding.what} {finding.hint}")

    def raise_notice(
        self, trouble: Trouble, subject: str, client_id: str, address: str, setting: str = "", detail: str = ""
    ) -> None:
        if self._on_notice is None:
            return
        now_ms = self._clock.monotonic_ms()
        lasting = self._lasting.get((trouble, subject))
        if lasting is None and len(self._lasting) >= TROUBLES_KEPT:
            subject, client_id, address, detail = MANY, MANY, "", ""
            lasting = self._lasting.get((trouble, subject))
        if lasting is not None:
            lasting.count += 1
            lasting.last_ms = now_ms
            return
        notice = Notice(trouble, client_id, address, setting, detail)
        if not self._lasting:
            self._timers.at(now_ms + LOOK_MS, self._look)
        self._lasting[trouble, subject] = _Lasting(notice, now_ms)
        self._on_notice(notice)

    def _look(self) -> None:
        """Tell what has ended; look again while anything lasts."""
        now_ms = self._clock.monotonic_ms()
        ended = [key for key, lasting in self._lasting.items() if now_ms - lasting.last_ms >= QUIET_MS]
        for key in ended:
            lasting = self._lasting.pop(key)
            if lasting.count > 1 and self._on_notice is not None:
                self._on_notice(msgspec.structs.replace(lasting.notice, count=lasting.count, over=True))
        if self._lasting:
            self._timers.at(now_ms + LOOK_MS, self._look)

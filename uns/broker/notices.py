"""What must the operator be told of clients that run into limits? Each trouble when it begins and when it has ended.

A trouble is a kind, its cause and a subject: a client, or the address of one without a name of its own. It ends when
nothing more happened for QUIET_MS. Whatever happens in between is counted, so that a flood makes two lines and no more.
Nor does one that takes a fresh client id each time: past PER_HOST_KEPT clients of one address their trouble is told
as that of many clients.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from uns.broker.address import host_of
from uns.broker.identity import ASSIGNED_PREFIX
from uns.broker.timers import Timers
from uns.clock import Clock
from uns.errors import Finding
from uns.mqtt import ReasonCode

if TYPE_CHECKING:
    from uns.broker.connection import Connection

QUIET_MS = 30_000
LOOK_MS = 5_000
PER_HOST_KEPT = 10
"""Clients of one address whose trouble of one kind and cause is told apart."""
TROUBLES_KEPT = 200
"""Troubles told apart altogether; what exceeds them shares one notice per kind and cause."""
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
    """One state change. client_id: empty before CONNECT, and when the broker made it up. setting: the name in `Limits`
    that drew the line, or empty. cause: that setting, a reason code or the id of a finding. detail: a sentence for this
    very case, or empty.

    count: how often it happened since it began; over: it has stopped. many: it is that of several clients, and
    `address` is the host that they share, or empty.
    """

    trouble: Trouble
    client_id: str
    address: str
    setting: str = ""
    detail: str = ""
    count: int = 1
    over: bool = False
    many: bool = False
    cause: str = ""


OnNotice = Callable[[Notice], None]
"""Must return at once."""


class Subject(StrEnum):
    """Whose trouble it is."""

    CLIENT = "client"
    HOST = "host"
    CLIENTS = "clients of a host"
    ANYBODY = "anybody"


_Key = tuple[Trouble, str, Subject, str]
"""Kind, cause, and whose it is."""


class _Lasting(msgspec.Struct):
    notice: Notice
    group: _Key
    last_ms: int
    count: int = 1


class Notices:
    """on_notice: told of each state change; None when nobody listens."""

    def __init__(self, clock: Clock, timers: Timers, on_notice: OnNotice | None) -> None:
        self._clock = clock
        self._timers = timers
        self._on_notice = on_notice
        self._lasting: dict[_Key, _Lasting] = {}
        self._in_group: dict[_Key, int] = {}

    def raise_for(self, connection: "Connection", trouble: Trouble, setting: str = "", detail: str = "") -> None:
        """A client is in trouble, once more or for the first time; before it has a name, its address is."""
        self.raise_notice(trouble, connection.client_id, connection.address, setting, detail)

    def closed(
        self, connection: "Connection", trouble: Trouble, reason_code: int, text: str, setting: str = ""
    ) -> None:
        """A client was refused or cut with this code, of which each is a cause of its own."""
        code = f"0x{reason_code:02X}"
        setting = setting or SETTINGS.get(reason_code, "")
        self.raise_notice(
            trouble, connection.client_id, connection.address, setting, f"{code} {text}", cause=setting or code
        )

    def over_quota(self, connection: "Connection", finding: Finding | None) -> None:
        """A publish was refused: told when it was for a limit; what breaks a rule of the plant is a violation."""
        # A topic name that gets past the decoder and is malformed all the same is too long or too deep.
        if finding is not None and (finding.family == "quota" or finding.id == "topic.malformed"):
            self.raise_notice(
                Trouble.PUBLISH_OVER_QUOTA,
                connection.client_id,
                connection.address,
                detail=f"{finding.what} {finding.hint}",
                cause=finding.id,
            )

    def raise_notice(
        self, trouble: Trouble, client_id: str, address: str, setting: str = "", detail: str = "", cause: str = ""
    ) -> None:
        """cause: tells it from other troubles of the same kind; the setting unless stated."""
        if self._on_notice is None:
            return
        if client_id.startswith(ASSIGNED_PREFIX):
            client_id = ""  # of one connection only: the next one of this client has another
        cause = cause or setting
        key = self._key(trouble, cause, client_id, address)
        now_ms = self._clock.monotonic_ms()
        lasting = self._lasting.get(key)
        if lasting is not None:
            lasting.count += 1
            lasting.last_ms = now_ms
            return
        if key[2] in (Subject.CLIENTS, Subject.ANYBODY):
            notice = Notice(trouble, "", key[3], setting, many=True, cause=cause)
        else:
            notice = Notice(trouble, client_id, address, setting, detail, cause=cause)
        if not self._lasting:
            self._timers.at(now_ms + LOOK_MS, self._look)
        group = (trouble, cause, Subject.CLIENTS, host_of(address))
        self._lasting[key] = _Lasting(notice, group, now_ms)
        self._in_group[group] = self._in_group.get(group, 0) + 1
        self._on_notice(notice)

    def _key(self, trouble: Trouble, cause: str, client_id: str, address: str) -> _Key:
        """Whose trouble it is told as: that of the client, of its host, or of many."""
        client: _Key = (trouble, cause, Subject.CLIENT, client_id)
        if client_id and client in self._lasting:
            return client
        host = host_of(address)
        own = client if client_id else (trouble, cause, Subject.HOST, host)
        if own in self._lasting or not (client_id or host):
            return own
        if client_id:
            group = (trouble, cause, Subject.CLIENTS, host)
            if group in self._lasting or self._in_group.get(group, 0) >= PER_HOST_KEPT:
                return group
        everybody = (trouble, cause, Subject.ANYBODY, "")
        return everybody if everybody in self._lasting or len(self._lasting) >= TROUBLES_KEPT else own

    def _look(self) -> None:
        """Tell what has ended; look again while anything lasts."""
        now_ms = self._clock.monotonic_ms()
        ended = [key for key, lasting in self._lasting.items() if now_ms - lasting.last_ms >= QUIET_MS]
        for key in ended:
            lasting = self._lasting.pop(key)
            left = self._in_group[lasting.group] - 1
            if left:
                self._in_group[lasting.group] = left
            else:
                del self._in_group[lasting.group]
            if lasting.count > 1 and self._on_notice is not None:
                self._on_notice(msgspec.structs.replace(lasting.notice, count=lasting.count, over=True))
        if self._lasting:
            self._timers.at(now_ms + LOOK_MS, self._look)

"""One network connection as the broker sees it: bytes in, frames out, no socket.

    NEW ──CONNECT──▶ AUTHENTICATING ──role──▶ OPEN ──DISCONNECT, error, silence──▶ CLOSED
     └──────time-out, first packet is no CONNECT, refused──────────────────────────▲

Whatever goes wrong is told with its reason code before the close: CONNACK while opening, DISCONNECT (MQTT 5) after.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from uns.broker import keep_alive, on_connect
from uns.broker.address import host_of
from uns.broker.identity import Publisher
from uns.broker.inlet import FAULTS, Inlet, Unfinished
from uns.broker.kept import Will
from uns.broker.notices import Trouble
from uns.broker.on_publish import on_puback, on_pubcomp, on_publish, on_pubrec, on_pubrel
from uns.broker.on_subscribe import on_subscribe, on_unsubscribe
from uns.broker.outlet import cut
from uns.broker.state import State
from uns.broker.timers import Timer
from uns.errors import shorten
from uns.link import Properties
from uns.mqtt import (
    Auth,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    PublishRun,
    Pubrec,
    Pubrel,
    ReasonCode,
    Subscribe,
    Unsubscribe,
)

if TYPE_CHECKING:
    from uns.broker.broker import Broker

_NEW: Final = State.NEW
_CLOSED: Final = State.CLOSED
"""Members of an Enum by a name of their own: looking one up in its class takes longer than all else in a packet."""
PROTOCOLS = {3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: "MQTT 5.0"}

_NOT_TOLD_BEFORE_5 = (ReasonCode.MALFORMED_PACKET, ReasonCode.PROTOCOL_ERROR, ReasonCode.TOPIC_NAME_INVALID)
"""What breaks the format of a CONNECT; MQTT 3.1.1 has no return code for it and wants no CONNACK."""


class Connection(Inlet):
    """Made by `Broker.accept`. The server feeds `receive`, writes what `take` returns, closes when `state` is CLOSED
    and `out` is empty, sets `congested` while the socket takes no more, tells by `reads` when it stops to read it, and
    calls `lost` when the peer is gone.
    """

    __slots__ = (
        "address",
        "aliases",
        "buffered",
        "certified",
        "host",
        "is_read",
        "keep_alive_ms",
        "kept_bytes",
        "over",
        "passed_on_bytes",
        "publisher",
        "receiving",
        "refusal",
        "send_window",
        "takes_plain_frames",
        "timer",
        "unacknowledged_bytes",
        "unread",
        "will",
    )

    def __init__(self, broker: "Broker", address: str, over: str = "", certified: str | None = None) -> None:
        super().__init__(broker)
        self.address = address
        self.certified = certified
        self.over = over
        self.host = host_of(address)
        self.buffered: Callable[[], int] | None = None
        """Set by the server: the bytes taken from here that its socket has not passed on yet."""
        self.unacknowledged_bytes: Callable[[], int] | None = None
        """Set by the server: those that the client has not taken, as far as can be known."""
        self.unread: Callable[[], int] | None = None
        """Set by the server: the bytes that came and have not reached this connection yet."""
        self.kept_bytes = 0
        """What a CONNECT until its answer, topic aliases and the will take, as long as the connection lasts."""
        self.refusal = broker.admittance.enter(self.host, broker.limits)
        self.publisher = Publisher("", "", address)
        self.send_window = broker.limits.receive_maximum
        self.takes_plain_frames = False
        self.aliases: dict[int, str] = {}
        self.receiving: set[int] = set()
        """QoS 2 packet ids that came on this connection and are not released: what Receive Maximum counts (4.9)."""
        self.keep_alive_ms = 0
        self.is_read = True
        self.passed_on_bytes = -1
        """To the client so far, when it was last looked for its silence."""
        self.will: Will | None = None
        self.timer: Timer | None = keep_alive.await_connect(self)

    # --- bytes --------------------------------------------------------------------------------------------------

    @property
    def unsent_total_bytes(self) -> int:
        """What the client has not read yet, as far as this process holds it."""
        return self.unsent_bytes + (self.buffered() if self.buffered is not None else 0)

    @property
    def unfinished_bytes(self) -> int:
        """What was received and is not handled: the part of a packet or of a frame, and what waits for its turn."""
        return self.decoder.held_bytes + (self.unread() if self.unread is not None else 0)

    @property
    def client_bytes(self) -> int:
        """What the client makes the broker keep by topic aliases, its will and its filters."""
        return self.kept_bytes + (self.session.kept_bytes if self.session is not None else 0)

    def keep(self, size: int) -> None:
        """What is kept for the connection takes so much more, or less."""
        self.kept_bytes += size
        self._stats.client_bytes += size

    @property
    def unacknowledged(self) -> int:
        """Messages of QoS 1 and 2 that came on this connection and are not answered to the end."""
        return len(self.receiving) + self.owed_pubacks

    def shed(self, count: int = 1) -> None:
        """Count QoS 0 messages that a slow consumer does not get."""
        self.broker.stats.slow_shed += count
        self.broker.notices.raise_for(self, Trouble.SLOW, "max_unsent_bytes")
        if self.session is not None:
            self.session.dropped += count

    @property
    def protocol(self) -> str:
        """For people: `MQTT 5.0`, `MQTT 3.1.1 over WebSocket`."""
        name = PROTOCOLS.get(self.version, "MQTT")
        return f"{name} over {self.over}" if self.over else name

    # --- dispatch -----------------------------------------------------------------------------------------------

    def handle(self, packet: Any) -> None:
        """Do what a packet, or a run of them, asks for in this state."""
        if type(packet) is PublishRun:
            self._on_run(packet)
        elif self.state is _NEW:
            on_connect.on_connect(self, packet)
        else:
            _ON_PACKET[type(packet)](self, packet)
        if self.state is _CLOSED:
            self.held.clear()

    def _on_run(self, run: PublishRun) -> None:
        session, door, count = self.session, self._door, len(run.messages)
        assert session is not None
        session.messages_in += count
        self._stats.messages_in += count
        for topic, verdict in door.offer_run(self.publisher, run, self.version):
            door.notify_rejected(self.client_id, topic, verdict)
            self.broker.notices.over_quota(self, verdict.finding)

    def reads(self, reads: bool) -> None:
        """The server stops or goes on reading the socket: what the client sends in between is not seen, and no silence
        of its own."""
        self.is_read = reads
        if reads:
            self.last_seen_ms = self.monotonic_ms()

    def stop_timer(self) -> None:
        """Nobody watches for silence any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    # --- PINGREQ, DISCONNECT, AUTH ------------------------------------------------------------------------------

    def _on_pingreq(self, packet: Pingreq) -> None:
        self.send(Pingresp())

    def _on_disconnect(self, packet: Disconnect) -> None:
        session = self.session
        assert session is not None
        properties = packet.properties or {}
        if "session_expiry_interval" in properties:
            wished_s: int = properties["session_expiry_interval"]
            if session.expiry_s == 0 and wished_s:  # MQTT-3.1.2-23
                self.disconnect(ReasonCode.PROTOCOL_ERROR, "a session without expiry cannot be given one now")
                return
            session.expiry_s = min(wished_s, self.broker.limits.session_expiry_max_s)
        if packet.reason_code == 0 and self.will is not None:  # any other code means that something went wrong
            self.broker.sessions.wills.forget(self.client_id)
            self.will = None  # MQTT-3.14.4-3
        self.close()

    def _on_auth(self, packet: Auth) -> None:
        self.disconnect(ReasonCode.PROTOCOL_ERROR, "AUTH without an authentication method in CONNECT")

    # --- the end ------------------------------------------------------------------------------------------------

    def disconnect(self, reason_code: int, text: str, setting: str = "") -> None:
        """Close, telling an open MQTT 5 client why; before CONNACK the answer is a CONNACK."""
        if self.state is State.CLOSED:
            return
        if reason_code in FAULTS:
            self._stats.protocol_errors += 1
        if self.state is State.OPEN and reason_code != ReasonCode.SERVER_SHUTTING_DOWN:
            self.broker.notices.closed(self, Trouble.CUT, reason_code, text, setting)
        if self.state is not State.OPEN:
            self._refuse_unopened(reason_code, text)
            return
        if self.version == 5:
            properties: Properties | None = {"reason_string": cut(text)} if self.acknowledge_problems else None
            self.send(Disconnect(reason_code, properties))
        self.close()

    def _refuse_unopened(self, reason_code: int, text: str) -> None:
        """A CONNECT that could be read as far as its version gets a CONNACK; anything else only the close."""
        if self.decoder.version is not None:
            self.version = self.decoder.version
        elif reason_code != ReasonCode.UNSUPPORTED_PROTOCOL_VERSION:
            self._close_unanswered(reason_code, text)
            return
        if self.version < 5 and reason_code in _NOT_TOLD_BEFORE_5:  # 3.1.1: MQTT-3.1.4-1, MQTT-3.2.2-6
            self._close_unanswered(reason_code, text)
        else:
            on_connect.refuse(self, reason_code, text)

    def _close_unanswered(self, reason_code: int, text: str) -> None:
        self.broker.stats.connects_refused += 1
        self.broker.notices.closed(self, Trouble.REFUSED, reason_code, text)
        self.close()

    def taken_over(self) -> None:
        """Another connection took this client id (MQTT-3.1.4-3)."""
        if self.state is State.OPEN:
            text = f"another connection came with client id '{shorten(self.client_id)}'"
            self.disconnect(ReasonCode.SESSION_TAKEN_OVER, text)
        else:
            self.close()  # before its CONNACK, which has no such code

    def server_shutting_down(self) -> None:
        """The broker stops: sessions stay, wills are published (MQTT-3.1.2-8): the client did not say goodbye."""
        self.disconnect(ReasonCode.SERVER_SHUTTING_DOWN, "the broker is stopping")

    def lost(self) -> None:
        """The network connection is gone."""
        self.close()

    @property
    def client_id(self) -> str:
        return self.publisher.client_id

    def close(self) -> None:
        if self.state is State.CLOSED:
            return
        if self.state is not State.OPEN:
            self.will = None  # who was never let in leaves none
        self.state = State.CLOSED
        self.stop_timer()
        if self.meter is not None:
            self.meter.stop()
        first = self.held[0] if self.held else None
        self.held.clear()
        self.feeds = OrderedDict()  # the session keeps its own
        for promise, _ in (*self.owed, *self.withheld):
            if promise is not None:
                promise.on_kept = None
        self.owed.clear()
        self.owed_pubacks = 0
        self.withheld.clear()
        self.keep(-self.kept_bytes)
        self.aliases.clear()
        self.unread = None
        broker, session, self.session = self.broker, self.session, None
        will, self.will = self.will, None
        if session is not None and session.connection is self:
            expiry_s = session.expiry_s
            broker.sessions.leave(session)
            if will is not None:
                broker.sessions.wills.lost(will, expiry_s)
        broker.forget(self)
        if type(first) is Unfinished:
            broker.turns.in_steps(first.steps)
        if not self.ready:
            self.wake()  # so that the server closes the socket


_ON_PACKET: Final[dict[type, Callable[[Connection, Any], None]]] = {
    Publish: on_publish,
    Puback: on_puback,
    Pubrec: on_pubrec,
    Pubrel: on_pubrel,
    Pubcomp: on_pubcomp,
    Subscribe: on_subscribe,
    Unsubscribe: on_unsubscribe,
    Pingreq: Connection._on_pingreq,
    Unfinished: Connection.take_steps,
    Disconnect: Connection._on_disconnect,
    Auth: Connection._on_auth,
}

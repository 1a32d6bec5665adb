"""One network connection as the broker sees it: bytes in, frames out, no socket.

    NEW ──CONNECT──▶ AUTHENTICATING ──role──▶ OPEN ──DISCONNECT, error, silence──▶ CLOSED
     └──────time-out, first packet is no CONNECT, refused──────────────────────────▲

Whatever goes wrong is told with its reason code before the close: CONNACK while opening, DISCONNECT (MQTT 5) after.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from uns.broker import on_connect
from uns.broker.address import host_of
from uns.broker.identity import Publisher
from uns.broker.kept import Will
from uns.broker.notices import Trouble
from uns.broker.on_publish import on_puback, on_pubcomp, on_publish, on_pubrec, on_pubrel
from uns.broker.on_subscribe import on_subscribe, on_unsubscribe
from uns.broker.outlet import Outlet, cut
from uns.broker.rate import Meter
from uns.broker.route import Target
from uns.broker.session import Session
from uns.broker.state import State
from uns.broker.timers import Timer
from uns.errors import shorten
from uns.link import Message, Properties
from uns.mqtt import (
    Auth,
    Decoder,
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
    Side,
    Suback,
    Subscribe,
    Unsubscribe,
)

if TYPE_CHECKING:
    from uns.broker.broker import Broker

KEEP_ALIVE_GRACE = 1.5  # MQTT-3.1.2-22
PACKETS_AT_ONCE = 512
"""Received bytes are decoded by as many packets, so that no client's chunk holds the others up for long."""
SMALL_BYTES = 256
"""What has come, when it is no more than this, is looked at even if the turn is over: putting it off costs more."""
SMALL_PACKETS = 4
"""As many packets of it at most."""
LOOK_EVERY = 16
"""Packets between two looks at the clock."""
_NEW: Final = State.NEW
_AUTHENTICATING: Final = State.AUTHENTICATING
_OPEN: Final = State.OPEN
_CLOSED: Final = State.CLOSED
"""Members of an Enum by a name of their own: looking one up in its class takes longer than all else in a packet."""
PROTOCOLS = {3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: "MQTT 5.0"}

OWED_ANSWERS = 1000
"""Answers that wait for the disk before nothing more is read from their client."""
_NOT_TOLD_BEFORE_5 = (ReasonCode.MALFORMED_PACKET, ReasonCode.PROTOCOL_ERROR, ReasonCode.TOPIC_NAME_INVALID)
"""What breaks the format of a CONNECT; MQTT 3.1.1 has no return code for it and wants no CONNACK."""
_FAULTS = (
    ReasonCode.MALFORMED_PACKET,
    ReasonCode.PROTOCOL_ERROR,
    ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
    ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
    ReasonCode.TOPIC_FILTER_INVALID,
    ReasonCode.TOPIC_NAME_INVALID,
    ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
    ReasonCode.TOPIC_ALIAS_INVALID,
    ReasonCode.PACKET_TOO_LARGE,
)
"""What says of a connection that ends so that its client broke the standard."""

Feed = Iterator[tuple[Message, Target, int | None] | None]
"""Retained messages still to be sent for a SUBSCRIBE, with their monotonic expiry in ms or None; None is a pause in the
search for more."""
_FED: Any = object()


class Connection(Outlet):
    """Made by `Broker.accept`. The server feeds `receive`, writes what `take` returns, closes when `state` is CLOSED
    and `out` is empty, sets `congested` while the socket takes no more, and calls `lost` when the peer is gone.

    While `busy`, it calls `proceed` in each turn; while not `wants_input`, it reads nothing from the socket, and tells
    `reads`.
    """

    __slots__ = (
        "_clock",
        "_door",
        "_is_read",
        "_laden",
        "_passed_on",
        "address",
        "aliases",
        "buffered",
        "certified",
        "decoder",
        "feeds",
        "held",
        "host",
        "keep_alive_ms",
        "kept_bytes",
        "last_seen_ms",
        "meter",
        "over",
        "publisher",
        "receiving",
        "refusal",
        "send_window",
        "session",
        "state",
        "takes_plain_frames",
        "timer",
        "unacknowledged_bytes",
        "unread",
        "will",
        "working",
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
        self._laden = broker.laden
        self.meter: Meter | None = None
        self.refusal = broker.admittance.enter(self.host, broker.limits)
        self.state = State.NEW
        self.session: Session | None = None
        self.publisher = Publisher("", "", address)
        self.send_window = broker.limits.receive_maximum
        self.takes_plain_frames = False
        self._door = broker.door
        self._clock = broker.clock
        self.decoder = Decoder(Side.SERVER, max_packet_bytes=broker.limits.max_packet_bytes, known=broker.door.known)
        self.aliases: dict[int, str] = {}
        self.receiving: set[int] = set()
        """QoS 2 packet ids that came on this connection and are not released: what Receive Maximum counts (4.9)."""
        self.feeds: OrderedDict[str, Feed] = OrderedDict()
        self.held: deque[Any] = deque()
        self.working = False
        self.keep_alive_ms = 0
        self._is_read = True
        self._passed_on = -1
        self.last_seen_ms = broker.clock.monotonic_ms()
        self.will: Will | None = None
        due_ms = self.last_seen_ms + broker.limits.connect_timeout_s * 1000
        self.timer: Timer | None = broker.timers.at(due_ms, self._connect_timed_out)

    # --- bytes --------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> bool:
        """Take what the network brought; answers stand in `out` afterwards.

        True when everything that came is worked off and more may come: the way of nearly every small chunk.
        """
        if self.state is _CLOSED:
            return False
        now_ms = self._clock.monotonic_ms()
        self._laden.add(self)
        self._stats.bytes_in += len(data)
        if self.meter is not None:
            self.meter.spend_bytes(len(data))
        self.decoder.feed(data)
        self._take_turn(now_ms)
        return self._is_idle or (self.wants_input and not self.busy)

    @property
    def _is_idle(self) -> bool:
        """Open, with nothing left to do and nothing in the way: the common case, told in one look."""
        if self.state is not _OPEN or self.meter is not None or self.congested:
            return False
        return not (self.held or self.feeds or self.owed or self.decoder.behind)

    @property
    def busy(self) -> bool:
        """There is work left that nothing but time holds up."""
        if self.state is _CLOSED or self.state is _AUTHENTICATING or len(self.owed) >= OWED_ANSWERS:
            return False
        if bool(self.feeds) and self._may_feed:
            return True
        return not self.throttled and (bool(self.held) or self.decoder.behind)

    @property
    def wants_input(self) -> bool:
        """Reading on would only fill buffers while the connection is behind, checks a password, or cannot answer."""
        if self.state is _AUTHENTICATING or self.congested or self.throttled or len(self.owed) >= OWED_ANSWERS:
            return False
        return not self.held and not self.decoder.behind

    @property
    def throttled(self) -> bool:
        """It sends faster than it may, and is not read for a while."""
        return self.meter is not None and self.meter.throttled

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

    def proceed(self) -> None:
        """Work for one turn on what was received and on retained messages that are still owed."""
        self._take_turn(self.monotonic_ms())

    def _take_turn(self, now_ms: int) -> None:
        if self.working:
            return  # called from within, by an answer that came at once
        until_ms = self.broker.turns.until(now_ms)
        late = now_ms >= until_ms
        if late and (self.held or self.feeds or self.decoder.held_bytes > SMALL_BYTES):
            if not self.ready:
                self.wake()  # the server sees that it is busy, and calls again
            return
        self.working = True
        self._door.now_ms = self._clock.wall_ms()
        try:
            self._work(now_ms, until_ms, SMALL_PACKETS if late else PACKETS_AT_ONCE)
        finally:
            self.working = False

    def _work(self, now_ms: int, deadline_ms: int, room: int) -> None:
        """room: how many packets may be decoded between two looks at the clock."""
        decoder, worked = self.decoder, False
        while (self.throttled or self._handle_held(deadline_ms)) and self._feed(deadline_ms):
            if self.state is _CLOSED or self.state is _AUTHENTICATING or len(self.owed) >= OWED_ANSWERS:
                return
            if self.meter is not None and self.session is not None:
                self.meter.spend_messages(self.session.messages_in)
                if self.meter.throttled:
                    return
            if not decoder.behind:
                failure = decoder.failure
                if failure is not None:
                    if failure.reason_code not in _FAULTS:  # a packet of too many parts
                        self._stats.protocol_errors += 1
                    self.disconnect(failure.reason_code, failure.text)
                return
            if worked and self._clock.monotonic_ms() >= deadline_ms:
                return
            worked = True
            packets = decoder.read(room)
            if packets:
                self.last_seen_ms = now_ms  # MQTT-3.1.2-22: a packet counts, bytes of one that never ends do not
            if decoder.control_packets:
                self._count_control()
            if len(packets) == 1 and not decoder.behind:
                self._handle(packets[0])
            else:
                self.held.extend(packets)

    def _count_control(self) -> None:
        decoder, stats = self.decoder, self._stats
        stats.control_in += decoder.control_packets
        stats.control_bytes_in += decoder.control_bytes
        decoder.control_packets = decoder.control_bytes = 0

    def _feed(self, deadline_ms: int) -> bool:
        """Send retained messages that are owed, as far as the client takes them. False when the time is up."""
        session = self.session
        count = 0
        while self.feeds and self._may_feed and session is not None:
            topic_filter = next(iter(self.feeds))
            owed = next(self.feeds[topic_filter], _FED)
            if owed is _FED:
                del self.feeds[topic_filter]
            elif owed is None:
                count += LOOK_EVERY - 1 - count % LOOK_EVERY  # a long search: look at the clock now
            else:
                message, target, expires_ms = owed
                session.deliver(message, target, min(message.qos, target.qos), True, expires_ms)
            count += 1
            if count % LOOK_EVERY == 0 and self.monotonic_ms() >= deadline_ms:
                return False
        return True

    @property
    def _may_feed(self) -> bool:
        if self.session is None or not self.session.keeps_up:
            return False
        return not any(type(packet) is Suback for _, packet in self.owed)  # the SUBACK comes first

    def _whole(self) -> "Connection":
        return self

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

    def monotonic_ms(self) -> int:
        return self._clock.monotonic_ms()

    @property
    def protocol(self) -> str:
        """For people: `MQTT 5.0`, `MQTT 3.1.1 over WebSocket`."""
        name = PROTOCOLS.get(self.version, "MQTT")
        return f"{name} over {self.over}" if self.over else name

    # --- dispatch -----------------------------------------------------------------------------------------------

    def _handle_held(self, deadline_ms: int) -> bool:
        """Handle decoded packets in order. False when the time is up; what is left stays held."""
        held = self.held
        count = 0
        while held and self.state is not _AUTHENTICATING and len(self.owed) < OWED_ANSWERS:
            packet = held.popleft()
            self._handle(packet)
            count += LOOK_EVERY if type(packet) is PublishRun or type(packet) is Subscribe else 1
            if count >= LOOK_EVERY:
                count = 0
                if held and self.monotonic_ms() >= deadline_ms:
                    return False
        return True

    def _handle(self, packet: Any) -> None:
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

    # --- keep-alive ---------------------------------------------------------------------------------------------

    def _connect_timed_out(self) -> None:
        self.broker.stats.connects_refused += 1
        self.broker.stats.connect_timeouts += 1
        self.broker.notices.raise_for(self, Trouble.REFUSED, "connect_timeout_s", "no CONNECT came in time")
        self.close()

    def start_keep_alive(self, keep_alive_s: int) -> None:
        self._stop_timer()
        self.keep_alive_ms = int(keep_alive_s * 1000 * KEEP_ALIVE_GRACE)
        if self.keep_alive_ms:
            self._watch()

    def _watch(self) -> None:
        due_ms = self.last_seen_ms + self.keep_alive_ms
        self.timer = self.broker.timers.at(due_ms, self._keep_alive_due)

    def _keep_alive_due(self) -> None:
        now_ms = self.monotonic_ms()
        if not self._is_read or not self.wants_input:
            if self.congested and not self._has_taken_some():
                self._cut_silent("nothing was read by the client")
                return
            self.last_seen_ms = now_ms  # the silence is ours
        if now_ms - self.last_seen_ms >= self.keep_alive_ms:
            self._cut_silent("no whole packet came")
        else:
            self._watch()

    def _has_taken_some(self) -> bool:
        """Has a congested client taken anything of what waits for it since it was last asked for here?"""
        left = self.unacknowledged_bytes() if self.unacknowledged_bytes is not None else 0
        before, self._passed_on = self._passed_on, self.taken_bytes - left
        return self._passed_on != before

    def _cut_silent(self, what: str) -> None:
        self.broker.stats.keep_alive_timeouts += 1
        self.disconnect(ReasonCode.KEEP_ALIVE_TIMEOUT, f"{what} for {self.keep_alive_ms / 1000:g} s")

    def reads(self, reads: bool) -> None:
        """The server stops or goes on reading the socket: what the client sends in between is not seen, and no silence
        of its own."""
        self._is_read = reads
        if reads:
            self.last_seen_ms = self.monotonic_ms()

    def _stop_timer(self) -> None:
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
        if reason_code in _FAULTS:
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
        self._stop_timer()
        if self.meter is not None:
            self.meter.stop()
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
    Disconnect: Connection._on_disconnect,
    Auth: Connection._on_auth,
}

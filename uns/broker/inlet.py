"""What has come from one client, and when is it worked off?

receive ─▶ decoder ─▶ held ─▶ handle, packet by packet, for as long as the turn goes; the rest in later turns: `proceed`
SUBSCRIBE ─▶ feeds: retained messages that are still owed ─▶ sent as the client takes them
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from uns.broker.outlet import Outlet
from uns.broker.rate import Meter
from uns.broker.route import Target
from uns.broker.session import Session
from uns.broker.state import State
from uns.link import Message
from uns.mqtt import Decoder, PublishRun, ReasonCode, Side, Suback

if TYPE_CHECKING:
    from uns.broker.broker import Broker

PACKETS_AT_ONCE: Final = 512
"""Received bytes are decoded by as many packets, so that no client's chunk holds the others up for long."""
SMALL_BYTES: Final = 256
"""What has come, when it is no more than this, is looked at even if the turn is over: putting it off costs more. A
CONNECT costs more than that."""
LATE_MS: Final = 5
"""But no more of it, from however many clients, when the turn is over for so long: a SUBSCRIBE is small as well."""
SMALL_PACKETS: Final = 4
"""As many packets of it at most."""
LOOK_EVERY: Final = 16
"""Packets between two looks at the clock."""
OWED_ANSWERS: Final = 1000
"""Answers that wait for the disk before nothing more is read from their client."""
_AUTHENTICATING: Final = State.AUTHENTICATING
_OPEN: Final = State.OPEN
_CLOSED: Final = State.CLOSED
"""Members of an Enum by a name of their own: looking one up in its class takes longer than all else in a packet."""
FAULTS = (
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
_DONE: Any = object()


class Unfinished:
    """What is left of a packet that is handled in steps; it comes before all that came after it."""

    __slots__ = ("steps",)

    def __init__(self, steps: Iterator[None]) -> None:
        self.steps = steps


class Inlet(Outlet):
    """The half of a `Connection` that receives; what it makes of a packet is `handle`.

    last_seen_ms: monotonic, of the last whole packet. working: within a turn.

    While `busy`, the server calls `proceed` in each turn; while not `wants_input`, it reads nothing from the socket.
    """

    __slots__ = (
        "_clock",
        "_door",
        "_turns",
        "decoder",
        "feeds",
        "held",
        "last_seen_ms",
        "meter",
        "session",
        "working",
    )

    def __init__(self, broker: "Broker") -> None:
        super().__init__(broker)
        self._door = broker.door
        self._clock = broker.clock
        self._turns = broker.turns
        self.meter: Meter | None = None
        self.session: Session | None = None
        self.decoder = Decoder(Side.SERVER, max_packet_bytes=broker.limits.max_packet_bytes, known=broker.door.known)
        self.feeds: OrderedDict[str, Feed] = OrderedDict()
        self.held: deque[Any] = deque()
        self.working = False
        self.last_seen_ms = broker.clock.monotonic_ms()

    def handle(self, packet: Any) -> None:
        """Do what a packet, or a run of them, asks for."""
        raise NotImplementedError

    def disconnect(self, reason_code: int, text: str, setting: str = "") -> None:
        """Close, and tell the client why."""
        raise NotImplementedError

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
        return self.is_idle or (self.wants_input and not self.busy)

    @property
    def is_idle(self) -> bool:
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

    def proceed(self) -> None:
        """Work for one turn on what was received and on retained messages that are still owed."""
        self._take_turn(self.monotonic_ms())

    def _take_turn(self, now_ms: int) -> None:
        if self.working:
            return  # called from within, by an answer that came at once
        until_ms = self._turns.until(now_ms)
        late = now_ms >= until_ms
        if late and (self.held or self.feeds or not self._is_small or now_ms >= until_ms + LATE_MS):
            if not self.ready:
                self.wake()  # the server sees that it is busy, and calls again
            return
        self.working = True
        self._door.now_ms = self._clock.wall_ms()
        try:
            self._work(now_ms, until_ms, SMALL_PACKETS if late else PACKETS_AT_ONCE)
        finally:
            self.working = False

    @property
    def _is_small(self) -> bool:
        return self.state is _OPEN and self.decoder.held_bytes <= SMALL_BYTES

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
                    if failure.reason_code not in FAULTS:  # a packet of too many parts
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
                self.handle(packets[0])
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

    def _handle_held(self, deadline_ms: int) -> bool:
        """Handle decoded packets in order. False when the time is up; what is left stays held."""
        held = self.held
        count = 0
        while held and self.state is not _AUTHENTICATING and len(self.owed) < OWED_ANSWERS:
            packet = held.popleft()
            self.handle(packet)
            count += LOOK_EVERY if type(packet) is PublishRun or type(packet) is Unfinished else 1
            if count >= LOOK_EVERY:
                count = 0
                if held and self.monotonic_ms() >= deadline_ms:
                    return False
        return True

    def in_steps(self, steps: Iterator[None]) -> None:
        """Handle a packet that asks for more than a turn has time for. The next one waits until it is done; should the
        connection end before that, the steps go on without it."""
        self.take_steps(Unfinished(steps))

    def take_steps(self, packet: Unfinished) -> None:
        """Go one step on with a packet."""
        if next(packet.steps, _DONE) is _DONE:
            return
        if self.state is _CLOSED:
            self._turns.in_steps(packet.steps)
        else:
            self.held.appendleft(packet)

    def monotonic_ms(self) -> int:
        return self._clock.monotonic_ms()

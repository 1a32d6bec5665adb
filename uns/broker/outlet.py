"""What goes out to one client, in which order, and when?

send, send_publish ─────────────────────────────────────────▶ out ─▶ the server writes it, once per turn of its loop
answer ─▶ owed: until what it promises is on disk ────────────┤
send_publish ─▶ withheld: until its packet id is on disk ─────┘
"""

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from msgspec import structs

from uns.broker.aliases import OutgoingAliases
from uns.broker.ledger import Promise
from uns.broker.state import State
from uns.errors import Finding
from uns.link import Properties
from uns.mqtt import Puback, Publish, ReasonCode, encode

if TYPE_CHECKING:
    from uns.broker.broker import Broker

REASON_CHARACTERS = 1000
_CLOSED: Final = State.CLOSED


class Outlet:
    """The half of a `Connection` that sends. What CONNECT said is set by whoever read it: version,
    client_max_packet_bytes (0: any), acknowledge_problems (MQTT-3.1.2-29), outgoing_aliases.

    out: frames for the server to take. owed: answers that wait for their promise, and answers behind them;
    owed_pubacks: how many of them are PUBACK. withheld: the same of messages of QoS 1 and 2; the two do not wait for
    each other.
    state: of the whole connection, see `connection`. congested: the client does not read. ready: the server will come
    for `out`. taken_bytes: so far.
    """

    __slots__ = (
        "_laden",
        "_max_unsent_bytes",
        "_stats",
        "_waiting",
        "acknowledge_problems",
        "broker",
        "client_max_packet_bytes",
        "congested",
        "out",
        "outgoing_aliases",
        "owed",
        "owed_pubacks",
        "ready",
        "state",
        "taken_bytes",
        "unsent_bytes",
        "version",
        "withheld",
    )

    def __init__(self, broker: "Broker") -> None:
        self.broker = broker
        self.state = State.NEW
        self.version = 4
        self.out: list[bytes] = []
        self.owed: deque[tuple[Promise | None, Any]] = deque()
        self.owed_pubacks = 0
        self.withheld: deque[tuple[Promise | None, bytes]] = deque()
        self.unsent_bytes = 0
        self.taken_bytes = 0
        self.congested = False
        self.ready = False
        self.client_max_packet_bytes = 0
        self.acknowledge_problems = True
        self.outgoing_aliases: OutgoingAliases | None = None
        self._waiting: list[Any] = broker.ready
        self._laden: set[Any] = broker.laden
        self._stats = broker.stats
        self._max_unsent_bytes = broker.limits.max_unsent_bytes

    def write(self, frame: bytes) -> None:
        """Queue a frame; the server is woken once per turn."""
        self.out.append(frame)
        self.unsent_bytes += len(frame)
        if self.unsent_bytes > self._max_unsent_bytes:
            self.congested = True
        if not self.ready:
            self.wake()

    def wake(self) -> None:
        """Ask the server to come for `out`, once until it does."""
        self.ready = True
        waiting = self._waiting
        waiting.append(self)
        if self.state is not _CLOSED:
            self._laden.add(self)
        if len(waiting) == 1:
            on_ready = self.broker.on_ready
            if on_ready is not None:
                on_ready()

    def take(self) -> bytes:
        """Everything unsent, joined; the connection may be woken again from now on."""
        self.ready = False
        self.congested = False
        self.unsent_bytes = 0
        data = self.out[0] if len(self.out) == 1 else b"".join(self.out)
        self.out.clear()
        self.taken_bytes += len(data)
        self._stats.bytes_out += len(data)
        return data

    def send(self, packet: Any) -> bool:
        """Send an answer, without its explanation when that makes it too large for the client (MQTT-3.2.2-19).

        False when it is too large even so, and was not sent (MQTT-3.1.2-24).
        """
        frame = encode(packet, self.version)
        room = self.client_max_packet_bytes
        if room and len(frame) > room and getattr(packet, "properties", None):
            frame = encode(structs.replace(packet, properties=_unexplained(packet.properties)), self.version)
        if room and len(frame) > room:
            return False
        self._stats.control_out += 1
        self._stats.control_bytes_out += len(frame)
        self.write(frame)
        return True

    def send_publish(self, packet: Publish, promise: Promise | None = None) -> bool:
        """False when the client said it takes no packet of this size (MQTT-3.1.2-24)."""
        aliases, room = self.outgoing_aliases, self.client_max_packet_bytes
        waits = promise is not None or (packet.qos > 0 and bool(self.withheld))
        # What waits sets no alias: a message that overtakes it could not be understood.
        frame = encode(packet, self.version) if aliases is None or waits else aliases.encode(packet, room)
        if room and len(frame) > room:
            return False
        if promise is not None:
            promise.on_kept = self.settle
        if waits:
            self.withheld.append((promise, frame))
        else:
            self.write(frame)
        return True

    def answer(self, packet: Any, promise: Promise | None) -> None:
        """Send an answer when what it promises is on disk, and never before an earlier one (MQTT-4.6.0-2 to -4)."""
        if promise is not None:
            promise.on_kept = self.settle
        elif not self.owed:
            self.send(packet)
            return
        self.owed.append((promise, packet))
        if type(packet) is Puback:
            self.owed_pubacks += 1
        if self.broker.ledger.failing is not None:
            self.settle()

    def settle(self) -> None:
        """Send what waited for promises that are kept. Who can be told that the disk is full is told."""
        owed = self.owed
        while owed:
            promise, packet = owed[0]
            if promise is not None and promise.open and not self._turn_down(promise, packet):
                break
            owed.popleft()
            if type(packet) is Puback:
                self.owed_pubacks -= 1
            if promise is None or not promise.open:
                self.send(packet)
        if owed and self.broker.ledger.failing is not None:
            self._pass_the_stuck()
        withheld = self.withheld
        while withheld:
            promise, frame = withheld[0]
            if promise is not None and promise.open:
                break
            withheld.popleft()
            self.write(frame)
        if not self.ready:
            self.wake()  # there may be more to read and to do

    def _turn_down(self, promise: Promise, packet: Any) -> bool:
        """Answer a QoS 1 message that the disk does not take; nothing else has a code that says so."""
        if promise.finding is None or type(packet) is not Puback or self.version < 5:
            return False
        self._stats.publishes_unkept += 1
        self.send(Puback(packet.packet_id, ReasonCode.QUOTA_EXCEEDED, self.problem(promise.finding)))
        return True

    def _pass_the_stuck(self) -> None:
        """The disk refuses, and the first answer waits for it. Answers of other kinds need not wait behind it: the
        standard wants PUBACK after PUBACK and PUBREC after PUBREC, no more (MQTT-4.6.0-2, -3)."""
        stuck: deque[tuple[Promise | None, Any]] = deque()
        kinds = set()
        for promise, packet in self.owed:
            if type(packet) in kinds or (promise is not None and promise.open and not self._turn_down(promise, packet)):
                kinds.add(type(packet))
                stuck.append((promise, packet))
            elif promise is None or not promise.open:
                self.send(packet)
        self.owed = stuck
        self.owed_pubacks = sum([type(packet) is Puback for _, packet in stuck])

    def problem(self, finding: Finding) -> Properties | None:
        """Reason String and User Properties, unless the client asked for none (MQTT-3.1.2-29)."""
        if not self.acknowledge_problems:
            return None
        details = [("uns-finding", finding.id), ("uns-where", finding.where), ("uns-nearest", finding.nearest)]
        return {
            "reason_string": cut(str(finding)),
            "user_property": [(name, cut(value)) for name, value in details if value],
        }


def cut(text: str) -> str:
    """A text for a packet: a finding may quote what the client made as long as it liked, and with U+0000 or half a
    surrogate pair in it, as JSON may spell them; a string of MQTT holds neither (MQTT-1.5.4-1, MQTT-1.5.4-2)."""
    short = text if len(text) <= REASON_CHARACTERS else text[: REASON_CHARACTERS - 1] + "…"
    return short if short.isprintable() else short.replace("\0", "\ufffd").encode(errors="replace").decode()


def _unexplained(properties: Properties) -> Properties | None:
    """Without what a server may leave out when room is short (MQTT-3.4.2-2, -3 and their like)."""
    kept = {name: value for name, value in properties.items() if name not in ("reason_string", "user_property")}
    return kept or None

"""What the broker keeps for a client between and during its connections: subscriptions, inflight, queue.

Outgoing QoS 1 and 2 (MQTT 5, 4.3): a message waits in `queue` until the window has room, then takes a packet id and
stays in `inflight` until PUBACK or PUBCOMP. On resumption everything inflight is sent again in order, with DUP
(MQTT-4.4.0-1). Incoming QoS 2: `incoming` holds the packet ids taken but not yet released.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable
from itertools import chain
from typing import TYPE_CHECKING

from uns.broker.held import Held
from uns.broker.ledger import Ledger
from uns.broker.limits import Limits
from uns.broker.notices import Notices, Trouble
from uns.broker.outgoing import Outgoing
from uns.broker.route import Target
from uns.broker.state import State
from uns.broker.stats import Stats
from uns.broker.subscriptions import SubscriptionOptions
from uns.link import Message, Properties
from uns.mqtt import Publish, Pubrel

if TYPE_CHECKING:
    from uns.broker.connection import Connection
    from uns.broker.inlet import Feed
    from uns.broker.review import Rights

NEVER_EXPIRES_S = 0xFFFFFFFF


class Session:
    """Hashed by identity: a clean start makes a new session for the same client id.

    number: in the ledger, 0 when the session ends with its connection and so is not kept.
    subscriptions: what it has. The trie follows: what else it holds of this session is not in force.
    review: set while its subscriptions are looked through; nothing that waits leaves before that is done.
    """

    __slots__ = (
        "_held",
        "_inflight_bytes",
        "_ledger",
        "_limits",
        "_next_id",
        "_notices",
        "_queued_bytes",
        "_resend",
        "_stats",
        "client_id",
        "connection",
        "dropped",
        "expiry_s",
        "feeds",
        "identifiers",
        "incoming",
        "inflight",
        "kept_bytes",
        "left_ms",
        "messages_in",
        "messages_out",
        "number",
        "queue",
        "review",
        "role",
        "since_ms",
        "subscriptions",
        "user",
    )

    def __init__(
        self, client_id: str, limits: Limits, stats: Stats, notices: Notices, ledger: Ledger, held: Held
    ) -> None:
        self.client_id = client_id
        self.number = 0
        self.connection: Connection | None = None
        self.subscriptions: dict[str, SubscriptionOptions] = {}
        self.inflight: dict[int, Outgoing] = {}
        self.kept_bytes = 0
        """What it takes beside its messages: itself, its names and its filters."""
        self.identifiers = 0
        """Subscription identifiers that may come together in one message."""
        self.incoming: set[int] = set()
        self.queue: deque[Outgoing] = deque()
        self.feeds: OrderedDict[str, Feed] = OrderedDict()
        """Retained messages still owed, by filter: one that is subscribed to again starts anew, so that the
        subscriptions bound them. They outlive a connection like the queue does."""
        self.review: Rights | None = None
        self.expiry_s = 0
        self.user = ""
        self.role = ""
        self.since_ms = 0
        """UTC, for people: when its client came, or left."""
        self.left_ms = 0
        """Monotonic: when its client left, if it did."""
        self.messages_in = 0
        self.messages_out = 0
        self.dropped = 0
        self._held = held
        self._inflight_bytes = 0
        self._notices = notices
        self._queued_bytes = 0
        self._resend: deque[int] = deque()
        self._next_id = 0
        self._ledger = ledger
        self._limits = limits
        self._stats = stats

    @property
    def keeps_up(self) -> bool:
        """Connected, and with room for one more message."""
        connection = self.connection
        return connection is not None and not connection.congested and not self._is_waiting and self.review is None

    def hears(self, topic_filter: str) -> bool:
        """Is its subscription to this filter in force? Not when it ended, or its role has lost the right to it."""
        return topic_filter in self.subscriptions and (self.review is None or self.review.allows(self, topic_filter))

    @property
    def _is_waiting(self) -> bool:
        return bool(self.queue or self._resend)

    def deliver(self, message: Message, target: Target, qos: int, retain: bool, expires_ms: int | None) -> None:
        """Send now, queue, or shed by the stated rules; `qos` is already the lower of message and subscription."""
        connection = self.connection
        outgoing = Outgoing(message, qos, retain, target.identifiers, expires_ms, target.share)
        if qos == 0:
            if connection is None:
                return
            if connection.congested:
                connection.shed()
                return
            self._send(connection, outgoing, None, dup=False)
        elif connection is not None and not self._is_waiting and self._has_room(connection):
            self._held.take(outgoing)
            self._start(connection, outgoing)
        elif connection is not None or self.expiry_s > 0:
            self._enqueue(outgoing)

    def acknowledged(self, packet_id: int) -> bool:
        """PUBACK, PUBCOMP or a refusing PUBREC: the message is done. False when the id is not in flight."""
        outgoing = self.inflight.pop(packet_id, None)
        if outgoing is None:
            return False
        self._inflight_bytes -= outgoing.bytes
        self._held.release(outgoing)
        if outgoing.number:
            self._ledger.delivered(outgoing)
        self.pump()
        return True

    def pump(self) -> None:
        """Send what waits, as far as the window and the socket have room: first what is sent again, then the queue.

        What expired while waiting is dropped (MQTT-3.3.2-5).
        """
        connection = self.connection
        while connection is not None and self._is_waiting and self._has_room(connection):
            if self._resend:
                packet_id = self._resend.popleft()
                again = self.inflight.get(packet_id)
                if again is not None and again.withdrawn:
                    self._let_go(connection, packet_id, again)
                elif again is not None and not self._send(connection, again, packet_id, dup=True):
                    self._drop_inflight(packet_id)
                continue
            outgoing = self.queue.popleft()
            self._queued_bytes -= outgoing.bytes
            if outgoing.expires_ms is not None and outgoing.expires_ms <= connection.monotonic_ms():
                self._stats.expired += 1
                self._discard(outgoing)
                continue
            self._start(connection, outgoing)

    def resume(self) -> None:
        """Send everything inflight again, oldest first, then what waits (MQTT-4.4.0-1, MQTT-4.6.0-1).

        The new connection may have a smaller window than the old one: what does not fit is sent as answers come.
        """
        connection = self.connection
        if connection is None:
            return
        self._resend = deque(packet_id for packet_id, outgoing in self.inflight.items() if not outgoing.released)
        for packet_id, outgoing in self.inflight.items():
            if outgoing.released:
                connection.answer(Pubrel(packet_id), self._ledger.barrier())
        self.pump()

    def give_back(self, shares: Collection[str]) -> list[Outgoing]:
        """Take out what waits here by these shared subscriptions, for somebody else. What has been sent is left: it
        must be completed (MQTT-3.10.4-3)."""
        given = [outgoing for outgoing in self.queue if outgoing.share in shares]
        if given:
            self.queue = deque(outgoing for outgoing in self.queue if outgoing.share not in shares)
            self._queued_bytes -= sum(outgoing.bytes for outgoing in given)
        return given

    def withdraw(self, is_wanted: Callable[[Outgoing], bool]) -> list[Outgoing]:
        """Take out, oldest first, what is on its way to this session or waits for it, and is not wanted; the caller
        sees to it that it is released.

        What was sent keeps its packet id until the client has answered it: its window must stay true (MQTT-3.3.4-9).
        """
        taken = []
        for packet_id, outgoing in list(self.inflight.items()):
            if not outgoing.withdrawn and not is_wanted(outgoing):
                taken.append(outgoing)
                husk = self.inflight[packet_id] = outgoing.husk()
                self._inflight_bytes += husk.bytes - outgoing.bytes
        waiting: deque[Outgoing] = deque()
        for outgoing in self.queue:
            if is_wanted(outgoing):
                waiting.append(outgoing)
            else:
                taken.append(outgoing)
                self._queued_bytes -= outgoing.bytes
        self.queue = waiting
        self.dropped += len(taken)
        return taken

    def end(self) -> tuple[dict[str, SubscriptionOptions], Iterable[Outgoing]]:
        """From now on it gets nothing and holds nothing: the subscriptions and, oldest first, the messages it leaves,
        which the caller sees to."""
        left = chain(self.inflight.values(), self.queue)
        subscriptions, self.subscriptions = self.subscriptions, {}
        self.review = None
        self.expiry_s = 0
        self.inflight, self.queue, self._resend = {}, deque(), deque()
        self._queued_bytes = self._inflight_bytes = 0
        self.keep(-self.kept_bytes)
        return subscriptions, left

    def reviewed(self) -> None:
        """Its subscriptions have been looked through: what waited goes on."""
        self.review = None
        connection = self.connection
        if connection is not None and connection.state is State.OPEN:  # else CONNACK comes first
            self.pump()
            if self.feeds and not connection.ready:
                connection.wake()

    def keep(self, size: int) -> None:
        """Its names or its filters take so much more, or less."""
        self.kept_bytes += size
        self._stats.client_bytes += size

    @property
    def held_bytes(self) -> int:
        """Roughly what its queue and what is in flight take in memory."""
        return self._queued_bytes + self._inflight_bytes

    def shed_half(self) -> bool:
        """Memory is short: shed the older half of the queue, or what is in flight when nothing else is left.

        False when there was nothing.
        """
        if not self.queue:
            shed = self.withdraw(lambda outgoing: False)
            for outgoing in shed:
                self._discard(outgoing)
            self._stats.queue_shed += len(shed)
            return bool(shed)
        target = self._queued_bytes // 2
        while self.queue and self._queued_bytes > target:
            self._shed_oldest()
        return True

    def _shed_oldest(self) -> None:
        shed = self.queue.popleft()
        self._queued_bytes -= shed.bytes
        self._discard(shed)
        self._count_shed()

    def _discard(self, outgoing: Outgoing) -> None:
        self._held.release(outgoing)
        if outgoing.number:
            self._ledger.dropped(outgoing)

    def _count_shed(self) -> None:
        self.dropped += 1
        self._stats.queue_shed += 1

    def _let_go(self, connection: "Connection", packet_id: int, husk: Outgoing) -> None:
        """What is withdrawn cannot be sent again. At QoS 2 the client may hold its packet id and would take the next
        message under it for a repetition, so that it is told to release it."""
        if husk.qos == 1:
            self._drop_inflight(packet_id)
        else:
            husk.released = True
            connection.answer(Pubrel(packet_id), self._ledger.barrier() if self.number else None)

    def _drop_inflight(self, packet_id: int) -> None:
        """The client takes no packet of this size, or there is nothing left to send."""
        outgoing = self.inflight.pop(packet_id)
        self._inflight_bytes -= outgoing.bytes
        self._discard(outgoing)

    def begin_ids(self, number: int) -> None:
        """Give packet ids from here on: the client may still hold one of the last run that we know nothing of."""
        self._next_id = number % 65_535

    def take_up(self, outgoing: Outgoing) -> None:
        """A message that was on its way before the broker restarted; in the order of sending."""
        self._held.take(outgoing)
        if outgoing.packet_id:
            self.inflight[outgoing.packet_id] = outgoing
            self._inflight_bytes += outgoing.bytes
            self._next_id = outgoing.packet_id
        else:
            self.queue.append(outgoing)
            self._queued_bytes += outgoing.bytes

    def _has_room(self, connection: "Connection") -> bool:
        if self._inflight_bytes >= self._limits.max_queued_bytes:
            return False  # a client that never acknowledges holds large messages no better than many
        if self.review is not None:
            return False
        return not connection.congested and len(self.inflight) - len(self._resend) < connection.send_window

    def _start(self, connection: "Connection", outgoing: Outgoing) -> None:
        packet_id = outgoing.packet_id = self._take_id()
        self.inflight[packet_id] = outgoing
        self._inflight_bytes += outgoing.bytes
        if self.number:
            self._ledger.delivery(self, outgoing)
        if not self._send(connection, outgoing, packet_id, dup=False):
            self._drop_inflight(packet_id)

    def _send(self, connection: "Connection", outgoing: Outgoing, packet_id: int | None, *, dup: bool) -> bool:
        message = outgoing.message
        properties = self._properties(connection, outgoing) if connection.version == 5 else None
        packet = Publish(message.topic, message.payload, outgoing.qos, outgoing.retain, dup, packet_id, properties)
        # The receiver must never see a message of QoS 2 under another packet id than the one that survives a crash.
        barrier = self._ledger.barrier() if self.number and outgoing.qos == 2 else None
        sent = connection.send_publish(packet, barrier)
        if sent:
            self.messages_out += 1
            self._stats.messages_out += 1
        else:
            self.dropped += 1
            self._stats.too_large_shed += 1
            self._notices.raise_for(connection, Trouble.TOO_LARGE)
        return sent

    def _properties(self, connection: "Connection", outgoing: Outgoing) -> Properties | None:
        properties = outgoing.message.properties
        if not outgoing.identifiers and outgoing.expires_ms is None:
            return properties
        changed = dict(properties or {})
        if outgoing.identifiers:
            changed["subscription_identifier"] = outgoing.identifiers
        if outgoing.expires_ms is not None:
            left_ms = outgoing.expires_ms - connection.monotonic_ms()
            changed["message_expiry_interval"] = max(0, -(-left_ms // 1000))  # MQTT-3.3.2-6
        return changed

    def _enqueue(self, outgoing: Outgoing) -> None:
        limits = self._limits
        if outgoing.bytes > limits.max_queued_bytes:  # alone too large: the others need not go for it
            self._tell_full("max_queued_bytes")
            self._count_shed()
            return
        self._held.take(outgoing)
        self.queue.append(outgoing)
        self._queued_bytes += outgoing.bytes
        if self.number:
            self._ledger.delivery(self, outgoing)
        while len(self.queue) > limits.max_queued_messages or self._queued_bytes > limits.max_queued_bytes:
            self._tell_full(
                "max_queued_bytes" if self._queued_bytes > limits.max_queued_bytes else "max_queued_messages"
            )
            self._shed_oldest()

    def _tell_full(self, setting: str) -> None:
        address = self.connection.address if self.connection is not None else ""
        self._notices.raise_notice(Trouble.QUEUE_FULL, self.client_id, address, setting)

    def _take_id(self) -> int:
        """The next free packet id; there is one, since no window is wider than the id space."""
        while True:
            self._next_id = self._next_id % 65_535 + 1
            if self._next_id not in self.inflight:
                return self._next_id

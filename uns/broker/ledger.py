"""What must be on disk before an acknowledgement goes out?

    packet ─▶ change ─▶ open batch ──take──▶ written ──settled──▶ promises kept ─▶ acknowledgements go out
                           │ a subscriber acknowledges first: the change is taken back, and its promise is kept too

A change is a retained value, a session, a subscription, a message on its way to a session that outlives its connection,
a QoS 2 packet id that is taken, or a will. Each stands in the open batch once, with its newest state; what was added
and is done before the batch is taken never reaches the disk. Pure: the store of `uns/persistence` writes the batches.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING

from uns.broker.kept import Batch, Delivery, Reading, Retained, SessionRow, StoredMessage, Will
from uns.broker.refusals import OnDefect
from uns.clock import Clock
from uns.errors import Finding
from uns.link import Message

if TYPE_CHECKING:
    from uns.broker.outgoing import Outgoing
    from uns.broker.route import Current
    from uns.broker.session import Session
    from uns.broker.subscriptions import SubscriptionOptions


class Urgency(IntEnum):
    """How long may the open batch wait?"""

    NONE = 0  # it is empty
    LAZY = 1  # nobody waits for it
    SOON = 2  # somebody waits, and the acknowledgement of a connected subscriber may come first
    NOW = 3  # somebody waits for the disk alone


class Promise:
    """Something that may be said when `open` changes are on disk, or done with.

    on_kept is called once, when `open` comes down to 0; and once more before that, with `finding` set, when the disk
    refuses the batch, which is tried again until it is written.
    """

    __slots__ = ("finding", "on_kept", "open")

    def __init__(self, changes: int = 0) -> None:
        self.open = changes
        self.finding: Finding | None = None
        self.on_kept: Callable[[], None] | None = None

    def done(self, changes: int) -> bool:
        """True when these were the last open ones."""
        if not self.open:
            return False
        self.open -= min(changes, self.open)
        return not self.open


CLOCK_SET_MS = 1000
"""A wall clock that is this far from where it was was set."""


class Kept:
    """A message for which more than one session waits: it is stored once for all of them, under its number.

    waiting: how many sessions do. written: a batch has taken it to the disk.
    """

    __slots__ = ("message", "number", "waiting", "written")

    def __init__(self, number: int, message: Message, *, waiting: int = 0, written: bool = False) -> None:
        self.number = number
        self.message = message
        self.waiting = waiting
        self.written = written


class Ledger:
    """The changes since the last batch, and who waits for them.

    enabled: False keeps nothing, so every answer goes out at once. failing: why the disk takes nothing now, or None.
    on_urgency: told whenever the open batch becomes more urgent; whoever writes batches then calls `take` in time.
    shift_ms: what the clock of the disk is ahead of the monotonic one; the same for the whole run.
    """

    def __init__(self, clock: Clock, *, enabled: bool = False, on_defect: OnDefect | None = None) -> None:
        self.enabled = enabled
        self.failing: Finding | None = None
        self.urgency = Urgency.NONE
        self.on_urgency: Callable[[Urgency], None] | None = None
        self.shift_ms = self._ahead_ms = clock.wall_ms() - clock.monotonic_ms()
        self._clock = clock
        self._on_defect = on_defect
        self._promise: Promise | None = None
        self._promises: list[Promise] = []
        self._in_flight: Batch | None = None
        self._on_their_way: dict[int, Outgoing] = {}
        """The deliveries of the batch in flight."""
        self._awaited = False
        """Something in the open batch must be on disk before something is said."""
        self._latest: Outgoing | None = None
        self._number = 0
        self._sessions: dict[int, Session | None] = {}
        self._subscriptions: dict[tuple[int, str], SubscriptionOptions | None] = {}
        self._messages: dict[int, Kept] = {}
        self._messages_done: list[int] = []
        self._deliveries: dict[int, Outgoing] = {}
        self._deliveries_done: list[int] = []
        self._taken: dict[tuple[int, int], bool] = {}
        self._wills: dict[str, Will | None] = {}
        self._wills_written: set[str] = set()
        """Clients whose will is on disk, or in a batch that was taken."""
        self._retained: dict[str, Current] = {}
        self._ended: list[str] = []
        self._ending: list[str] = []

    # --- promises -----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A packet is handled next: what it changes is its own promise."""
        self._promise = None

    def owed(self) -> Promise | None:
        """What must be kept before the packet that is being handled is answered; None when nothing must."""
        promise, self._promise = self._promise, None
        return promise if promise is not None and promise.open else None

    def when_kept(self, call: Callable[[Finding | None], None]) -> None:
        """Call once what the packet or publish that is being handled changed is on disk; at once when it is. With the
        finding when the disk refuses, without waiting any longer."""
        self.call_when_kept(self.owed(), call)

    def call_when_kept(self, promise: Promise | None, call: Callable[[Finding | None], None]) -> None:
        """Call once the promise is kept: at once when there is none, and with the finding when the disk refuses."""
        if promise is None or self.failing is not None:
            call(None if promise is None else self.failing)
            return

        def on_kept() -> None:
            promise.on_kept = None
            call(promise.finding)

        promise.on_kept = on_kept

    def barrier(self) -> Promise | None:
        """The promise that all that somebody waits for is on disk; None when it is already."""
        if not self._awaited and self._in_flight is None:
            return None
        promise = Promise(1)
        self._promises.append(promise)
        self._raise(Urgency.NOW)
        return promise

    def _owe(self, urgency: Urgency) -> Promise:
        promise = self._promise
        if promise is None:
            promise = self._promise = Promise()
            self._promises.append(promise)
        promise.open += 1
        self._awaited = True
        if urgency > self.urgency:
            self._raise(urgency)
        return promise

    def _raise(self, urgency: Urgency) -> None:
        if urgency > self.urgency:
            self.urgency = urgency
            if self.on_urgency is not None:
                self.on_urgency(urgency)

    # --- changes ------------------------------------------------------------------------------------------------

    def retained(self, topic: str, current: "Current", *, acknowledged: bool) -> None:
        """The retained message of a topic was set or cleared. acknowledged: its publisher will be told that it was."""
        if self.enabled and topic[:1] != "$":
            self._retained[topic] = current
            if acknowledged:
                self._owe(Urgency.NOW)
            else:
                self._raise(Urgency.LAZY)

    def session(self, session: "Session") -> None:
        """A session that outlives its connection is new, has lost or found its client, or changed its terms."""
        if not self.enabled:
            return
        if not session.number:
            self._number += 1
            session.number = self._number
        self._sessions[session.number] = session
        self._raise(Urgency.SOON if session.connection is not None else Urgency.LAZY)

    def session_ended(self, session: "Session") -> None:
        """It will not come back; the caller has called `dropped` for everything that was on its way."""
        number, session.number = session.number, 0
        for topic_filter in session.subscriptions:
            self._subscriptions.pop((number, topic_filter), None)
        self._sessions[number] = None
        self._ended.append(session.client_id)
        self._owe(Urgency.NOW)

    def is_ending(self, client_id: str) -> bool:
        """Has a session of this client ended, and is that not on disk yet?"""
        return client_id in self._ended or client_id in self._ending

    def subscription(self, session: "Session", topic_filter: str, options: "SubscriptionOptions | None") -> None:
        """A session subscribed, or unsubscribed (None)."""
        self._subscriptions[session.number, topic_filter] = options
        self._owe(Urgency.NOW)

    def delivery(self, session: "Session", outgoing: "Outgoing") -> None:
        """A message of QoS 1 or 2 waits for a session, or has got its packet id."""
        if not outgoing.number:
            self._number += 1
            outgoing.number = self._number
            outgoing.session = session.number
            self._share(outgoing)
            soon = outgoing.packet_id and outgoing.qos == 1
            outgoing.promise = self._owe(Urgency.SOON if soon else Urgency.NOW)
        else:
            self._awaited = self._awaited or outgoing.qos == 2
            self._raise(Urgency.LAZY if outgoing.qos == 1 else Urgency.NOW)
        self._deliveries[outgoing.number] = outgoing

    def released(self, outgoing: "Outgoing") -> None:
        """The receiver has a message of QoS 2: from now on it may never be sent again."""
        self._deliveries[outgoing.number] = outgoing
        self._owe(Urgency.NOW)

    def delivered(self, outgoing: "Outgoing") -> None:
        """A subscriber has acknowledged a message: it need not be kept, so its publisher need not wait for that."""
        promise = outgoing.promise
        self.dropped(outgoing)
        if promise is not None and promise.done(1):
            self._tell(promise)

    def dropped(self, outgoing: "Outgoing") -> None:
        """Nothing more is owed to its session; but it may be passed on, so its publisher waits for the disk."""
        self._deliveries.pop(outgoing.number, None)
        if outgoing.written:
            self._deliveries_done.append(outgoing.number)
            self._raise(Urgency.LAZY)
        kept, outgoing.number, outgoing.kept, outgoing.promise = outgoing.kept, 0, None, None
        if kept is not None:
            self._release(kept)

    def taken(self, session: "Session", packet_id: int, *, is_taken: bool) -> None:
        """The packet id of a QoS 2 message from the session's client is in use, or free again."""
        self._taken[session.number, packet_id] = is_taken
        self._owe(Urgency.NOW)

    def will(self, client_id: str, will: Will | None) -> None:
        """A client has a will, or it waits for its delay, or is no more (None). Nobody waits for it, but it says of a
        client whether it is lost, so it is on disk as soon as what somebody does wait for."""
        if not self.enabled:
            return
        if will is None and client_id not in self._wills_written:
            self._wills.pop(client_id, None)
            return
        self._wills[client_id] = will
        self._raise(Urgency.SOON)

    def _share(self, outgoing: "Outgoing") -> None:
        """A message comes to its sessions one after the other: from the second on it is kept for all of them."""
        first = self._latest
        if first is None or first.message is not outgoing.message or not first.number:
            self._latest = outgoing
            return
        kept = first.kept
        if kept is None:
            self._number += 1
            kept = first.kept = self._messages[self._number] = Kept(self._number, outgoing.message, waiting=1)
        kept.waiting += 1
        outgoing.kept = kept

    def _release(self, kept: Kept) -> None:
        kept.waiting -= 1
        if kept.waiting:
            return
        if kept.written:
            self._messages_done.append(kept.number)
        else:
            self._messages.pop(kept.number, None)

    # --- batches ------------------------------------------------------------------------------------------------

    def take(self) -> Batch | None:
        """Everything noted since the last call, to be written in one transaction; None when that is nothing.

        One batch at a time: `settled` or `failed` comes before the next call.
        """
        if self.urgency is Urgency.NONE:
            return None
        shift_ms, wall_ms, monotonic_ms = self.shift_ms, self._clock.wall_ms(), self._clock.monotonic_ms()
        self._ahead_ms = wall_ms - monotonic_ms
        batch = self._in_flight = Batch(
            sessions={number: _session_row(session, shift_ms) for number, session in self._sessions.items()},
            subscriptions=self._subscriptions,
            messages=[_stored(kept) for kept in self._messages.values() if kept.waiting > 1],
            messages_done=self._messages_done,
            deliveries=[_delivery(outgoing, shift_ms) for outgoing in self._deliveries.values()],
            deliveries_done=self._deliveries_done,
            taken=self._taken,
            wills=self._wills,
            retained={topic: _retained(current, shift_ms) for topic, current in self._retained.items()},
            promises=self._promises,
            clock=Reading(monotonic_ms + shift_ms, wall_ms),
        )
        self._sessions, self._subscriptions, self._messages, self._messages_done = {}, {}, {}, []
        self._on_their_way, self._deliveries, self._deliveries_done = self._deliveries, {}, []
        self._taken, self._retained = {}, {}
        self._take_wills()
        self._promises, self._promise, self._latest = [], None, None
        self._ending, self._ended = self._ended, []
        self.urgency = Urgency.NONE
        self._awaited = False
        return batch

    def _take_wills(self) -> None:
        for client_id, will in self._wills.items():
            if will is None:
                self._wills_written.discard(client_id)
            else:
                self._wills_written.add(client_id)
        self._wills = {}

    def settled(self, batch: Batch) -> None:
        """A batch is on disk: whoever waited for it is told."""
        self._in_flight = None
        self._ending = []
        self.failing = None
        for promise in batch.promises:
            if promise.done(promise.open):
                self._tell(promise)
        for outgoing in self._on_their_way.values():
            if outgoing.promise is not None and not outgoing.promise.open:
                outgoing.promise = None  # what waits long need not hold what is kept
        self._on_their_way = {}

    def failed(self, batch: Batch, finding: Finding) -> None:
        """The disk refuses; the same batch will be tried again. Who can be told so is told now."""
        self.failing = finding
        for promise in (*batch.promises, *self._promises):
            if promise.open and promise.finding is None:
                promise.finding = finding
                self._tell(promise)

    def _tell(self, promise: Promise) -> None:
        """An answer that cannot be given is its client's trouble: neither the others of the batch nor the next one
        wait for it."""
        if promise.on_kept is None:
            return
        try:
            promise.on_kept()
        except Exception as error:
            if self._on_defect is not None:
                self._on_defect("an answer that waited for the disk failed", "", error)

    def look(self, wall_ms: int, monotonic_ms: int) -> None:
        """Note when the wall clock was set: else the next run took that for time in which nobody ran."""
        if self.enabled and abs(wall_ms - monotonic_ms - self._ahead_ms) >= CLOCK_SET_MS:
            self._raise(Urgency.LAZY)

    # --- after a restart ----------------------------------------------------------------------------------------

    def resume(self, last: Reading | None) -> None:
        """The clock of the disk goes on from the last run, and from as long as nobody ran; a wall clock that was set
        back meanwhile does not tell how long."""
        if last is not None:
            gone_ms = max(0, self._clock.wall_ms() - last.wall_ms)
            self.shift_ms = last.now_ms + gone_ms - self._clock.monotonic_ms()

    def restored(self, number: int) -> None:
        """Numbers up to this one are in use on disk."""
        self._number = max(self._number, number)

    def will_restored(self, client_id: str) -> None:
        """The will of this client is on disk."""
        self._wills_written.add(client_id)


def _session_row(session: "Session | None", shift_ms: int) -> SessionRow | None:
    if session is None:
        return None
    left_ms = 0 if session.connection is not None else session.left_ms + shift_ms
    return SessionRow(session.number, session.client_id, session.user, session.role, session.expiry_s, left_ms)


def _retained(current: "Current", shift_ms: int) -> Retained | None:
    if current.retained is None:
        return None
    return Retained(current.retained, None if current.expires_ms is None else current.expires_ms + shift_ms)


def _stored(kept: Kept) -> StoredMessage:
    kept.written = True
    return StoredMessage(kept.number, kept.message)


def _delivery(outgoing: "Outgoing", shift_ms: int) -> Delivery:
    kept = outgoing.kept
    shared = kept.number if kept is not None and kept.written else 0
    outgoing.written = True
    return Delivery(
        outgoing.number,
        outgoing.session,
        None if shared else outgoing.message,
        shared,
        outgoing.qos,
        outgoing.retain,
        outgoing.packet_id,
        outgoing.released,
        outgoing.identifiers,
        outgoing.share,
        None if outgoing.expires_ms is None else outgoing.expires_ms + shift_ms,
    )

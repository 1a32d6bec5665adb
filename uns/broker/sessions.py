"""Which client has which session? Take-over, expiry, delayed wills, and the subscriptions of a session."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from uns.broker.connection import Connection, Feed
from uns.broker.door import Door
from uns.broker.held import Held
from uns.broker.identity import Granted, Publisher
from uns.broker.kept import Snapshot
from uns.broker.ledger import Kept, Ledger
from uns.broker.leftovers import Leftovers
from uns.broker.limits import Limits
from uns.broker.notices import Notices, Trouble
from uns.broker.outgoing import Outgoing
from uns.broker.quota import message_bytes
from uns.broker.review import Reviews, access_finding
from uns.broker.route import Target
from uns.broker.session import NEVER_EXPIRES_S, Session
from uns.broker.stats import Stats
from uns.broker.subscriptions import SubscriptionOptions
from uns.broker.timers import Timer, Timers
from uns.broker.turns import Turns
from uns.clock import Clock
from uns.errors import Finding, shorten
from uns.link import Message
from uns.topics import parse_share

ROWS_AT_ONCE = 64
FILTER_COPIES = 2
"""A filter lies in memory whole and by its levels."""


class SessionTable:
    """Sessions by client id, connected or waiting for their client's return."""

    def __init__(
        self,
        door: Door,
        clock: Clock,
        timers: Timers,
        turns: Turns,
        limits: Limits,
        stats: Stats,
        notices: Notices,
        ledger: Ledger,
    ) -> None:
        self.held = Held()
        self._door = door
        self._ledger = ledger
        self._clock = clock
        self._timers = timers
        self._turns = turns
        self._leftovers = Leftovers(door.subscriptions, clock, self.held, ledger, stats)
        self._reviews = Reviews(door, turns, self._leftovers, self.unsubscribe)
        self._limits = limits
        self._stats = stats
        self._notices = notices
        self._by_client_id: dict[str, Session] = {}
        self._expiries: dict[Session, Timer] = {}
        self._wills: dict[str, Timer] = {}
        self._will_bytes: dict[str, int] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._by_client_id.values()))

    def get(self, client_id: str) -> Session | None:
        return self._by_client_id.get(client_id)

    def open(
        self, connection: Connection, client_id: str, granted: Granted, clean_start: bool, expiry_s: int
    ) -> tuple[Session, bool]:
        """The session for a CONNECT and whether it was there before; takes it over from an older connection.

        The caller has made sure with `belongs_to_another` that it is this user's.
        """
        session = self._by_client_id.get(client_id)
        if session is not None and session.connection is not None:
            session.connection.taken_over()
            session = self._by_client_id.get(client_id)
        will = self._take_will(client_id)
        if session is not None and clean_start:
            if will is not None and will.call is not None:
                will.call()  # the session ends now, so its delayed will is due (MQTT-3.1.3-9)
            self.end(session)
            session = None
        if will is not None:
            will.cancel()
        present = session is not None
        if session is None:
            session = self._by_client_id[client_id] = self._make(client_id)
        expiry = self._expiries.pop(session, None)
        if expiry is not None:
            expiry.cancel()
        session.user = granted.user
        session.connection = connection
        self._stats.sessions_connected += 1
        self._stats.sessions_maximum = max(self._stats.sessions_maximum, self._stats.sessions_connected)
        session.since_ms = self._door.now_ms
        self._stats.sessions = len(self._by_client_id)
        if session.role != granted.role:
            session.role = granted.role
            self._reviews.begin([session])
        self._refresh(session)
        self.set_expiry(session, expiry_s)
        return session, present

    def _make(self, client_id: str) -> Session:
        session = Session(client_id, self._limits, self._stats, self._notices, self._ledger, self.held)
        session.keep(len(client_id))
        return session

    def set_expiry(self, session: Session, expiry_s: int) -> None:
        """How long the session outlives its connection; one that does is kept on disk."""
        session.expiry_s = expiry_s
        if expiry_s:
            self._ledger.session(session)
        elif session.number:
            self._ledger.session_ended(session)
            self._turns.in_steps(self._drop_rows([*session.queue, *session.inflight.values()]))

    def _drop_rows(self, outgoings: list[Outgoing]) -> Iterator[None]:
        """The session ends with its connection, so nothing on its way to it outlives a crash either."""
        for number, outgoing in enumerate(outgoings, 1):
            if outgoing.number:
                self._ledger.dropped(outgoing)
            if number % ROWS_AT_ONCE == 0:
                yield

    def room_finding(self, client_id: str, expiry_s: int) -> Finding | None:
        """Why no session that outlives its connection can be made for this client, or None.

        Nobody else's session goes instead: what was acknowledged for it is kept. Sessions that end with their
        connection are bounded by the connections.
        """
        if not expiry_s or client_id in self._by_client_id or len(self._by_client_id) < self._limits.max_sessions:
            return None
        self._stats.sessions_refused += 1
        return Finding(
            id="quota.sessions",
            what=f"the broker already keeps {self._limits.max_sessions} sessions.",
            hint="Connect with clean start and no session expiry, or raise mqtt.max_sessions in uns.yaml.",
        )

    def belongs_to_another(self, client_id: str, granted: Granted) -> bool:
        """Is there a session of this client id that another user left or holds?"""
        session = self._by_client_id.get(client_id)
        return session is not None and session.user != granted.user

    def review_all(self) -> None:
        """The policy has changed: no subscription outlives the right to it."""
        self._reviews.begin(self)

    def leave(self, session: Session) -> None:
        """Its connection is gone: keep the session for its expiry interval."""
        session.connection = None
        self._stats.sessions_connected -= 1
        session.since_ms = self._door.now_ms
        if session.expiry_s == 0:
            self.end(session)
            return
        self._ledger.session(session)
        self._refresh(session)
        if session.expiry_s != NEVER_EXPIRES_S:
            due_ms = self._clock.monotonic_ms() + session.expiry_s * 1000
            self._expiries[session] = self._timers.at(due_ms, lambda: self._expire(session))

    def _expire(self, session: Session) -> None:
        self._stats.sessions_expired += 1
        self.give_up(session)

    def end(self, session: Session) -> None:
        """Discard a session: at once it gets nothing and counts no more; what it leaves goes in steps."""
        if session.number:
            self._ledger.session_ended(session)
        self._refresh(session)
        size = session.held_bytes
        subscriptions, left = session.end()
        expiry = self._expiries.pop(session, None)
        if expiry is not None:
            expiry.cancel()
        if self._by_client_id.get(session.client_id) is session:
            del self._by_client_id[session.client_id]
        self._stats.sessions = len(self._by_client_id)
        if size:
            self._turns.in_steps(self._leftovers.settle(left, size))
        if subscriptions:
            self._sweep(session, subscriptions)

    def _sweep(self, session: Session, topic_filters: Iterable[str]) -> None:
        """The session has these no more."""
        self._door.subscriptions.leave(session, topic_filters)
        self._turns.in_steps(self._door.subscriptions.sweep())

    def _refresh(self, session: Session) -> None:
        """Its plain frames go to another connection now."""
        self._door.subscriptions.forget_relays()
        self._door.invalidate(session.subscriptions)

    def schedule_will(self, publisher: Publisher, will: Message, delay_s: int) -> None:
        """Publish a will now, or after its delay unless the client returns first (MQTT-3.1.3-9)."""
        client_id = publisher.client_id

        def fire() -> None:
            self._take_will(client_id)
            self._door.offer(publisher, will.topic, will.payload, will.qos, will.retain, will.properties)

        if delay_s == 0:
            fire()
        else:
            self._wills[client_id] = self._timers.at(self._clock.monotonic_ms() + delay_s * 1000, fire)
            self._will_bytes[client_id] = size = message_bytes(will)
            self._stats.client_bytes += size

    def _take_will(self, client_id: str) -> Timer | None:
        """The delayed will of this client, which is not scheduled any more."""
        self._stats.client_bytes -= self._will_bytes.pop(client_id, 0)
        return self._wills.pop(client_id, None)

    @property
    def queued_bytes(self) -> int:
        """What waits for sessions or is on its way to them. What ended ones have left goes by itself: nobody need give
        way for it."""
        return max(0, self.held.bytes - self._leftovers.bytes)

    def kept_bytes(self, session: Session) -> int:
        """What is kept for a client that is away, beside its messages."""
        return session.kept_bytes + self._will_bytes.get(session.client_id, 0)

    def give_up(self, session: Session) -> None:
        """End a session whose client is away: it is time, or memory is short. Its will is due (MQTT-3.1.3-9)."""
        self.end(session)
        will = self._take_will(session.client_id)
        if will is not None and will.call is not None:
            call = will.call
            will.cancel()
            call()

    def subscribe(self, session: Session, topic_filter: str, options: SubscriptionOptions) -> Finding | Feed | None:
        """Subscribe a session: why it may not, or the retained messages it asked for, to be sent after the SUBACK;
        None when it asked for none.

        The caller invalidates the fan-outs, once for all filters of a SUBSCRIBE.
        """
        group, bare = parse_share(topic_filter)
        fault = self._door.depth_fault(bare)
        if fault:
            self._stats.subscribes_refused += 1
            finding = Finding(id="topic.filter", what=f"'{shorten(topic_filter)}' is no topic filter: {fault}.")
            if session.connection is not None:
                self._notices.raise_for(session.connection, Trouble.SUBSCRIBE_OVER_QUOTA, "", finding.what)
            return finding
        refused = access_finding(self._door.admission, session, topic_filter)
        if refused is not None:
            self._stats.subscribes_refused += 1
            return refused
        is_new = topic_filter not in session.subscriptions
        if is_new and len(session.subscriptions) >= self._limits.max_subscriptions_per_client:
            self._stats.subscriptions_over_quota += 1
            if session.connection is not None:
                setting = "max_subscriptions_per_client"
                self._notices.raise_for(session.connection, Trouble.SUBSCRIBE_OVER_QUOTA, setting)
            return Finding(
                id="quota.subscriptions",
                what=f"'{session.client_id}' already has {len(session.subscriptions)} subscriptions.",
                hint="Use wildcards, or raise mqtt.max_subscriptions_per_client in uns.yaml.",
            )
        if session.number and self._ledger.failing is not None:
            return self._ledger.failing
        session.subscriptions[topic_filter] = options
        if is_new:
            session.keep(FILTER_COPIES * len(topic_filter))
        self._door.subscriptions.add(session, topic_filter, options)
        if session.number:
            self._ledger.subscription(session, topic_filter, options)
        if group or options.retain_handling == 2 or (options.retain_handling == 1 and not is_new):
            return None  # MQTT-3.3.1-10, -11; none for shared subscriptions (MQTT 5, 4.8.2)
        return self._retained_for(session, bare, options)

    def _retained_for(self, session: Session, topic_filter: str, options: SubscriptionOptions) -> Feed:
        """Read as the client takes them, so that a large namespace fills no buffer."""
        target = Target(session, options.qos, identifiers=(options.identifier,) if options.identifier else ())
        for found in self._door.search_retained(topic_filter):
            if found is None:
                yield None
            elif not options.no_local or found[0].publisher != session.client_id:  # MQTT-3.8.3-3
                yield found[0], target, found[1]

    def unsubscribe(self, session: Session, topic_filters: Collection[str]) -> Iterator[None]:
        """End these subscriptions, which the session has, in steps: with the first of them none is in force any more.

        What waits by a shared one is for the other members.
        """
        for topic_filter in topic_filters:
            del session.subscriptions[topic_filter]
            session.feeds.pop(topic_filter, None)  # MQTT-3.10.4-2
            session.keep(-FILTER_COPIES * len(topic_filter))
        self._door.invalidate(topic_filters)
        self._sweep(session, topic_filters)
        shares = {topic_filter for topic_filter in topic_filters if topic_filter.startswith("$share/")}
        if shares:
            yield
            given = session.give_back(shares)
            yield from self._leftovers.settle(given, sum(outgoing.bytes for outgoing in given))
        for number, topic_filter in enumerate(topic_filters, 1):
            if session.number and topic_filter not in session.subscriptions:
                self._ledger.subscription(session, topic_filter, None)
            if number % ROWS_AT_ONCE == 0:
                yield

    def restore(self, snapshot: Snapshot) -> None:
        """Take up the sessions that outlived the last run; their clients are gone since they left, or since now."""
        wall_ms, monotonic_ms = self._clock.wall_ms(), self._clock.monotonic_ms()
        by_number: dict[int, Session] = {}
        shared: dict[int, Kept] = {}
        left: list[Outgoing] = []
        for row in snapshot.sessions:
            session = by_number[row.number] = self._by_client_id[row.client_id] = self._make(row.client_id)
            session.number, session.user, session.role, session.expiry_s = row.number, row.user, row.role, row.expiry_s
            session.begin_ids(wall_ms)
            session.since_ms = min(row.left_ms or wall_ms, wall_ms)  # the clock may have been set back
            self._ledger.restored(row.number)
        for number, topic_filter, options in snapshot.subscriptions:
            by_number[number].subscriptions[topic_filter] = options
            by_number[number].keep(FILTER_COPIES * len(topic_filter))
            self._door.subscriptions.add(by_number[number], topic_filter, options)
        for number, packet_id in snapshot.taken:
            by_number[number].incoming.add(packet_id)
        for delivery in snapshot.deliveries:
            kept = shared.get(delivery.shared)
            if kept is None:
                kept = Kept(delivery.shared, delivery.message)
                kept.written = delivery.shared > 0
                self._ledger.restored(delivery.shared)
                if delivery.shared:
                    shared[delivery.shared] = kept
            kept.waiting += 1
            outgoing = Outgoing(
                kept.message,
                delivery.qos,
                delivery.retain,
                delivery.identifiers,
                None if delivery.expires_ms is None else delivery.expires_ms - wall_ms + monotonic_ms,
                delivery.share,
                delivery.packet_id,
                delivery.released,
            )
            outgoing.number, outgoing.kept, outgoing.written = delivery.number, kept, True
            self._ledger.restored(delivery.number)
            owner = by_number.get(delivery.session)
            if owner is not None:
                owner.take_up(outgoing)
            else:  # it had ended, and the last run came not as far as to what it left
                self.held.take(outgoing)
                left.append(outgoing)
        for session in by_number.values():
            self._ledger.session(session)  # one that was connected at the crash has left now
            if session.expiry_s != NEVER_EXPIRES_S:
                left_ms = session.since_ms + session.expiry_s * 1000 - wall_ms
                self._expiries[session] = self._timers.at(monotonic_ms + left_ms, partial(self._expire, session))
        self.review_all()
        self._turns.in_steps(self._leftovers.settle(left, sum(outgoing.bytes for outgoing in left)))
        self._stats.sessions = len(self._by_client_id)

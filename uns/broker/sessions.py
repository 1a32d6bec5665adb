"""Which client has which session? Take-over, expiry, delayed wills, and the subscriptions of a session."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial

from msgspec import structs

from uns.broker.connection import Connection
from uns.broker.door import Door
from uns.broker.held import Held
from uns.broker.identity import Granted
from uns.broker.inlet import Feed
from uns.broker.kept import Snapshot
from uns.broker.ledger import Kept, Ledger
from uns.broker.leftovers import Leftovers
from uns.broker.limits import Limits
from uns.broker.notices import Notices, Trouble
from uns.broker.outgoing import Outgoing
from uns.broker.review import Reviews, access_finding
from uns.broker.route import Target
from uns.broker.session import NEVER_EXPIRES_S, Session
from uns.broker.stats import Stats
from uns.broker.subscriptions import SubscriptionOptions
from uns.broker.timers import Timer, Timers
from uns.broker.turns import Turns
from uns.broker.wills import Wills
from uns.clock import Clock
from uns.errors import Finding, shorten
from uns.mqtt import ReasonCode
from uns.topics import parse_share

ROWS_AT_ONCE = 64
SESSION_BYTES = 2560
"""A session with nothing in it, its names aside."""
SUBSCRIPTION_BYTES = 400
LEVEL_BYTES = 200
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
        dates_deaths: bool,
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
        self.wills = Wills(door, clock, timers, stats, ledger, grace_s=limits.will_grace_s, dates_deaths=dates_deaths)

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
        if session is not None and clean_start:
            self.wills.due(client_id)  # the session ends now, so its delayed will is due (MQTT-3.1.3-9)
            self.end(session)
            session = None
        self.wills.returned(client_id, granted.user)
        present = session is not None
        if session is None:
            session = self._by_client_id[client_id] = self._make(client_id)
        expiry = self._expiries.pop(session, None)
        if expiry is not None:
            expiry.cancel()
        self._own(session, granted.user)
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
        session.keep(SESSION_BYTES + client_id.__sizeof__())
        return session

    def _own(self, session: Session, user: str) -> None:
        """The session is this user's."""
        session.keep(len(user) - len(session.user))
        session.user = user

    def set_expiry(self, session: Session, expiry_s: int) -> None:
        """How long the session outlives its connection; one that does is kept on disk."""
        session.expiry_s = expiry_s
        if expiry_s:
            self._ledger.session(session)
        elif session.number:
            self._turns.in_steps(self._keep_no_more(session))

    def _keep_no_more(self, session: Session) -> Iterator[None]:
        """The session ends with its connection, so nothing of it outlives a crash either.

        It is kept until its rows are gone: what is sent at QoS 2 meanwhile must not stand on disk as if it were not.
        """
        for number, outgoing in enumerate([*session.queue, *session.inflight.values()], 1):
            if outgoing.number:
                self._ledger.dropped(outgoing)
            if number % ROWS_AT_ONCE == 0:
                yield
        for outgoing in (*session.queue, *session.inflight.values()):  # what came, or was sent, during these steps
            if outgoing.number:
                self._ledger.dropped(outgoing)
        if session.number:
            self._ledger.session_ended(session)

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

    def regrant(self, role_of: Callable[[str], str | None]) -> None:
        """Give every session the role that its user has now. Who may not connect any more is disconnected, and what is
        left of the session may do nothing."""
        for session in list(self):
            role = role_of(session.user)
            if role == session.role:
                continue
            session.role = role or ""
            connection = session.connection
            if session.number:
                self._ledger.session(session)
            if connection is None:
                continue
            connection.publisher = structs.replace(connection.publisher, role=session.role)
            if role is None:
                what = f"the user '{session.user}' may not connect any more"
                connection.disconnect(ReasonCode.ADMINISTRATIVE_ACTION, what)

    def review_all(self) -> None:
        """The policy has changed: no subscription outlives the right to it."""
        self._reviews.begin(self)

    def leave(self, session: Session) -> None:
        """Its connection is gone: keep the session for its expiry interval."""
        session.connection = None
        self._stats.sessions_connected -= 1
        session.since_ms = self._door.now_ms
        session.left_ms = self._clock.monotonic_ms()
        if session.expiry_s == 0:
            self.end(session)
            return
        self._ledger.session(session)
        self._refresh(session)
        if session.expiry_s != NEVER_EXPIRES_S:
            self._wait(session)

    def _wait(self, session: Session) -> None:
        """End the session when its client has been away for so long."""
        due_ms = session.left_ms + session.expiry_s * 1000
        self._expiries[session] = self._timers.at(due_ms, partial(self._expire, session))

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

    @property
    def queued_bytes(self) -> int:
        """What waits for sessions or is on its way to them. What ended ones have left goes by itself: nobody need give
        way for it."""
        return max(0, self.held.bytes - self._leftovers.bytes)

    def kept_bytes(self, session: Session) -> int:
        """What is kept for a client that is away, beside its messages."""
        return session.kept_bytes + self.wills.bytes_of(session.client_id)

    def give_up(self, session: Session) -> None:
        """End a session whose client is away: it is time, or memory is short. Its will is due (MQTT-3.1.3-9)."""
        self.end(session)
        self.wills.due(session.client_id)

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
        excess = self._excess_finding(session, topic_filter, options)
        if excess is not None:
            return excess
        if session.number and self._ledger.failing is not None:
            return self._ledger.failing
        self._note(session, topic_filter, options)
        self._door.subscriptions.add(session, topic_filter, options)
        if session.number:
            self._ledger.subscription(session, topic_filter, options)
        if group or options.retain_handling == 2 or (options.retain_handling == 1 and not is_new):
            return None  # MQTT-3.3.1-10, -11; none for shared subscriptions (MQTT 5, 4.8.2)
        return self._retained_for(session, bare, options)

    def _excess_finding(self, session: Session, topic_filter: str, options: SubscriptionOptions) -> Finding | None:
        """Why the session may not have one more subscription, or one more identifier, or None."""
        limits, before = self._limits, session.subscriptions.get(topic_filter)
        if before is None and len(session.subscriptions) >= limits.max_subscriptions_per_client:
            setting, hint = "max_subscriptions_per_client", "Use wildcards"
            held = f"{len(session.subscriptions)} subscriptions"
        elif (
            _adds_up(topic_filter, options) > _adds_up(topic_filter, before)
            and session.identifiers >= limits.max_subscription_identifiers
        ):
            setting, hint = "max_subscription_identifiers", "Subscribe without an identifier"
            held = f"{session.identifiers} subscription identifiers at filters with wildcards"
        else:
            return None
        self._stats.subscriptions_over_quota += 1
        if session.connection is not None:
            self._notices.raise_for(session.connection, Trouble.SUBSCRIBE_OVER_QUOTA, setting)
        return Finding(
            id="quota.subscriptions",
            what=f"'{shorten(session.client_id)}' already has {held}.",
            hint=f"{hint}, or raise mqtt.{setting} in uns.yaml.",
        )

    def _note(self, session: Session, topic_filter: str, options: SubscriptionOptions | None) -> None:
        """The session has this subscription, or has it no more (None)."""
        before = session.subscriptions.get(topic_filter)
        if options is not None:
            session.subscriptions[topic_filter] = options
        elif before is not None:
            del session.subscriptions[topic_filter]
        session.keep(_filter_bytes(topic_filter) * ((options is not None) - (before is not None)))
        session.identifiers += _adds_up(topic_filter, options) - _adds_up(topic_filter, before)

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
            self._note(session, topic_filter, None)
            session.feeds.pop(topic_filter, None)  # MQTT-3.10.4-2
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
        wall_ms, monotonic_ms, shift_ms = self._clock.wall_ms(), self._clock.monotonic_ms(), self._ledger.shift_ms
        by_number: dict[int, Session] = {}
        shared = {number: Kept(number, each, written=True) for number, each in snapshot.messages.items()}
        self._ledger.restored(max(shared, default=0))
        left: list[Outgoing] = []
        for row in snapshot.sessions:
            session = by_number[row.number] = self._by_client_id[row.client_id] = self._make(row.client_id)
            session.number, session.role, session.expiry_s = row.number, row.role, row.expiry_s
            self._own(session, row.user)
            session.begin_ids(wall_ms)
            # The clock may have been set back since.
            session.left_ms = min(row.left_ms - shift_ms, monotonic_ms) if row.left_ms else monotonic_ms
            session.since_ms = wall_ms - (monotonic_ms - session.left_ms)
            self._ledger.restored(row.number)
        for number, topic_filter, options in snapshot.subscriptions:
            self._note(by_number[number], topic_filter, options)
            self._door.subscriptions.add(by_number[number], topic_filter, options)
        for number, packet_id in snapshot.taken:
            by_number[number].incoming.add(packet_id)
        for delivery in snapshot.deliveries:
            kept = shared.get(delivery.shared)
            if kept is not None:
                kept.waiting += 1
            outgoing = Outgoing(
                delivery.message or snapshot.messages[delivery.shared],
                delivery.qos,
                delivery.retain,
                delivery.identifiers,
                None if delivery.expires_ms is None else delivery.expires_ms - shift_ms,
                delivery.share,
                delivery.packet_id,
                delivery.released,
            )
            outgoing.number, outgoing.session = delivery.number, delivery.session
            outgoing.kept, outgoing.written = kept, True
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
                self._wait(session)
        self.wills.restore(snapshot.wills)
        self.review_all()
        self._turns.in_steps(self._leftovers.settle(left, sum(outgoing.bytes for outgoing in left)))
        self._stats.sessions = len(self._by_client_id)


def _filter_bytes(topic_filter: str) -> int:
    """Roughly what a subscription takes in memory."""
    levels = topic_filter.count("/") + 1
    return SUBSCRIPTION_BYTES + LEVEL_BYTES * levels + FILTER_COPIES * len(topic_filter)


def _adds_up(topic_filter: str, options: SubscriptionOptions | None) -> bool:
    """May its identifier stand beside thousands of others in one message? Not without a wildcard: one such filter
    matches a topic. Nor in a shared subscription, by which each message comes alone."""
    if options is None or not options.identifier or topic_filter.startswith("$share/"):
        return False
    return "+" in topic_filter or "#" in topic_filter

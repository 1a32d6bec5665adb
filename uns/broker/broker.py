"""The embedded broker put together: the door, the sessions, the connections and the clients in this process.

Pure and synchronous: no socket, no task, no clock of its own. A server feeds bytes to the `Connection`s that `accept`
makes, writes what they have ready, and calls `tick` often enough for its timers.
"""

from collections.abc import Callable, Collection, Iterator

import msgspec

from uns.broker.admittance import Admittance
from uns.broker.budget import Budget
from uns.broker.connection import Connection
from uns.broker.door import Door
from uns.broker.expiries import Expiries
from uns.broker.identity import (
    ASSIGNED_PREFIX,
    Authenticate,
    Blocked,
    Publisher,
    nobody_is_blocked,
    trust_everyone,
)
from uns.broker.kept import Snapshot
from uns.broker.ledger import Ledger
from uns.broker.limits import Limits
from uns.broker.local import LocalClient
from uns.broker.notices import Notices, OnNotice, Trouble
from uns.broker.old_names import PathUse
from uns.broker.refusals import OnDefect, OnWrite
from uns.broker.route import Current
from uns.broker.session import Session
from uns.broker.sessions import SessionTable
from uns.broker.state import State
from uns.broker.stats import Stats
from uns.broker.subscriptions import SubscriptionInfo
from uns.broker.sys_topics import MemoryBytes, SysTopics
from uns.broker.timers import Timers
from uns.broker.turns import TURN_MS, Turns
from uns.clock import Clock
from uns.errors import Finding
from uns.link import Message, Receive
from uns.mqtt import ReasonCode
from uns.policy.alias import PathAlias
from uns.policy.verdict import Admission, Outcome, Verdict
from uns.policy.violation import Violation
from uns.topics import TopicTrie


class ClientInfo(msgspec.Struct, frozen=True):
    """One client for people to look at. since_ms: UTC, of the connection or of its loss."""

    client_id: str
    protocol: str
    address: str
    role: str
    connected: bool
    since_ms: int
    subscriptions: list[str]
    inflight: int
    queued: int
    messages_in: int
    messages_out: int
    dropped: int


class Broker:
    """admission: the compiled policy; clock: wall and monotonic time.

    blocked is asked at each CONNECT, and again by `expel_blocked`.
    on_violation is called for each recorded violation and must return at once; on_defect when a validator or a receiver
    in this process raised; on_notice when a client runs into a limit, and when it is well again; on_ready when a
    connection has something to send after none had. make_client_id makes ids for clients that bring none; they should
    not be guessable. keeps: what the `ledger` notes is written to disk by somebody, and acknowledgements wait for that.
    dates_deaths: an NDEATH of Sparkplug that is published as a will gets the time of that.
    """

    def __init__(
        self,
        admission: Admission,
        clock: Clock,
        *,
        limits: Limits | None = None,
        authenticate: Authenticate = trust_everyone,
        blocked: Blocked = nobody_is_blocked,
        on_violation: Callable[[Violation], None] | None = None,
        on_defect: OnDefect | None = None,
        on_notice: OnNotice | None = None,
        on_ready: Callable[[], None] | None = None,
        make_client_id: Callable[[], str] | None = None,
        keeps: bool = False,
        dates_deaths: bool = False,
    ) -> None:
        self.limits = limits or Limits()
        self.clock = clock
        self.stats = Stats()
        self.timers = Timers()
        self.turns = Turns(clock)
        self.ledger = Ledger(clock, enabled=keeps, on_defect=on_defect)
        self.door = Door(admission, clock, self.limits, self.stats, self.ledger, on_violation, on_defect)
        self.notices = Notices(clock, self.timers, on_notice)
        self.admittance = Admittance(clock)
        self.sessions = SessionTable(
            self.door, clock, self.timers, self.turns, self.limits, self.stats, self.notices, self.ledger, dates_deaths
        )
        self.ready: list[Connection] = []
        """Connections with something to write, or to be closed; they enter themselves, whoever serves them takes them
        out, and the list stays the same one."""
        self.laden: set[Connection] = set()
        """Connections that may hold bytes which were not read or not sent: the `budget` looks at no others."""
        self.authenticate = authenticate
        self.blocked = blocked
        self.on_ready = on_ready
        self._make_client_id = make_client_id or self._count_client_id
        self._connections: set[Connection] = set()
        self._locals: set[LocalClient] = set()
        self._assigned = 0
        self.budget = Budget(self)
        self.expiries = Expiries(self.door, clock, self.timers)
        self.door.retaining.on_expiring = self.expiries.note
        self.door.memory_finding = self.budget.retaining_finding

    # --- messages -----------------------------------------------------------------------------------------------

    def publish(self, message: Message, role: str, address: str = "") -> Verdict:
        """The door, for callers that hold a whole message and no connection (REST, replay)."""
        self.door.now_ms = self.clock.wall_ms()
        self.stats.messages_in += 1
        self.ledger.begin()
        publisher = Publisher(message.publisher, role, address, "HTTP" if address else "internal")
        short = self.budget.publish_finding(message.retain, message.payload) if message.qos else None
        if short is not None:
            return self.door.refuse(publisher, message, short)
        return self.door.offer(
            publisher, message.topic, message.payload, message.qos, message.retain, message.properties
        )

    def replay(self, message: Message, publisher: Publisher) -> Verdict:
        """Publish what quarantine held, judged anew; `received_ms` of the message is the time it counts as received."""
        self.door.now_ms = self.clock.wall_ms()
        self.stats.messages_in += 1
        self.ledger.begin()
        short = self.budget.publish_finding(message.retain, message.payload) if message.qos else None
        if short is not None:
            return Verdict(Outcome.REJECTED, short)
        return self.door.replay(publisher, message)

    def judge(self, message: Message, role: str) -> Verdict:
        """`check`, with everything that a message says of itself."""
        return self.door.check(message.topic, message.payload, role, message.retain, message.properties)

    def when_kept(self, call: Callable[[Finding | None], None]) -> None:
        """Call once the last `publish` is on disk, as far as it must be: at once when it is, and with the finding when
        the disk refuses."""
        self.ledger.when_kept(call)

    def restore(self, snapshot: Snapshot) -> None:
        """Take up what outlived the last run; before anybody connects or publishes."""
        self.ledger.resume(snapshot.clock)
        self.door.restore(snapshot.retained)
        self.sessions.restore(snapshot)
        self.turns.in_steps(self.door.leave_old_names())

    def check(self, topic: str, payload: bytes, role: str) -> Verdict:
        """What would this topic and payload get? Nothing is published, counted or kept."""
        return self.door.check(topic, payload, role)

    def replace_admission(self, admission: Admission, role_of: Callable[[str], str | None] | None = None) -> None:
        """Change the policy hot: every topic is judged anew at its next message, and no subscription is
        in force any more that has lost its right.

        role_of: the role that a user has from now on, None for one who may not connect any more; left out, everybody
        keeps theirs.
        """
        self.door.now_ms = self.clock.wall_ms()
        self.door.replace_admission(admission)
        if role_of is not None:
            self.sessions.regrant(role_of)
        self.sessions.review_all()
        self.turns.in_steps(self.door.leave_old_names())

    def write_with(self, on_write: OnWrite) -> None:
        """From now on ask this what becomes of messages on writable topics."""
        self.door.on_write = on_write

    @property
    def topics(self) -> TopicTrie[Current]:
        """The current value of every topic; for reading."""
        return self.door.topics

    def retained(self, topic_filter: str) -> Iterator[Message]:
        """The retained messages a filter matches."""
        return (found[0] for found in self.door.search_retained(topic_filter) if found is not None)

    # --- clients in this process --------------------------------------------------------------------------------

    def local(self, client_id: str, role: str = "internal", protocol: str = "internal") -> LocalClient:
        """A client in this process."""
        client = LocalClient(self, Publisher(client_id, role, "", protocol))
        self._locals.add(client)
        return client

    def forget_local(self, client: LocalClient) -> None:
        self._locals.discard(client)

    def subscribe_local(self, client: LocalClient, topic_filter: str, receive: Receive) -> None:
        self.door.subscriptions.add_local(client, topic_filter, receive)
        self.door.invalidate([topic_filter])
        for message in list(self.retained(topic_filter)):
            receive(message)

    def unsubscribe_local(self, client: LocalClient, topic_filter: str) -> None:
        self.door.subscriptions.remove_local(client, topic_filter)
        self.door.invalidate([topic_filter])

    # --- connections --------------------------------------------------------------------------------------------

    def accept(self, address: str, over: str = "", certified: str | None = None) -> Connection:
        """A new network connection from `host:port`, `over` TCP, TLS or WebSocket; feed `receive`, end with `lost`.

        certified: the user that a verified certificate names, where that says who a client is.
        """
        connection = Connection(self, address, over, certified)
        self._connections.add(connection)
        self.stats.connections_opened += 1
        self.stats.connections = len(self._connections)
        refusal = connection.refusal
        if refusal is not None and not refusal.tell:
            self.stats.connects_refused += 1
            self.notices.raise_for(connection, Trouble.REFUSED, refusal.setting, refusal.text)
            connection.close()
        return connection

    def forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self.laden.discard(connection)
        self.admittance.leave(connection.host, refused=connection.refusal is not None)
        self.stats.connections = len(self._connections)

    @property
    def connections(self) -> Collection[Connection]:
        return self._connections

    def assign_client_id(self) -> str:
        """An id that no session has (MQTT-3.1.3-6)."""
        while True:
            client_id = self._make_client_id()
            if self.sessions.get(client_id) is None:
                return client_id

    def _count_client_id(self) -> str:
        self._assigned += 1
        return f"{ASSIGNED_PREFIX}{self._assigned}"

    def tick(self) -> int | None:
        """Run what is due, for TURN_MS at a time; the monotonic time in ms of the next timer, which may be past.

        None of it is early, not even by the grain of the clock.
        """
        clock, wall_ms, now_ms = self.clock, self.clock.wall_ms(), self.clock.monotonic_ms()
        self.door.now_ms = wall_ms
        self.ledger.look(wall_ms, now_ms)
        return self.timers.run(now_ms - clock.grain_ms, lambda: clock.monotonic_ms() >= now_ms + TURN_MS)

    def publish_sys_topics(self, interval_s: int, version: str, memory_bytes: MemoryBytes | None = None) -> None:
        """Say on `$SYS/broker/…` how the broker is, now and each `interval_s` seconds; call it once."""
        SysTopics(self, interval_s, version, memory_bytes).start()

    def expel_blocked(self) -> list[str]:
        """Disconnect whoever is blocked by now (0x98 administrative action; 0x8A banned before CONNACK); their client
        ids."""
        expelled = []
        for connection in list(self._connections):
            session = connection.session
            if session is None:
                continue  # it is asked when its CONNECT is judged
            why = self.blocked(session.client_id, session.user, connection.host)
            if why:
                expelled.append(session.client_id)
                is_open = connection.state is State.OPEN
                connection.disconnect(ReasonCode.ADMINISTRATIVE_ACTION if is_open else ReasonCode.BANNED, why)
        return expelled

    def shut_down(self) -> None:
        """Tell every client goodbye with 0x8B (server shutting down); their wills are published, and what ended
        sessions leave is passed on."""
        for connection in list(self._connections):
            connection.server_shutting_down()
        self.turns.finish()

    # --- for people to look at ----------------------------------------------------------------------------------

    def current(self, topic: str) -> Current | None:
        """The last message of a topic and what is retained there."""
        return self.door.topics.get(topic)

    def path_use(self, alias: PathAlias) -> PathUse:
        """Who has published on an old path since the start."""
        return self.door.old_names.use_of(alias)

    def subscriber_count(self, topic: str) -> int:
        return self.door.subscriptions.count(topic)

    def subscribers(self, topic: str) -> list[SubscriptionInfo]:
        """Who hears a topic, and by which filter."""
        return list(self.door.subscriptions.subscribers(topic))

    def clients(self) -> list[ClientInfo]:
        """Every session, connected or waiting, and every client in this process."""
        network = [_session_info(session) for session in self.sessions]
        inner = [_local_info(client) for client in self._locals]
        return sorted(network + inner, key=lambda info: info.client_id)


def _session_info(session: Session) -> ClientInfo:
    connection = session.connection
    return ClientInfo(
        session.client_id,
        connection.protocol if connection else "",
        connection.address if connection else "",
        session.role,
        connection is not None,
        session.since_ms,
        list(session.subscriptions),
        len(session.inflight),
        len(session.queue),
        session.messages_in,
        session.messages_out,
        session.dropped,
    )


def _local_info(client: LocalClient) -> ClientInfo:
    publisher = client.publisher
    return ClientInfo(
        publisher.client_id,
        publisher.protocol,
        "",
        publisher.role,
        True,
        0,
        sorted(client.subscriptions),
        0,
        0,
        0,
        0,
        0,
    )

"""Whatever several clients do in whatever order: does the broker keep its promises?

A hypothesis state machine drives clients against the broker in memory and a model beside it, which knows for each
message who must get it (QoS 1 at least once, QoS 2 exactly once), who may, and who must not.
"""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits, Notice
from uns.mqtt import (
    ConnectWill,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscribe,
    Subscription,
    Unsubscribe,
)
from uns.topics import matches

CLIENTS = ("ann", "bob", "cat")
TOPICS = ("open/a", "open/a/b", "open/c")
FILTERS = ("open/a", "open/#", "open/+", "open/a/b", "open/a/#")
EXPIRY_S = 60
LIMITS = Limits(receive_maximum=4, max_queued_messages=1000, max_topics=2 + len(TOPICS))
"""The queue sheds nothing here: what a session must get, it gets."""

clients = st.sampled_from(CLIENTS)
topics = st.sampled_from(TOPICS)
qos = st.integers(0, 2)


class Client:
    """The model of one session and its client: what it must have, and what it got."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.peer: Peer | None = None
        self.persists = False
        self.forget()

    def forget(self) -> None:
        """A new session."""
        self.filters: dict[str, int] = {}
        self.due: dict[bytes, int] = {}
        """Payloads that this session must get, with the QoS it is due at; 0 may be shed, here it is not."""
        self.may: set[bytes] = set()
        """What was retained when it subscribed, and QoS 0: may be delivered, also again."""
        self.got: Counter[bytes] = Counter()
        self.unanswered: dict[int, Publish] = {}
        """Packet ids that were not acknowledged yet: PUBLISH of QoS 1 and 2."""
        self.received: dict[int, bytes] = {}
        """QoS 2 ids taken, whose PUBREL has not come: a second PUBLISH of one is the same message."""
        self.unreleased: set[int] = set()
        """Own QoS 2 ids sent."""


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.notices: list[Notice] = []
        self.broker = Broker(
            compile_admission(), self.clock, limits=LIMITS, authenticate=by_username, on_defect=_fail,
            on_notice=self.notices.append,
        )  # fmt: skip
        self.clients = {name: Client(name) for name in CLIENTS}
        self.retained: dict[str, bytes] = {}
        self.serial = 0

    @initialize(versions=st.lists(st.sampled_from([4, 5]), min_size=3, max_size=3), wanted=qos)
    def begin(self, versions: list[int], wanted: int) -> None:
        """Everybody is there and hears something, so that few steps are needed until something can go wrong."""
        for name, version in zip(CLIENTS, versions, strict=True):
            self.connect(name, False, None, version)
            self.subscribe(name, "open/#", wanted)

    # --- what clients do --------------------------------------------------------------------------------------------

    @rule(name=clients, clean=st.booleans(), will=st.one_of(st.none(), topics), version=st.sampled_from([4, 5]))
    def connect(self, name: str, clean: bool, will: str | None, version: int) -> None:
        """Also while connected: then the older connection is taken over, and its will is published."""
        client = self.clients[name]
        self._collect()
        old = client.peer
        peer = Peer(self.broker, version)
        client.peer = None
        if old is not None and not client.persists:
            client.forget()  # that session ends with its connection, before its will is published
        self._expect_will(old)
        if clean:
            client.forget()
        client.persists = version == 5 or not clean
        packet = ConnectWill(will, self._payload(), 1) if will else None
        properties = {"session_expiry_interval": EXPIRY_S} if version == 5 else None
        client.peer = peer
        peer.will = packet  # type: ignore[attr-defined]
        connack = peer.connect(name, clean=clean, will=packet, properties=properties)
        assert connack.reason_code == 0
        assert not (clean and connack.session_present)
        client.unanswered.clear()  # they are sent again, with DUP, on this connection
        for packet_received in peer.backlog:
            self._receive(client, packet_received)
        peer.backlog = []
        if old is not None:
            assert old.is_closed

    @rule(name=clients, topic_filter=st.sampled_from(FILTERS), wanted=qos)
    def subscribe(self, name: str, topic_filter: str, wanted: int) -> None:
        client = self._connected(name)
        if client is None or client.peer is None:
            return
        self._collect()
        client.filters[topic_filter] = wanted
        client.may |= {payload for topic, payload in self.retained.items() if matches(topic_filter, topic)}
        client.peer.send(Subscribe(9, [Subscription(topic_filter, wanted)]))
        self._collect()

    @rule(name=clients, topic_filter=st.sampled_from(FILTERS))
    def unsubscribe(self, name: str, topic_filter: str) -> None:
        client = self._connected(name)
        if client is None or client.peer is None:
            return
        client.filters.pop(topic_filter, None)
        client.peer.send(Unsubscribe(9, [topic_filter]))
        self._collect()

    @rule(name=clients, topic=topics, wanted=qos, retain=st.booleans(), twice=st.booleans())
    def publish(self, name: str, topic: str, wanted: int, retain: bool, twice: bool) -> None:
        """twice: a QoS 2 message is sent again before its PUBREL, as after a lost PUBREC."""
        client = self._connected(name)
        if client is None or client.peer is None:
            return
        self._collect()
        if wanted and len(client.unreleased) >= LIMITS.receive_maximum:
            return  # one more would be 0x93
        payload = self._payload()
        packet_id = None
        if wanted:
            packet_id = next(number for number in range(100, 200) if number not in client.unreleased)
        if wanted == 2:
            client.unreleased.add(packet_id or 0)
        self._expect(topic, payload, wanted)
        if retain:
            self.retained[topic] = payload
            for each in self.clients.values():
                if each.peer is not None and each.peer.connection.feeds:
                    each.may.add(payload)  # it is still owed what is retained, which may be this one by then
        packet = Publish(topic, payload, wanted, retain, packet_id=packet_id)
        client.peer.send(packet)
        if wanted == 2 and twice:
            client.peer.send(Publish(topic, payload, wanted, retain, True, packet_id))
        self._collect()

    @rule(name=clients)
    def release(self, name: str) -> None:
        """PUBREL of all QoS 2 messages sent."""
        client = self._connected(name)
        if client is None or client.peer is None:
            return
        for packet_id in sorted(client.unreleased):
            client.peer.send(Pubrel(packet_id))
        client.unreleased.clear()
        self._collect()

    @rule(name=clients, count=st.integers(1, 5), backwards=st.booleans())
    def acknowledge(self, name: str, count: int, backwards: bool) -> None:
        client = self._connected(name)
        if client is None or client.peer is None:
            return
        self._collect()
        ids = sorted(client.unanswered, reverse=backwards)[:count]
        for packet_id in ids:
            packet = client.unanswered.pop(packet_id)
            client.peer.send(Puback(packet_id) if packet.qos == 1 else Pubrec(packet_id))
        self._collect()

    @rule(name=clients, packet_id=st.integers(1, 10))
    def answer_nothing(self, name: str, packet_id: int) -> None:
        """An acknowledgement of something that was never sent."""
        client = self._connected(name)
        if client is None or client.peer is None or client.unanswered or client.received:
            return
        client.peer.send(Puback(packet_id + 1000), Pubcomp(packet_id + 1000), Pingreq())
        self._collect()
        assert not client.peer.is_closed

    @rule(name=clients, tells=st.booleans())
    def leave(self, name: str, tells: bool) -> None:
        """DISCONNECT, or the network breaks and the will is published."""
        client = self._connected(name)
        if client is None or client.peer is None:
            return
        self._collect()
        peer, client.peer = client.peer, None
        if tells:
            peer.send(Disconnect())
        if not client.persists:
            client.forget()
        if not tells:
            self._expect_will(peer)
            peer.lose()
        client.unanswered.clear()
        self._collect()

    @rule(topic=topics)
    @precondition(lambda self: self.retained)
    def clear_retained(self, topic: str) -> None:
        """An empty retained message, by a client in this process; subscribers get it like any other."""
        self._collect()
        local = self.broker.local("clearer", "engineer")
        for client in self.clients.values():
            client.may.add(b"")
        local.publish(topic, b"", 0, True)
        local.close(send_will=False)
        self.retained.pop(topic, None)
        self._collect()

    @rule(ms=st.sampled_from([1, 500, 20_000, (EXPIRY_S + 1) * 1000]))
    def advance(self, ms: int) -> None:
        self._collect()
        self.clock.advance(ms)
        self.broker.tick()
        alive = {session.client_id for session in self.broker.sessions}
        for client in self.clients.values():
            if client.peer is None and client.name not in alive:
                client.forget()
        self._collect()

    # --- what must be true ------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_doubled_or_made_up(self) -> None:
        for client in self.clients.values():
            for payload, count in client.got.items():
                assert payload in client.due or payload in client.may, f"{client.name} got {payload!r}, unasked"
                if client.due.get(payload) == 2 and payload not in client.may:
                    assert count == 1, f"{client.name} got {payload!r} {count} times at QoS 2"

    @invariant()
    def the_last_retained_value_is_kept(self) -> None:
        kept = {message.topic: message.payload for message in self.broker.retained("#")}
        assert kept == self.retained
        assert self.broker.stats.retained == len(kept)

    @invariant()
    def the_state_is_bounded(self) -> None:
        assert self.broker.stats.connections == sum(each.peer is not None for each in self.clients.values())
        assert self.broker.stats.sessions <= len(CLIENTS)
        for session in self.broker.sessions:
            assert len(session.inflight) <= LIMITS.receive_maximum
            held = sum(each.bytes for each in (*session.queue, *session.inflight.values()))
            assert session.held_bytes == held
        waiting = [each for session in self.broker.sessions for each in (*session.queue, *session.inflight.values())]
        once = {id(each.message): each.bytes - each.own_bytes for each in waiting}
        assert self.broker.sessions.held.bytes == sum(once.values()) + sum(each.own_bytes for each in waiting)

    def teardown(self) -> None:
        """At the end everybody comes back, reads and acknowledges all: nothing that was due may be missing."""
        for client in self.clients.values():
            session = self.broker.sessions.get(client.name)
            if session is None:
                continue
            if client.peer is None:
                peer = client.peer = Peer(self.broker)
                peer.will = None  # type: ignore[attr-defined]
                peer.connect(client.name, clean=False, properties={"session_expiry_interval": EXPIRY_S})
                client.unanswered.clear()
                for packet in peer.backlog:
                    self._receive(client, packet)
            for _ in range(2000):
                self._collect()
                if not client.unanswered:
                    break
                for packet_id, packet in list(client.unanswered.items()):
                    del client.unanswered[packet_id]
                    client.peer.send(Puback(packet_id) if packet.qos == 1 else Pubrec(packet_id))
            for payload, wanted in client.due.items():
                if wanted:
                    assert client.got[payload] >= 1, f"{client.name} never got {payload!r} (QoS {wanted})"
            assert not session.queue
            assert not session.inflight
        self.nothing_is_doubled_or_made_up()

    # --- the model --------------------------------------------------------------------------------------------------

    def _payload(self) -> bytes:
        self.serial += 1
        return str(self.serial).encode()

    def _connected(self, name: str) -> Client | None:
        client = self.clients[name]
        return client if client.peer is not None else None

    def _expect(self, topic: str, payload: bytes, wanted: int) -> None:
        """Every session with a matching subscription is due this message, at the lower of the two QoS."""
        for client in self.clients.values():
            granted = [each for topic_filter, each in client.filters.items() if matches(topic_filter, topic)]
            if not granted:
                continue
            due = min(wanted, max(granted))
            if due:
                client.due[payload] = due
            else:
                client.may.add(payload)

    def _expect_will(self, peer: Peer | None) -> None:
        will: ConnectWill | None = getattr(peer, "will", None)
        if will is not None:
            self._expect(will.topic, will.payload, will.qos)

    def _collect(self) -> None:
        """Everybody reads what came."""
        for client in self.clients.values():
            while client.peer is not None and (packets := client.peer.take()):
                for packet in packets:
                    self._receive(client, packet)

    def _receive(self, client: Client, packet: Any) -> None:
        assert client.peer is not None
        if isinstance(packet, Publish):
            self._take(client, packet)
        elif isinstance(packet, Pubrel):
            client.received.pop(packet.packet_id, None)
            client.peer.send(Pubcomp(packet.packet_id))
        else:
            assert not isinstance(packet, Disconnect), packet
            assert isinstance(packet, Pingresp) or getattr(packet, "reason_code", 0) < 0x80, packet

    def _take(self, client: Client, packet: Publish) -> None:
        if packet.qos == 0:
            client.got[packet.payload] += 1
            return
        assert packet.packet_id is not None
        client.unanswered[packet.packet_id] = packet
        if packet.qos == 1:
            client.got[packet.payload] += 1
        elif packet.packet_id not in client.received:
            client.received[packet.packet_id] = packet.payload
            client.got[packet.payload] += 1
        else:
            assert packet.dup, "a packet id in use came with another message"
            assert client.received[packet.packet_id] == packet.payload


def _fail(what: str, topic: str, error: Exception) -> None:
    raise AssertionError(f"{what} on '{topic}'") from error


@pytest.fixture(autouse=True)
def _no_shared_state() -> None:
    """The machine makes its own broker; the fixtures of this folder are not for it."""


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes: add Phase.shrink by hand
)

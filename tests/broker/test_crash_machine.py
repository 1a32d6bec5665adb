"""Clients, a disk and a power switch: what was acknowledged is kept, QoS 2 comes once, and nobody waits for ever.

The clients keep their own session state, as real ones do, through whatever happens to the broker: they send again what
was not acknowledged, and know the QoS 2 packet ids they have taken. What a client has not read when its connection
breaks is lost. The disk writes one batch at a time, which a crash may find before or after its commit, and may refuse.
What an ended session leaves is worked off at once, or in steps that anything may come between.
Shrink a failure with `phases` widened by `Phase.shrink`.
"""

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.broker.test_ledger import Disk
from tests.support.clock import FakeClock
from tests.support.hurried import hurry, work_off
from uns.broker import Batch, Broker, Limits, State, Urgency, leftovers, review, sessions, subscriptions
from uns.errors import Finding
from uns.mqtt import (
    Connack,
    Disconnect,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
)
from uns.topics import matches

LIMITS = Limits(receive_maximum=4, max_queued_messages=10_000, connect_timeout_s=1_000_000)
EXPIRY_S = 60
FULL = Finding(id="storage.write_failed", what="the message cannot be kept: the disk is full.", hint="Free space.")
NAMES = ("a", "b", "c")
TOPICS = ("open/x", "open/y")
SHARED_TOPIC, SHARE = "open/z/s", "$share/g/open/z/s"
FILTERS = ("open/x", "open/+", SHARE)
RETAINED_TOPICS = ("open/r/1", "open/r/2")
ADMISSION = compile_admission()

names = st.sampled_from(NAMES)
QOS = st.sampled_from([0, 1, 1, 2, 2])


class Sent:
    """A message a client has not been answered to the end. owed_to: sessions (client, epoch) sure to be owed it."""

    def __init__(self, packet: Publish, owed_to: list[tuple["Client", int]], serial: int) -> None:
        self.packet = packet
        self.owed_to = owed_to
        self.serial = serial
        self.released = False


class Client:
    """One client with its side of the session."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.peer: Peer | None = None
        self.up = False  # CONNACK has been read
        self.clean = False
        self.wants_clean = False
        self.kept = False
        self.connect_serial = 0
        self.blank = False
        """It was told that its session is new, and has not asked for anything since."""
        self.unwritten_ms = 0
        """Since it was last seen connected by the disk: what a restart may count against its expiry."""
        self.epoch = 0
        self.born = 0
        self.sending: dict[int, Sent] = {}
        self.operations: dict[str, int] = {}
        self.forget(0)

    def forget(self, born: int) -> None:
        """The server has no session of it any more: a new one begins."""
        self.has_state = False
        self.doubt()
        self.born = born
        self.filters: set[str] = set()
        self.anchored = False
        self.got: Counter[bytes] = Counter()
        self.received: dict[int, bytes] = {}
        self.sending.clear()
        self.unanswered: dict[int, Publish] = {}

    def doubt(self) -> None:
        """Its session may have ended, so nothing is surely owed to it; what it got still counts."""
        self.epoch += 1
        self.due: set[bytes] = set()
        self.filters = set()
        self.anchored = False  # a SUBACK was read: the session must be there after a crash


class CrashMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.is_hurried = False
        self.broker = self._make()
        self.disk = Disk(self.broker)
        self.flight: Batch | None = None
        self.clients = {name: Client(name) for name in NAMES}
        self.serial = 0
        self.operations = 0
        self.has_refused = False
        self.group: dict[bytes, str] = {}  # payloads on the shared topic: which member got them at QoS 2
        self.last_sent: dict[bytes, int] = {}
        self.retained: dict[str, list[bytes]] = {topic: [b""] for topic in RETAINED_TOPICS}
        """What may be retained on a topic: the last that was acknowledged, and what was sent after it."""

    def _make(self) -> Broker:
        broker = Broker(ADMISSION, self.clock, limits=LIMITS, authenticate=by_username, keeps=True)
        if self.is_hurried:
            hurry(broker)
        return broker

    @initialize(versions=st.lists(st.sampled_from([4, 5]), min_size=3, max_size=3), is_hurried=st.booleans())
    def begin(self, versions: list[int], is_hurried: bool) -> None:
        self.is_hurried = is_hurried
        if is_hurried:
            hurry(self.broker)
        for name, version in zip(NAMES, versions, strict=True):
            self.connect(name, version, False, True)
            self.read(name)
            self.subscribe(name, "open/+", 2)
            self.subscribe(name, SHARE, 2)
        self.write()
        for name in NAMES:
            self.read(name)

    # --- what clients do --------------------------------------------------------------------------------------------

    @rule(name=names, version=st.sampled_from([4, 5]), clean=st.sampled_from([False, False, True]), kept=st.booleans())
    def connect(self, name: str, version: int, clean: bool, kept: bool) -> None:
        """Also while connected, which takes the session over."""
        client = self.clients[name]
        self._gone(client)
        clean = clean or client.wants_clean
        if version == 4:
            kept = not clean
        client.clean, client.kept = clean, kept
        client.peer, client.up = Peer(self.broker, version), False
        client.unanswered.clear()
        client.connect_serial = self.serial
        if clean:
            client.forget(client.born)  # MQTT-3.1.2-4: its own side of the session goes, whether CONNACK comes or not
        elif not kept:
            client.doubt()
        properties = {"session_expiry_interval": EXPIRY_S if kept else 0} if version == 5 else None
        client.peer.send_connect(name, clean, properties=properties)

    @rule(name=names, version=st.sampled_from([4, 5]), how=st.sampled_from(["clean", "ended", "short"]))
    def start_anew(self, name: str, version: int, how: str) -> None:
        """The ways to end a session and have another, as quickly as a client can, and read what the broker says."""
        if how == "ended":
            self.disconnect(name, True)
        elif how == "short":
            self.connect(name, 5, False, False)
        self.connect(name, version, how == "clean", True)
        self.read(name)

    @rule(name=names, topic_filter=st.sampled_from(FILTERS), qos=st.sampled_from([1, 2]))
    def subscribe(self, name: str, topic_filter: str, qos: int) -> None:
        client = self.clients[name]
        if client.up and client.peer is not None:
            client.blank = False
            client.peer.send(Subscribe(self._operation(client, topic_filter), [Subscription(topic_filter, qos)]))

    @rule(name=names, topic_filter=st.sampled_from(FILTERS))
    def unsubscribe(self, name: str, topic_filter: str) -> None:
        client = self.clients[name]
        if client.up and client.peer is not None:
            client.filters.discard(topic_filter)
            client.peer.send(Unsubscribe(self._operation(client, topic_filter), [topic_filter]))

    @rule(name=names, topic=st.sampled_from([*TOPICS, SHARED_TOPIC, *RETAINED_TOPICS]), qos=QOS)
    def publish(self, name: str, topic: str, qos: int) -> None:
        client = self.clients[name]
        if not client.up or client.peer is None or len(client.sending) >= LIMITS.receive_maximum:
            return
        self.serial += 1
        payload = b"%d" % self.serial
        retain = topic in RETAINED_TOPICS
        packet_id = next(each for each in range(1, 100) if each not in client.sending) if qos else None
        packet = Publish(topic, payload, qos, retain, packet_id=packet_id)
        self.last_sent[payload] = self.serial
        if retain:
            self.retained[topic].append(payload)
        if packet_id:
            client.sending[packet_id] = Sent(packet, self._owed(topic), self.serial)
        client.peer.send(packet)

    @rule(name=names)
    def read(self, name: str) -> None:
        client = self.clients[name]
        while client.peer is not None:
            client.peer.connection.proceed()
            packets = client.peer.take()
            if not packets:
                break
            for packet in packets:
                self._on_packet(client, packet)
                if client.peer is None:
                    return
        if client.peer is not None and client.peer.is_closed:
            self._gone(client)

    @rule(name=names, count=st.integers(1, 4))
    def answer(self, name: str, count: int) -> None:
        """PUBACK and PUBREC of what was read, the oldest first."""
        client = self.clients[name]
        if client.up and client.peer is not None:
            for packet_id in list(client.unanswered)[:count]:
                packet = client.unanswered.pop(packet_id)
                client.peer.send(Puback(packet_id) if packet.qos == 1 else Pubrec(packet_id))

    @rule(name=names)
    def lose(self, name: str) -> None:
        client = self.clients[name]
        if client.peer is not None:
            self._gone(client)

    @rule(name=names, ends=st.booleans())
    def disconnect(self, name: str, ends: bool) -> None:
        client = self.clients[name]
        if client.up and client.peer is not None:
            ends = ends and client.peer.version == 5
            client.peer.send(Disconnect(0, {"session_expiry_interval": 0} if ends else None))
            if ends:
                client.kept = False
            self._gone(client)

    # --- what the disk does -----------------------------------------------------------------------------------------

    @rule()
    def write(self) -> None:
        """The batch under way is committed, or the next one at once."""
        if self.flight is None:
            self.flight = self.broker.ledger.take()
        if self.flight is not None:
            batch, self.flight = self.flight, None
            self._apply(batch)
            self.broker.ledger.settled(batch)

    @rule()
    def begin_write(self) -> None:
        if self.flight is None:
            self.flight = self.broker.ledger.take()

    @rule()
    def refuse(self) -> None:
        """The disk is full; what was under way is tried again by the next `write`."""
        self.begin_write()
        if self.flight is not None:
            self.has_refused = True
            self.broker.ledger.failed(self.flight, FULL)

    @rule(name=names, topic=st.sampled_from([*TOPICS, SHARED_TOPIC]), qos=QOS)
    @precondition(lambda self: self.broker.ledger.failing is not None)
    def publish_meanwhile(self, name: str, topic: str, qos: int) -> None:
        self.publish(name, topic, qos)
        self.read(name)

    @rule(committed=st.booleans(), readers=st.sets(names))
    def crash(self, committed: bool, readers: set[str]) -> None:
        """kill -9. committed: the batch under way reached the disk, though nobody was told."""
        for name in sorted(readers):
            self.read(name)  # what was written to its socket still arrives
        if self.flight is not None and committed:
            self._apply(self.flight)
        self.flight = None
        for client in self.clients.values():
            if not client.kept:
                client.forget(client.born)
            elif client.unwritten_ms >= EXPIRY_S * 1000:
                client.doubt()
            client.peer, client.up = None, False
            client.unanswered.clear()
        self.broker = self._make()
        self.broker.restore(self.disk.snapshot())
        self.disk.ledger = self.broker.ledger
        for session in self.broker.sessions:
            client = self.clients[session.client_id]
            assert not (client.blank and session.subscriptions), f"the session of {client.name} came back from the dead"
        for topic, possible in self.retained.items():
            current = self.broker.current(topic)
            payload = current.retained.payload if current is not None and current.retained is not None else b""
            assert payload in possible, f"{topic} retains {payload!r}, may be {possible}"
            possible[:] = [payload] + [each for each in possible if each != payload and self._is_unacknowledged(each)]

    @rule()
    def turn(self) -> None:
        """What is left to be done goes on by some steps."""
        self.broker.turns.run()

    @rule(ms=st.sampled_from([10, 30_000, (EXPIRY_S + 1) * 1000]))
    def advance(self, ms: int) -> None:
        self.clock.advance(ms)
        self.turn()
        for client in self.clients.values():
            client.unwritten_ms += ms
            if client.peer is None and client.unwritten_ms >= EXPIRY_S * 1000:
                client.doubt()
        self.broker.tick()

    # --- what must be true ------------------------------------------------------------------------------------------

    @rule()
    def calm(self) -> None:
        """The disk works and has worked off everything: nobody waits any more."""
        work_off(self.broker)
        for _ in range(100):
            if self.flight is None and self.broker.ledger.urgency is Urgency.NONE:
                break
            self.write()
        else:
            raise AssertionError("there is always something to write")
        for client in self.clients.values():
            if client.peer is not None:
                connection = client.peer.connection
                assert not connection.owed, (client.name, list(connection.owed))
                assert connection.state is not State.AUTHENTICATING

    @invariant()
    def the_books_agree(self) -> None:
        for session in self.broker.sessions:
            held = [*session.queue, *session.inflight.values()]
            assert session.held_bytes == sum(each.bytes for each in held)
            assert all(bool(each.number) == bool(session.number) for each in held) or self.is_hurried
            window = session.connection.send_window if session.connection is not None else LIMITS.receive_maximum
            assert len(session.inflight) <= max(window, LIMITS.receive_maximum)

    def teardown(self) -> None:
        """Everybody comes back to a disk that works, reads and answers all: nothing that is due may be missing."""
        self.calm()
        for _ in range(200):
            for name, client in self.clients.items():
                if client.peer is None:
                    self.connect(name, 5, False, True)
                self.read(name)
                self.answer(name, 100)
                self.read(name)
            self.calm()
            if not any(client.peer is None or client.peer.connection.out for client in self.clients.values()) and all(
                client.up and not client.unanswered and not client.sending for client in self.clients.values()
            ):
                break
        for client in self.clients.values():
            session = self.broker.sessions.get(client.name)
            assert client.up, client.name
            assert session is not None
            assert not session.queue, client.name
            assert not session.inflight, client.name
            assert not client.sending, (client.name, "was never answered", list(client.sending))
            missing = {payload for payload in client.due if payload not in client.got}
            assert not missing, f"{client.name} never got {sorted(missing)}, which were acknowledged"
        assert not self.disk.deliveries
        assert not self.disk.messages
        live = {session.number for session in self.broker.sessions if session.number}
        assert set(self.disk.sessions) == live
        assert {number for number, _ in self.disk.subscriptions} <= live
        assert {number for number, _ in self.disk.taken} <= live

    def _apply(self, batch: Batch) -> None:
        self.disk.apply(batch)
        for client in self.clients.values():
            if client.peer is not None and client.up:
                client.unwritten_ms = 0

    # --- the model --------------------------------------------------------------------------------------------------

    def _operation(self, client: Client, topic_filter: str) -> int:
        """A packet id that tells which SUBSCRIBE or UNSUBSCRIBE was the last for a filter."""
        self.operations = self.operations % 60_000 + 1
        client.operations[topic_filter] = self.operations
        return self.operations

    def _owed(self, topic: str) -> list[tuple[Client, int]]:
        return [
            (client, client.epoch)
            for client in self.clients.values()
            if any(not each.startswith("$share/") and matches(each, topic) for each in client.filters)
        ]

    def _is_unacknowledged(self, payload: bytes) -> bool:
        return any(
            sent.packet.payload == payload for client in self.clients.values() for sent in client.sending.values()
        )

    def _gone(self, client: Client) -> None:
        """Its connection is no more; what it has not read is lost."""
        peer, client.peer = client.peer, None
        client.up = False
        client.unanswered.clear()
        if peer is not None:
            if not client.kept:
                client.forget(client.born)  # such a session ends with its connection, on both sides
            peer.lose()
            peer.connection.take()

    def _on_packet(self, client: Client, packet: Any) -> None:
        peer = client.peer
        assert peer is not None
        if isinstance(packet, Connack):
            self._on_connack(client, packet)
        elif isinstance(packet, Publish):
            self._on_publish(client, packet)
        elif isinstance(packet, Pubrel):
            client.received.pop(packet.packet_id, None)
            peer.send(Pubcomp(packet.packet_id))
        elif isinstance(packet, Puback | Pubrec):
            self._on_answer(client, packet)
        elif isinstance(packet, Pubcomp):
            client.sending.pop(packet.packet_id, None)
        elif isinstance(packet, Suback):
            if packet.reason_codes[0] < 0x80:
                client.filters |= {each for each, number in client.operations.items() if number == packet.packet_id}
                client.anchored = True
        elif isinstance(packet, Disconnect):
            raise AssertionError(packet)
        else:
            assert isinstance(packet, Unsuback), packet

    def _on_connack(self, client: Client, packet: Connack) -> None:
        if packet.reason_code in (0x88, 0x97) and self.has_refused:
            self._gone(client)  # it could not be promised that the old session is gone
            return
        assert packet.reason_code == 0, packet
        peer = client.peer
        assert peer is not None
        if packet.session_present and not client.has_state:
            # MQTT-3.2.2-4: its goodbye was never acknowledged, and a crash brought the session back.
            self._gone(client)
            client.wants_clean = True
            return
        client.up, client.wants_clean = True, False
        if client.clean or not packet.session_present:
            assert not (client.clean and packet.session_present)
            assert not client.anchored or client.clean, f"the session of {client.name} is lost"
            client.forget(client.connect_serial)
            client.has_state = True
            client.blank = True
            return
        for sent in client.sending.values():
            if sent.released:
                peer.send(Pubrel(sent.packet.packet_id or 0))
            else:
                old = sent.packet
                now_owed = self._owed(old.topic)  # whether it was taken before or is taken now, nobody can tell
                sent.owed_to = [each for each in sent.owed_to if each in now_owed]
                self.serial += 1
                self.last_sent[old.payload] = self.serial
                peer.send(Publish(old.topic, old.payload, old.qos, old.retain, True, old.packet_id))

    def _on_answer(self, client: Client, packet: Puback | Pubrec) -> None:
        sent = client.sending.get(packet.packet_id)
        if sent is None or client.peer is None:
            return
        if packet.reason_code >= 0x80:
            assert packet.reason_code == 0x97, packet
            del client.sending[packet.packet_id]
            return
        payload, topic = sent.packet.payload, sent.packet.topic
        if not sent.released:
            for receiver, epoch in sent.owed_to:
                if receiver.epoch == epoch:
                    receiver.due.add(payload)
            if topic in self.retained and payload in self.retained[topic]:
                possible = self.retained[topic]
                del possible[: possible.index(payload)]
        if isinstance(packet, Puback):
            del client.sending[packet.packet_id]
        else:
            sent.released = True
            client.peer.send(Pubrel(packet.packet_id))

    def _on_publish(self, client: Client, packet: Publish) -> None:
        payload, packet_id = packet.payload, packet.packet_id
        if packet.topic != SHARED_TOPIC:
            assert self.last_sent[payload] > client.born, f"{client.name} got {payload!r} of an earlier session"
        if not packet_id:
            return
        client.unanswered[packet_id] = packet
        if packet.qos == 2:
            if packet_id in client.received:
                assert client.received[packet_id] == payload, "another message came under a packet id that is in use"
                return
            client.received[packet_id] = payload
            assert not client.got[payload], f"{client.name} got {payload!r} twice at QoS 2"
            if packet.topic == SHARED_TOPIC:
                first = self.group.setdefault(payload, client.name)
                assert first == client.name, f"{first} and {client.name} of one group both got {payload!r} at QoS 2"
        client.got[payload] += 1


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine makes its own broker; the fixtures of this folder are not for it."""
    monkeypatch.setattr(leftovers, "STEP", 1)
    monkeypatch.setattr(review, "STEP", 1)
    monkeypatch.setattr(sessions, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(subscriptions, "SWEPT_AT_ONCE", 1)


TestCrashMachine = CrashMachine.TestCase
TestCrashMachine.settings = settings(
    max_examples=int(os.environ.get("EXAMPLES", "400")),
    stateful_step_count=50,
    deadline=None,
    derandomize="EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, *([Phase.shrink] if os.environ.get("SHRINK") else [])),
)

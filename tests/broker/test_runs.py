"""Plain messages that come in one chunk get what they would get one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.broker.conftest import NAMESPACE, by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits
from uns.link import Message
from uns.mqtt import Publish, encode
from uns.policy.violation import Violation

TOPICS = [
    "open/a",
    "open/b/c",
    "acme/ghent/packaging/line1/filler/temperature",
    "acme/ghent/packaging/lenient/filler/temperature",
    "acme/ghent/nowhere",
    "elsewhere",
]
FILTERS = ["open/#", "open/a", "acme/#", "+/ghent/packaging/+/filler/#"]
PAYLOADS = [b'{"value": 1}', b'{"value": "x"}', b"plain"]

messages = st.lists(st.tuples(st.sampled_from(TOPICS), st.sampled_from(PAYLOADS), st.booleans()), max_size=30)
subscribers = st.lists(
    st.tuples(st.sampled_from([4, 5]), st.sets(st.sampled_from(FILTERS), min_size=1), st.sampled_from([0, 1])),
    max_size=4,
)


class World:
    """A broker with a publisher, some subscribers and one client inside."""

    def __init__(self, version: int, wanted: list[tuple[int, set[str], int]], local: bool) -> None:
        self.violations: list[Violation] = []
        self.inside: list[Message] = []
        self.broker = Broker(
            compile_admission(), FakeClock(), authenticate=by_username, on_violation=self.violations.append
        )
        self.publisher = Peer(self.broker, version)
        self.publisher.connect("publisher")
        self.publisher.subscribe("$uns/rejected/publisher")
        self.subscribers = [Peer(self.broker, each) for each, _, _ in wanted]
        for number, (subscriber, (_, filters, qos)) in enumerate(zip(self.subscribers, wanted, strict=True)):
            subscriber.connect(f"s{number}")
            subscriber.subscribe(*sorted(filters), qos=qos)
        if local:
            self.broker.local("inside").subscribe("open/b/#", self.inside.append)

    def outcome(self) -> list[object]:
        stats = self.broker.stats.snapshot()
        del stats["bytes_in"]
        currents = {topic: (current.payload, current.updates) for topic, current in self.broker.topics.matched_by("#")}
        return [
            [subscriber.take() for subscriber in self.subscribers],
            self.publisher.take(),
            self.inside,
            [(violation.topic, violation.payload, violation.verdict) for violation in self.violations],
            currents,
            stats,
        ]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([4, 5]), subscribers, st.booleans(), messages)
def test_a_chunk_is_judged_and_delivered_like_single_packets(
    version: int, wanted: list[tuple[int, set[str], int]], local: bool, sent: list[tuple[str, bytes, bool]]
) -> None:
    together, apart = World(version, wanted, local), World(version, wanted, local)
    frames = [encode(Publish(topic, payload, 0, retain), version) for topic, payload, retain in sent]
    for _ in range(2):  # the second time every topic is compiled
        together.publisher.connection.receive(b"".join(frames))
        for frame in frames:
            apart.publisher.connection.receive(frame)
    assert together.outcome() == apart.outcome()


def test_equal_fan_outs_are_passed_on_in_one_piece(broker: Broker) -> None:
    publisher, subscriber = Peer(broker, 4), Peer(broker, 4)
    publisher.connect("p")
    subscriber.connect("s")
    subscriber.subscribe("open/#")
    chunk = b"".join(encode(Publish(f"open/{number % 3}", b"x"), 4) for number in range(9))
    publisher.connection.receive(chunk)
    subscriber.take()
    publisher.connection.receive(chunk)
    assert subscriber.connection.out == [chunk]
    assert broker.stats.messages_out == 18


def test_a_long_chunk_is_worked_off_in_turns() -> None:
    """Or a client with small or refused messages would hold the others up for as long as its chunk lasts."""

    class Ticking(FakeClock):
        def monotonic_ms(self) -> int:
            self.advance(1)
            return super().monotonic_ms()

    broker = Broker(compile_admission(), Ticking(), authenticate=by_username)
    peer = Peer(broker, 4)
    peer.connect("p")
    peer.send(Publish("open/a", b"x"))
    already = broker.stats.messages_in
    peer.send(*[Publish("open/a", b"x")] * 10_000)
    assert 0 < broker.stats.messages_in - already < 10_000
    turns = 0
    while peer.connection.busy:
        peer.connection.proceed()
        turns += 1
    assert broker.stats.messages_in - already == 10_000
    assert turns >= 2


def test_a_congested_subscriber_loses_a_run_and_each_message_is_counted(
    broker: Broker, peer: Peer, other: Peer
) -> None:
    other.subscribe("open/#")
    chunk = b"".join(encode(Publish("open/x", b"x"), 5) for _ in range(5))
    peer.connection.receive(chunk)
    other.take()
    other.connection.congested = True
    peer.connection.receive(chunk)
    assert broker.stats.slow_shed == 5
    assert other.connection.session is not None
    assert other.connection.session.dropped == 5


def test_a_topic_that_is_forgotten_after_its_run_was_read_becomes_a_topic_again() -> None:
    broker = Broker(compile_admission(), FakeClock(), limits=Limits(max_topics=1), authenticate=by_username)
    peer, other = Peer(broker, 4), Peer(broker, 4)
    peer.connect("p")
    other.connect("s")
    other.subscribe("open/#")
    peer.send(Publish("open/a", b"1"))
    peer.send(Publish("open/b", b"2", 1, packet_id=1), Publish("open/a", b"3"))
    current = broker.current("open/a")
    assert current is not None
    assert (current.payload, broker.current("open/b")) == (b"3", None)
    assert [packet.payload for packet in other.take()] == [b"1", b"2", b"3"]


def test_a_policy_that_changes_within_a_run_holds_from_the_next_message_on(broker: Broker, peer: Peer) -> None:
    closed = compile_admission(NAMESPACE.replace('open: ["open/#"]', "open: []"))
    inside: list[bytes] = []

    def receive(message: Message) -> None:
        inside.append(message.payload)
        if message.payload == b"2":
            broker.replace_admission(closed)

    chunk = [Publish("open/a", b"1"), Publish("open/a", b"2"), Publish("open/a", b"3")]
    peer.send(*chunk[:1])
    broker.local("inside").subscribe("open/#", receive)
    peer.send(*chunk)
    assert inside == [b"1", b"2"]

"""Plain messages that come in one chunk get what they would get one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.broker.conftest import by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker
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

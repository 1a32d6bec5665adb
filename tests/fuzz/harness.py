"""What happens to one input of the fuzzer? It goes through the decoder and through a broker in memory, in pieces.

The first bytes choose: the side and version of the decoder, whether the broker has been given a CONNECT already, and
where the rest is cut into chunks. Any exception, any packet that cannot be written again, any difference between two
ways of cutting, and any state left behind by closed connections is a finding.
"""

from tests.support.clock import FakeClock
from tests.support.real_broker import permissive
from uns.broker import Broker, Limits, State
from uns.mqtt import Connect, Decoder, Packet, Publish, PublishRun, Side, encode
from uns.mqtt.topic_text import known_topics
from uns.topics.node import Node

ADMISSION = permissive()
LIMITS = Limits(
    max_packet_bytes=65_536,
    max_topics=100,
    max_queued_messages=50,
    max_queued_bytes=100_000,
    receive_maximum=10,
    max_sessions=20,
    max_subscriptions_per_client=20,
    max_retained_messages=50,
    max_publish_rate=0,
)
BROKER_LIVES = 500
"""Inputs until the broker is made anew, so that what one leaves behind meets the next, and growth is seen."""
TURNS = 1000
VERSIONS = (None, 3, 4, 5)


class Harness:
    """Holds the broker between inputs."""

    def __init__(self) -> None:
        self._inputs = 0
        self._renew()

    def run(self, data: bytes) -> None:
        """One input; raises AssertionError or whatever the product raises."""
        if len(data) < 4:
            return
        choice, cut, body = data[0], 1 + data[1] % 64, data[2:]
        side, version = (Side.SERVER, VERSIONS[choice & 3]) if choice & 4 else (Side.CLIENT, 3 + choice % 3)
        decode(side, version, body, cut)
        self._inputs += 1
        if self._inputs % BROKER_LIVES == 0:
            self._check_nothing_is_left()
            self._renew()
        self._converse(3 + choice % 3 if choice & 8 else None, body, cut)

    def _renew(self) -> None:
        if self._inputs:
            _empty(self.broker)
        self.clock = FakeClock()
        self.broker = Broker(ADMISSION, self.clock, limits=LIMITS, on_defect=_fail, on_notice=lambda notice: None)

    def _converse(self, version: int | None, body: bytes, cut: int) -> None:
        """A client that sends this, whole or in pieces, beside one that listens to everything."""
        connection = self.broker.accept("192.0.2.1:1")
        if version is not None:
            connection.receive(encode(Connect("fuzz", version, bool(cut & 1)), version))
        for start in range(0, len(body), len(body) if cut == 1 else cut):
            connection.receive(body[start : start + (len(body) if cut == 1 else cut)])
        for _ in range(TURNS):
            if not connection.busy:
                break
            connection.proceed()
        else:
            raise AssertionError(f"still busy after {TURNS} turns")
        self.clock.advance(1 + cut * 100)
        self.broker.tick()
        spoken = connection.version
        answers = Decoder(Side.CLIENT, version=spoken)
        answers.receive(connection.take())
        assert answers.failure is None, f"the broker sent what no client may read: {answers.failure}"
        connection.lost()
        self.broker.ready.clear()  # as the server does, which then lets go of the connection
        assert connection.state is State.CLOSED

    def _check_nothing_is_left(self) -> None:
        broker = self.broker
        assert broker.stats.connections == 0
        assert len(broker.door.topics) <= LIMITS.max_topics
        assert broker.stats.retained <= LIMITS.max_retained_messages
        kept = sum(1 for _ in broker.retained("#"))  # which also forgets what has expired
        assert broker.stats.retained == kept
        assert broker.stats.sessions <= LIMITS.max_sessions
        for session in broker.sessions:
            assert session.held_bytes >= 0
            assert len(session.queue) <= LIMITS.max_queued_messages
            assert len(session.subscriptions) <= LIMITS.max_subscriptions_per_client
        assert len(broker.timers) < 5000


def _empty(broker: Broker) -> None:
    """A broker is made once per process, and its tries hide what they hold from the garbage collector."""
    for trie in (broker.topics, broker.door.subscriptions._trie, broker.door._routes._trie):
        trie._root = Node()


def decode(side: Side, version: int | None, body: bytes, cut: int) -> None:
    """Whole and in pieces it must read the same, and what is read can be written and read again."""
    whole, pieces = Decoder(side, version=version), Decoder(side, version=version)
    packets = whole.receive(body)
    again = [packet for start in range(0, len(body), cut) for packet in pieces.receive(body[start : start + cut])]
    assert packets == again, "the packets depend on how the bytes were cut"
    assert whole.failure == pieces.failure, "the failure depends on how the bytes were cut"
    spoken = whole.version
    runs = Decoder(side, version=version, known=known_topics)
    unrolled = [packet for each in runs.receive(body) for packet in unroll(each)]
    assert unrolled == packets, "runs hold other messages than single packets"
    assert runs.failure == whole.failure
    for packet in packets:
        if spoken is not None and not isinstance(packet, Connect):
            assert Decoder(side, version=spoken).receive(encode(packet, spoken)) == [packet]


def unroll(packet: Packet | PublishRun) -> list[Packet]:
    """A run as the single packets that it stands for; here the reader knows of a topic its name."""
    if isinstance(packet, PublishRun):
        return [Publish(topic, payload) for topic, payload, _ in packet.messages]
    return [packet]


def _fail(what: str, topic: str, error: Exception) -> None:
    raise AssertionError(f"{what} on '{topic}'") from error

"""Which attacks does the broker stand? One function for each class of failure that has bitten real brokers.

Each takes a running `Target`, does its worst, and asserts the reason codes that are due. What holds after every one of
them (a fresh client is served, memory and processor are back to normal) is asserted by `test_attacks`, and shown as a
table by `python -m bench.attacks`.
"""

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from tests.attacks.target import Target
from tests.attacks.wire import Closed, Wire, opened
from tests.support.until import until
from uns.mqtt import (
    Connect,
    ConnectWill,
    Disconnect,
    Pingreq,
    Puback,
    Publish,
    Pubrec,
    Pubrel,
    ReasonCode,
    Subscribe,
    Subscription,
    Unsubscribe,
    encode,
)

MIB = 1 << 20
SUITE_LIMITS = {"connect_timeout_s": 1, "max_queued_bytes": 4 * MIB}
"""The defaults, but for what a test should not have to wait for."""


class Attack(NamedTuple):
    """section: of the catalogue. limits: beside SUITE_LIMITS. rss_mib: how much larger the process may be after it."""

    name: str
    section: str
    run: Callable[[Target], None]
    limits: dict[str, int]
    rss_mib: int


ATTACKS: list[Attack] = []


def attack(section: str, *, rss_mib: int = 24, **limits: int) -> Callable[[Callable[[Target], None]], None]:
    def add(run: Callable[[Target], None]) -> None:
        ATTACKS.append(Attack(run.__name__, section, run, limits, rss_mib))

    return add


@contextmanager
def many(port: int, count: int, version: int = 5) -> Iterator[list[Wire]]:
    """So many sockets, closed at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(Wire(port, version)) for _ in range(count)]


@contextmanager
def clients(port: int, count: int) -> Iterator[list[Wire]]:
    """So many connected clients."""
    with ExitStack() as stack:
        yield [stack.enter_context(opened(port)) for _ in range(count)]


def varint(value: int) -> bytes:
    encoded = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        encoded.append(low | 0x80 * bool(value))
        if not value:
            return bytes(encoded)


def drain(wire: Wire) -> int | None:
    """The code of the end, also when the broker reset the connection before all was sent."""
    return wire.fate()


def fate_of(port: int, data: bytes, version: int = 5, *, connect: bool = True) -> int | None:
    """What becomes of a client that sends this."""
    with Wire(port, version) as wire:
        if connect:
            assert wire.connect().reason_code == 0
        try:
            wire.send_bytes(data)
            wire.socket.shutdown(socket.SHUT_WR)
        except (Closed, OSError):
            pass
        return wire.fate()


# --- before CONNECT -------------------------------------------------------------------------------------------------


@attack("before CONNECT")
def first_packet_is_not_connect(target: Target) -> None:
    for first in range(0x20, 0x100, 0x10):
        assert fate_of(target.port, bytes((first, 0)), connect=False) is None
        assert fate_of(target.port, bytes((first,)) + varint(MIB - 5) + bytes(100_000), connect=False) is None
    assert target.stats["connects_refused"] >= 28


@attack("before CONNECT")
def announcing_256_mb_and_sending_nothing(target: Target) -> None:
    before = target.rss_bytes
    with many(target.port, 300) as wires:
        for wire in wires:
            wire.send_bytes(b"\x10" + varint(268_435_455))
        assert all(wire.fate() is None for wire in wires)
    with many(target.port, 300) as wires:
        for wire in wires:
            wire.send_bytes(b"\x10" + varint(MIB - 5))
        assert target.rss_bytes - before < 24 * MIB
        assert all(wire.fate() is None for wire in wires), "dropped at the connect time-out"


@attack("before CONNECT")
def slow_loris(target: Target) -> None:
    """CONNECT byte by byte, never whole (SlowITe), and connections that say nothing at all."""
    connect = encode(Connect("slow", 5), 5)
    before = target.stats["connect_timeouts"]
    with many(target.port, 200) as wires:
        for byte in connect[:-1]:
            for wire in wires[:100]:
                wire.send_bytes(bytes((byte,)))
        assert all(wire.fate() is None for wire in wires)
    assert target.stats["connect_timeouts"] - before == 200


@attack("before CONNECT", rss_mib=32)
def idle_connections(target: Target) -> None:
    with many(target.port, 500) as wires:
        for wire in wires:
            wire.send(Connect("", 5))
        assert all(wire.next().reason_code == 0 for wire in wires)
        before = target.cpu_s
        with opened(target.port) as beside:
            for _ in range(50):
                beside.ping()
        assert target.cpu_s - before < 0.5


@attack("before CONNECT")
def pipelined_behind_connect(target: Target) -> None:
    for version in (4, 5):
        with Wire(target.port, version) as wire:
            packets = [
                Connect("", version),
                Subscribe(1, [Subscription("pipe/#")]),
                Publish("pipe/a", b"1", 1, packet_id=2),
                Pingreq(),
            ]
            wire.send(*packets)
            names = sorted(type(wire.next()).__name__ for _ in range(5))
            assert names == ["Connack", "Pingresp", "Puback", "Publish", "Suback"]


@attack("before CONNECT")
def length_field_of_five_bytes(target: Target) -> None:
    assert fate_of(target.port, b"\x10\xff\xff\xff\xff\x01", connect=False) is None
    assert fate_of(target.port, b"\x30\xff\xff\xff\xff\x01") == ReasonCode.MALFORMED_PACKET


@attack("before CONNECT")
def thousands_of_user_properties(target: Target) -> None:
    pairs = [("k", "v")] * 5_000
    with Wire(target.port) as wire:
        assert wire.connect(properties={"user_property": pairs}).reason_code == 0
        wire.send(Publish("props/a", b"", 1, packet_id=1, properties={"user_property": pairs}))
        assert wire.next().reason_code == ReasonCode.QUOTA_EXCEEDED
    most = encode(Connect("", 5, properties={"user_property": [("", "")] * 200_000}), 5)
    for _ in range(5):
        assert fate_of(target.port, most, connect=False) == ReasonCode.QUOTA_EXCEEDED


@attack("before CONNECT")
def property_twice_or_out_of_place(target: Target) -> None:
    """Also in the will, refused each time and without a leak."""
    head = b"\x00\x04MQTT\x05\x06\x00\x00"  # clean start, will
    twice_in_connect = b"\x00\x04MQTT\x05\x02\x00\x00" + b"\x06\x21\x00\x01\x21\x00\x01" + b"\x00\x00"
    twice_in_will = head + b"\x00" + b"\x00\x00" + b"\x04\x01\x00\x01\x00" + b"\x00\x01w\x00\x00"
    in_will_only_connect = head + b"\x00" + b"\x00\x00" + b"\x03\x21\x00\x01" + b"\x00\x01w\x00\x00"
    for body in (twice_in_connect, twice_in_will, in_will_only_connect):
        for _ in range(100):
            data = b"\x10" + varint(len(body)) + body
            assert fate_of(target.port, data, connect=False) == ReasonCode.PROTOCOL_ERROR


@attack("before CONNECT")
def empty_client_id_without_clean_session(target: Target) -> None:
    with Wire(target.port, 4) as wire:
        wire.send(Connect("", 4, False))
        assert wire.fate() == ReasonCode.CLIENT_IDENTIFIER_NOT_VALID


# --- topics ---------------------------------------------------------------------------------------------------------


@attack("topics")
def empty_topics(target: Target) -> None:
    assert fate_of(target.port, b"\x30\x03\x00\x00\x00") == ReasonCode.PROTOCOL_ERROR
    assert fate_of(target.port, b"\x30\x06\x00\x00\x03\x23\x00\x01") == ReasonCode.PROTOCOL_ERROR  # alias not set
    assert fate_of(target.port, b"\x30\x02\x00\x00", 4) is None


@attack("topics")
def slashes_lasting(target: Target) -> None:
    slashes = "/" * 65_535
    with opened(target.port) as wire:
        for _ in range(20):
            assert wire.subscribe(slashes).reason_codes == [ReasonCode.TOPIC_FILTER_INVALID]
            wire.send(Unsubscribe(1, [slashes]))
            assert wire.next().reason_codes == [ReasonCode.NO_SUBSCRIPTION_EXISTED]
            wire.send(Publish(slashes, b"", 1, packet_id=1))
            assert wire.next().reason_code == ReasonCode.TOPIC_NAME_INVALID
    with Wire(target.port) as wire:
        assert wire.connect(will=ConnectWill(slashes, b"")).reason_code == ReasonCode.TOPIC_NAME_INVALID


@attack("topics")
def wildcards_in_a_publish(target: Target) -> None:
    for topic in ("a/#", "+/a", "#", "a+"):
        body = len(topic).to_bytes(2, "big") + topic.encode() + b"\x00"
        assert fate_of(target.port, b"\x30" + varint(len(body)) + body) == ReasonCode.TOPIC_NAME_INVALID


@attack("topics")
def dollar_topics(target: Target) -> None:
    """Nobody publishes on the broker's own topics, by publish or by will; malformed shares are no filters."""
    with opened(target.port) as watch, opened(target.port) as wire:
        assert watch.subscribe("#", "$SYS/#", qos=1).reason_codes == [1, 1]
        for topic in ("$SYS/broker/uptime", "$uns/rejected/x", "$share/g/a", "$"):
            wire.send(Publish(topic, b"mine", 1, packet_id=1))
            assert wire.next().reason_code in (ReasonCode.NOT_AUTHORIZED, ReasonCode.TOPIC_NAME_INVALID), topic
            with Wire(target.port) as will:
                code = will.connect(will=ConnectWill(topic, b"mine")).reason_code
                assert code in (ReasonCode.NOT_AUTHORIZED, ReasonCode.TOPIC_NAME_INVALID), topic
        watch.send(Pingreq())
        assert type(watch.next()).__name__ == "Pingresp", "nothing was delivered before it"
    for topic_filter in ("$share", "$share/", "$share//x", "$share/a", "$share/a/", "$share/+/x", "$share/a#/x"):
        data = b"\x82" + varint(len(topic_filter) + 6) + b"\x00\x01\x00" + len(topic_filter).to_bytes(2, "big")
        assert fate_of(target.port, data + topic_filter.encode() + b"\x00") == ReasonCode.TOPIC_FILTER_INVALID


@attack("topics")
def text_that_is_none(target: Target) -> None:
    """U+0000, surrogates, over-long UTF-8, control characters, in each place where a name stands."""
    for raw in (b"a\0b", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"a\x1b[2Jb", b"a\nb", b"\xff"):
        name = len(raw).to_bytes(2, "big") + raw
        for data in (
            b"\x30" + varint(len(name) + 1) + name + b"\x00",
            b"\x82" + varint(len(name) + 4) + b"\x00\x01\x00" + name + b"\x00",
            b"\xa2" + varint(len(name) + 3) + b"\x00\x01\x00" + name,
        ):
            assert fate_of(target.port, data) == ReasonCode.MALFORMED_PACKET, raw
        connect = b"\x00\x04MQTT\x05\x02\x00\x00\x00" + name
        code = fate_of(target.port, b"\x10" + varint(len(connect)) + connect, connect=False)
        assert code in (ReasonCode.MALFORMED_PACKET, ReasonCode.CLIENT_IDENTIFIER_NOT_VALID), raw


@attack("topics")
def hostile_names(target: Target) -> None:
    """Names that would be harmful in a file name, in SQL or in HTML are only names."""
    for name in ("../../etc/passwd", "'; DROP TABLE sessions;--", "<script>alert(1)</script>", "%s%n", "a" * 256):
        with opened(target.port, name) as wire:
            suback = wire.subscribe(f"names/{name.replace('/', '_')[:200]}")
            assert suback.reason_codes == [0]
    for version in (4, 5):
        with Wire(target.port, version) as wire:
            wire.send(Connect("a" * 60_000, version))
            assert wire.fate() == ReasonCode.CLIENT_IDENTIFIER_NOT_VALID


# --- PUBLISH --------------------------------------------------------------------------------------------------------


@attack("PUBLISH")
def forbidden_publishes(target: Target) -> None:
    topic = b"\x00\x01t"
    for data, code in [
        (b"\x30\x06" + topic + b"\x02\x0b\x01", ReasonCode.PROTOCOL_ERROR),  # Subscription Identifier from a client
        (b"\x30\x07" + topic + b"\x03\x23\x00\x00", ReasonCode.TOPIC_ALIAS_INVALID),
        (b"\x30\x07" + topic + b"\x03\x23\x00\x65", ReasonCode.TOPIC_ALIAS_INVALID),  # 101, one above the maximum
        (b"\x36\x06" + topic + b"\x00\x01\x00", ReasonCode.MALFORMED_PACKET),  # QoS 3
        (b"\x38\x04" + topic + b"\x00", ReasonCode.MALFORMED_PACKET),  # DUP at QoS 0
        (b"\x30" + varint(2 * MIB), ReasonCode.PACKET_TOO_LARGE),
        (b"\x32\x06" + topic + b"\x00\x00\x00", ReasonCode.PROTOCOL_ERROR),  # packet id 0
    ]:
        assert fate_of(target.port, data) == code, data.hex()


@attack("PUBLISH")
def payload_that_is_not_the_text_it_says(target: Target) -> None:
    with opened(target.port) as wire:
        properties = {"payload_format_indicator": 1}
        wire.send(Publish("text/a", b"\xff\xfe", 1, packet_id=1, properties=properties))
        assert wire.next().reason_code == ReasonCode.PAYLOAD_FORMAT_INVALID


@attack("PUBLISH")
def aliases_are_not_forwarded(target: Target) -> None:
    with opened(target.port) as reader, opened(target.port) as wire:
        reader.subscribe("alias/#")
        wire.send(Publish("alias/a", b"1", properties={"topic_alias": 1}))
        wire.send(*(Publish("", b"2", properties={"topic_alias": 1}) for _ in range(1000)))
        for _ in range(1001):
            packet = reader.next()
            assert packet.topic == "alias/a"
            assert not packet.properties


@attack("PUBLISH")
def retained_and_empty_combinations(target: Target) -> None:
    with opened(target.port) as wire:
        for qos in (0, 1, 2):
            for payload in (b"", b"x", b"", b""):
                wire.send(Publish("combo/a", payload, qos, True, packet_id=7 if qos else None))
                if qos:
                    assert wire.next().reason_code == 0
                if qos == 2:
                    wire.send(Pubrel(7))
                    wire.next()
        assert wire.subscribe("combo/a").reason_codes == [0]
        wire.ping()
    assert target.stats["retained"] == 0


# --- the state of QoS 1 and 2 ---------------------------------------------------------------------------------------


@attack("QoS state")
def one_packet_id_again_and_again(target: Target) -> None:
    """30 MB of the same QoS 2 packet id: delivered once, nothing grows."""
    with opened(target.port) as reader, opened(target.port) as wire:
        reader.subscribe("again/#", qos=2)
        frame = encode(Publish("again/a", b"x" * 30_000, 2, packet_id=1), 5)
        wire.send_bytes(frame)
        wire.next()
        for _ in range(100):
            wire.send_bytes(frame * 10)
            for _ in range(10):
                assert wire.next().packet_id == 1
        assert isinstance(reader.next(), Publish)
        reader.send(Pingreq())
        assert type(reader.next()).__name__ == "Pingresp"


@attack("QoS state")
def delivered_again_exactly_once(target: Target) -> None:
    """A subscriber that comes back before PUBREC gets the same message with DUP; after PUBREC only the PUBREL."""
    keep = {"session_expiry_interval": 60}
    with opened(target.port, "twice", properties=keep) as reader:
        reader.subscribe("twice/#", qos=2)
        with opened(target.port) as wire:
            wire.send(Publish("twice/a", b"1", 2, packet_id=1))
            wire.next()
        first = reader.next()
    with opened(target.port, "twice", clean=False, properties=keep) as reader:
        second = reader.next()
        assert (second.packet_id, second.dup) == (first.packet_id, True)
        reader.send(Pubrec(second.packet_id))
        assert isinstance(reader.next(), Pubrel)
    with opened(target.port, "twice", clean=False) as reader:
        assert isinstance(reader.next(), Pubrel)
        reader.ping()


@attack("QoS state")
def more_in_flight_than_allowed(target: Target) -> None:
    with opened(target.port) as wire:
        wire.send(*(Publish("flight/a", b"", 2, packet_id=number + 1) for number in range(101)))
        assert wire.fate() == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED


@attack("QoS state")
def answers_to_nothing(target: Target) -> None:
    """Acknowledgements of ids that were never sent, and a storm of PUBREL."""
    with opened(target.port) as wire:
        for number in range(1, 30_000, 1000):
            wire.send(*(Puback(number + step) for step in range(1000)))
            wire.send(*(Pubrel(number + step) for step in range(1000)))
            for _ in range(1000):
                assert wire.next().reason_code == ReasonCode.PACKET_IDENTIFIER_NOT_FOUND
        wire.ping()


@attack("QoS state", rss_mib=40)
def never_acknowledging(target: Target) -> None:
    """A subscriber that acknowledges nothing while more messages come than there are packet ids."""
    with opened(target.port) as deaf, opened(target.port) as wire:
        deaf.subscribe("deaf/#", qos=1)
        frames = b"".join(encode(Publish("deaf/a", b"x" * 20, 1, packet_id=step + 1), 5) for step in range(700))
        for _ in range(100):
            wire.send_bytes(frames)
            for _ in range(700):
                wire.next()
        assert len([deaf.next() for _ in range(100)]) == 100
        deaf.socket.settimeout(0.1)
        try:
            raise AssertionError(f"past the receive maximum came {deaf.next()}")
        except TimeoutError:
            pass
        assert target.stats["queue_shed"] > 0


# --- sessions -------------------------------------------------------------------------------------------------------


@attack("sessions", rss_mib=40)
def stalled_subscriber(target: Target) -> None:
    """200 MB at QoS 0 for a client that does not read."""
    with Wire(target.port, receive_buffer=4096) as stalled, opened(target.port) as wire:
        stalled.connect()
        stalled.subscribe("stall/#")
        before = target.rss_bytes
        frame = encode(Publish("stall/a", b"x" * 100_000), 5)
        for _ in range(200):
            wire.send_bytes(frame * 10)
        wire.ping()
        report = target.stats
        assert report["slow_shed"] > 1000
        assert target.rss_bytes - before < 60 * MIB


@attack("sessions", rss_mib=40)
def offline_subscriber(target: Target) -> None:
    """200 MB at QoS 1 for a client that is away: the queue keeps the newest."""
    with opened(target.port, "away", properties={"session_expiry_interval": 60}) as away:
        away.subscribe("away/#", qos=1)
    with opened(target.port) as wire:
        before = target.rss_bytes
        frames = b"".join(encode(Publish("away/a", b"x" * 100_000, 1, packet_id=step + 1), 5) for step in range(20))
        for _ in range(100):
            wire.send_bytes(frames)
            for _ in range(20):
                assert wire.next().reason_code == 0
        assert target.rss_bytes - before < 60 * MIB
        assert target.stats["queue_shed"] > 1000
    with opened(target.port, "away", clean=False) as back:
        assert isinstance(back.next(), Publish)


@attack("sessions")
def reconnect_and_subscribe_churn(target: Target) -> None:
    for number in range(300):
        with opened(target.port, "churn", clean=bool(number % 2), properties={"session_expiry_interval": 60}) as wire:
            wire.subscribe("churn/#", f"churn/{number}", qos=1)
    with opened(target.port, "churn"):
        pass
    with opened(target.port) as wire:
        for _ in range(2000):
            wire.send(Subscribe(1, [Subscription("#")]), Unsubscribe(2, ["#"]))
        wire.ping()


@attack("sessions")
def takeover_during_delivery(target: Target) -> None:
    with opened(target.port) as wire, ExitStack() as stack:
        readers = []
        for number in range(100):
            reader = stack.enter_context(opened(target.port, "same", clean=not number))
            if not number:
                reader.subscribe("same/#", qos=0)
            readers.append(reader)
            wire.send(*(Publish("same/a", b"x" * 1000) for _ in range(50)))
        wire.ping()
        assert all(reader.fate() == ReasonCode.SESSION_TAKEN_OVER for reader in readers[:-1])
        readers[-1].ping()


@attack("sessions")
def session_hijack_by_client_id(target: Target) -> None:
    keep = {"session_expiry_interval": 60}
    with opened(target.port, "treasury", username="ann", properties=keep) as owner:
        owner.subscribe("secret/#", qos=1)
        for version in (4, 5):
            with Wire(target.port, version) as thief:
                thief.send(Connect("treasury", version, False, 0, "eve"))
                assert thief.fate() == ReasonCode.CLIENT_IDENTIFIER_NOT_VALID
        owner.ping()
    with Wire(target.port) as thief:
        thief.send(Connect("treasury", 5, True, 0, "eve"))
        assert thief.fate() == ReasonCode.CLIENT_IDENTIFIER_NOT_VALID
    with opened(target.port, "treasury", username="ann"):
        pass


@attack("sessions")
def plain_and_shared_both_deliver(target: Target) -> None:
    with opened(target.port) as reader, opened(target.port) as wire:
        reader.subscribe("both/#", "$share/group/both/#")
        wire.send(*(Publish("both/a", b"1") for _ in range(100)))
        wire.ping()
        assert len([reader.next() for _ in range(200)]) == 200


@attack("sessions")
def expiry_lasting(target: Target) -> None:
    """0xFFFFFFFF is capped and the client told."""
    with Wire(target.port) as wire:
        connack = wire.connect("forever", properties={"session_expiry_interval": 0xFFFFFFFF})
        assert connack.properties["session_expiry_interval"] == 7 * 86_400
    with opened(target.port, "forever"):
        pass


@attack("sessions")
def clean_start_races_a_will_delay(target: Target) -> None:
    """The session ends with the clean start, so its will is due: once, however often it races."""
    with opened(target.port) as watch:
        watch.subscribe("race/will")
        for number in range(50):
            will = ConnectWill("race/will", str(number).encode(), properties={"will_delay_interval": 30})
            opened(target.port, "racer", will=will, properties={"session_expiry_interval": 60}).close()
            with opened(target.port, "racer"):
                assert watch.next().payload == str(number).encode()
        watch.ping()


@attack("sessions")
def empty_will_topic(target: Target) -> None:
    for version, code in ((4, None), (5, ReasonCode.TOPIC_NAME_INVALID)):
        with Wire(target.port, version) as wire:
            wire.send(Connect("", version, will=ConnectWill("", b"x")))
            assert wire.fate() in (code, ReasonCode.TOPIC_NAME_INVALID, ReasonCode.SERVER_UNAVAILABLE)


@attack("sessions")
def will_flood(target: Target) -> None:
    """A thousand clients die at once, each with a will for everybody; half of the wills are due in the same moment."""
    before = target.stats["messages_out"]
    with opened(target.port) as watch:
        watch.subscribe("wills/#")
        with many(target.port, 1000) as wires:
            for number, wire in enumerate(wires):
                properties = {"will_delay_interval": 1} if number % 2 else None
                keep = {"session_expiry_interval": 5}
                will = ConnectWill(f"wills/{number}", b"x" * 1000, properties=properties)
                wire.send(Connect("", 5, True, 0, None, None, will, keep))
            for wire in wires:
                assert wire.next().reason_code == 0
        until(lambda: target.stats["messages_out"] - before >= 1000, "every will is sent")
        assert len({watch.next().topic for _ in range(1000)}) == 1000


# --- volume ---------------------------------------------------------------------------------------------------------


@attack("sessions", rss_mib=30)
def a_small_packet_of_each_of_many(target: Target) -> None:
    """Fifteen hundred clients subscribe, publish on a new topic and unsubscribe, each time all in one moment."""
    steps: list[Callable[[int], Any]] = [
        lambda number: Subscribe(1, [Subscription(f"many/{number}/#", 1)]),
        lambda number: Subscribe(2, [Subscription("$share/many/all/+", 1)]),
        lambda number: Publish(f"free/{number}", b"1", 1, packet_id=3),
        lambda number: Unsubscribe(4, [f"many/{number}/#", "$share/many/all/+"]),
    ]
    with many(target.port, 1500) as wires:
        for wire in wires:
            wire.send(Connect("", 5, True, 0))
        for wire in wires:
            assert wire.next().reason_code == 0
        for step in steps:
            for number, wire in enumerate(wires):
                wire.send(step(number))
            for wire in wires:
                wire.next()


@attack("volume", rss_mib=40)
def subscription_bomb(target: Target) -> None:
    """Ten thousand filters of one client, wildcards among them, then the packet of too many."""
    with opened(target.port) as wire, opened(target.port) as beside:
        codes: list[int] = []
        for number in range(11):
            filters = [f"bomb/+/{number}/{step}/#" for step in range(1000)]
            wire.send(Subscribe(1, [Subscription(each) for each in filters]))
            codes += wire.next().reason_codes
        assert codes.count(0) == 10_000
        assert codes.count(ReasonCode.QUOTA_EXCEEDED) == 1000
        beside.send(*(Publish(f"bomb/{step}/1/1/x", b"1") for step in range(1000)))
        beside.ping()
    assert fate_of(target.port, encode(Subscribe(1, [Subscription("a")] * 100_000), 5)) == ReasonCode.QUOTA_EXCEEDED
    assert fate_of(target.port, encode(Unsubscribe(1, ["a"] * 100_000), 5)) == ReasonCode.QUOTA_EXCEEDED


def deep_filters(count: int, name: str = "deep") -> list[str]:
    """Each of thirty levels, with none in common."""
    tail = "/".join(f"level{number}" for number in range(29))
    return [f"{name}{number}/{tail}" for number in range(count)]


def subscribe_all(wire: Wire, filters: list[str], qos: int = 1) -> None:
    for start in range(0, len(filters), 1000):
        assert set(wire.subscribe(*filters[start : start + 1000], qos=qos).reason_codes) == {qos}


def lasting(target: Target, client_id: str, expiry_s: int) -> Wire:
    return opened(target.port, client_id, properties={"session_expiry_interval": expiry_s})


@attack("volume", rss_mib=150)
def sessions_of_ten_thousand_filters_end(target: Target) -> None:
    """By a goodbye, by a clean start, by expiry; each time the name can be had again at once."""
    filters = deep_filters(10_000)
    with lasting(target, "greedy", 60) as wire:
        subscribe_all(wire, filters)
        wire.send(Disconnect(0, {"session_expiry_interval": 0}))
        assert wire.fate() is None
    with lasting(target, "greedy", 60) as wire:
        subscribe_all(wire, filters)
    with lasting(target, "greedy", 1) as wire:
        subscribe_all(wire, filters)
    expired = target.stats["sessions_expired"]
    until(lambda: target.stats["sessions_expired"] > expired, "the session expires")
    with lasting(target, "greedy", 0) as wire:
        wire.send(*(Publish(topic_filter, b"1") for topic_filter in filters[:100]))
        wire.send(Pingreq())
        assert type(wire.next()).__name__ == "Pingresp", "nothing is left of the subscriptions"


@attack("volume", rss_mib=64)
def many_sessions_expire_at_once(target: Target) -> None:
    """Two hundred, with a hundred filters and a will each."""
    expired = target.stats["sessions_expired"]
    for number in range(200):
        will = ConnectWill("wills/late", b"1", properties={"will_delay_interval": 5})
        keep = {"session_expiry_interval": 2}
        with opened(target.port, f"late{number}", will=will, properties=keep) as wire:
            subscribe_all(wire, deep_filters(100, f"late{number}-"))
    until(lambda: target.stats["sessions_expired"] - expired >= 200, "all of them expire")  # and some of other attacks


@attack("volume", rss_mib=64)
def as_many_filters_in_a_packet_as_are_taken(target: Target) -> None:
    """Two thousand come with one SUBSCRIBE and go with one UNSUBSCRIBE, again and again."""
    filters = deep_filters(2_000)
    with opened(target.port) as wire:
        for _ in range(10):
            wire.send(Subscribe(1, [Subscription(each, 1) for each in filters]))
            assert wire.next().reason_codes == [1] * 2_000
            wire.send(Unsubscribe(1, filters))
            assert wire.next().reason_codes == [0] * 2_000


@attack("volume", rss_mib=64)
def shared_group_of_the_absent(target: Target) -> None:
    """A thousand members are away; one that ends leaves ten thousand messages, which go to the others."""
    group = "$share/absent/absent/#"
    with lasting(target, "first", 60) as wire:
        wire.subscribe(group, qos=1)
    frames = [encode(Publish("absent/a", b"x", 1, packet_id=number + 1), 5) for number in range(10_000)]
    with opened(target.port) as wire:
        for start in range(0, 10_000, 50):
            wire.send_bytes(b"".join(frames[start : start + 50]))
            for _ in range(50):
                assert wire.next().reason_code == 0
    for number in range(1000):
        with lasting(target, f"absent{number}", 60) as wire:
            wire.subscribe(group, qos=1)
    with lasting(target, "first", 0):
        pass
    with lasting(target, "absent7", 0) as wire:
        wire.subscribe(group, qos=1)
    for number in range(1000):
        with lasting(target, f"absent{number}", 0):
            pass


@attack("volume", rss_mib=64, max_topics=20_000)
def topic_bomb(target: Target) -> None:
    """Forty thousand topics made up: the oldest are forgotten (max_topics)."""
    with opened(target.port) as reader, opened(target.port) as wire:
        reader.subscribe("made/up/nothing/+")
        for number in range(40):
            wire.send(*(Publish(f"made/up/{number}/{step}", b"1") for step in range(1000)))
        wire.ping()
    assert target.stats["topics"] <= 20_000


@attack("volume", rss_mib=64)
def wildcards_times_retained(target: Target) -> None:
    """Many clients ask for all of 20,000 retained messages by overlapping filters and do not read."""
    with opened(target.port) as wire:
        for number in range(20):
            wire.send(*(Publish(f"kept/{number}/{step}", b"x" * 100, retain=True) for step in range(1000)))
        wire.ping()
        with clients(target.port, 30) as wires:
            for each in wires:
                each.send(Subscribe(1, [Subscription(f) for f in ("kept/#", "kept/+/+", "+/+/5", "#", "+/#")]))
            for each in wires[:3]:
                got = 0
                while got < 20_000:
                    got += isinstance(each.next(), Publish)
        for number in range(20):
            wire.send(*(Publish(f"kept/{number}/{step}", b"", retain=True) for step in range(1000)))
        wire.ping()


@attack("volume", rss_mib=48)
def filters_that_match_nothing_of_much(target: Target) -> None:
    """A filter that no retained message matches, but each topic nearly does: a long search without a result."""
    with opened(target.port) as wire:
        for number in range(20):
            wire.send(*(Publish(f"near/{number}/{step}/y", b"1") for step in range(1000)))
        wire.ping()
        wire.send(Subscribe(1, [Subscription(f"+/+/+/none{step}") for step in range(100)]))
        wire.ping()


@attack("volume", rss_mib=32)
def connection_flood(target: Target) -> None:
    """Two thousand connections come and go, half of them without a word."""
    for _ in range(10):
        with many(target.port, 200) as wires:
            for wire in wires[::2]:
                wire.send(Connect("", 5))
            for wire in wires[::2]:
                assert wire.next().reason_code == 0
    until(lambda: target.stats["connections"] <= 2, "the closed connections are gone")


@attack("volume", max_connections_per_address=100)
def more_connections_than_allowed(target: Target) -> None:
    codes: list[int | None] = []
    with clients(target.port, 90), many(target.port, 300) as late:
        for wire in late:
            try:
                wire.send(Connect("", 5))
                codes.append(wire.next().reason_code)
            except Closed:
                codes.append(None)
    assert codes.count(ReasonCode.QUOTA_EXCEEDED) >= 100
    assert codes.count(0) <= 10


@attack("volume", max_memory_bytes=24 * MIB, max_packet_bytes=MIB, rss_mib=64)
def memory_exhausted_by_those_who_do_not_read(target: Target) -> None:
    """Fifty stalled readers of large messages and fifty unfinished packets: the fattest are cut, the rest is served."""
    with opened(target.port) as wire, clients(target.port, 20) as stalled, clients(target.port, 20) as unfinished:
        for each in stalled:
            each.subscribe("fat/#")
        whole = encode(Publish("fat/a", b"x" * (MIB - 100)), 5)
        for each in unfinished:
            each.send_bytes(whole[:-1])
        for _ in range(10):
            wire.send(Publish("fat/a", b"x" * 900_000))
            wire.ping()
        until(lambda: target.stats["memory_cut"] > 0, "somebody is cut")
        until(lambda: target.stats["memory_bytes"] < 24 * MIB, "memory is within its bound again")


@attack("volume", max_memory_bytes=24 * MIB, max_packet_bytes=MIB, rss_mib=64)
def large_values_nobody_retains(target: Target) -> None:
    """200 MB at QoS 0 on topics of which each keeps its last value, and 60 MB of made-up names."""
    before = target.rss_bytes
    with opened(target.port) as wire:
        for number in range(200):
            wire.send(Publish(f"values/{number}", b"x" * 1_000_000))
        for number in range(1000):
            wire.send(Publish(f"values/{number}/" + "x" * 60_000, b"1"))
        wire.ping()
    assert target.rss_bytes - before < 64 * MIB
    assert 0 < target.stats["current_bytes"] <= 24 * MIB // 4


@attack("volume", max_memory_bytes=24 * MIB, max_packet_bytes=MIB, rss_mib=64)
def long_topic_aliases(target: Target) -> None:
    """Ten clients with a hundred aliases of 60 kB each; who holds most is cut, the aliases go with him."""
    before = target.rss_bytes
    with clients(target.port, 10) as wires:
        for number, wire in enumerate(wires):
            try:
                for alias in range(1, 101):
                    topic = f"alias/{number}-{alias}/" + "x" * 60_000
                    wire.send(Publish(topic, b"", properties={"topic_alias": alias}))
                wire.ping()
            except (Closed, OSError):
                pass
        assert target.rss_bytes - before < 100 * MIB
        until(lambda: target.stats["memory_bytes"] < 24 * MIB, "memory is within its bound")
        assert target.stats["memory_cut"] > 0
    until(lambda: target.stats["client_bytes"] < MIB, "the aliases are gone")


@attack("volume", max_memory_bytes=24 * MIB, max_packet_bytes=MIB, rss_mib=64)
def long_filters(target: Target) -> None:
    """A thousand filters of 60 kB in a session that outlives its connection: refused when memory is short."""
    codes: list[int] = []
    with opened(target.port, "filters", properties={"session_expiry_interval": 60}) as wire:
        for number in range(100):
            filters = [f"long/{number}/{step}/" + "x" * 60_000 for step in range(10)]
            try:
                wire.send(Subscribe(9, [Subscription(each) for each in filters]))
                answer = wire.next()
            except (Closed, OSError):
                break
            if isinstance(answer, Disconnect):  # it holds most, and memory is short
                assert answer.reason_code == ReasonCode.QUOTA_EXCEEDED
                break
            codes += answer.reason_codes
    assert 0 < codes.count(0) < 500
    until(lambda: target.stats["memory_bytes"] < 24 * MIB, "memory is within its bound")
    with opened(target.port, "filters"):
        pass
    until(lambda: target.stats["client_bytes"] < MIB, "the filters are gone with the session")


@attack("volume", max_memory_bytes=24 * MIB, max_packet_bytes=MIB, rss_mib=64)
def large_wills(target: Target) -> None:
    """Three hundred delayed wills of 200 kB, and nobody comes back for them."""
    text = "x" * 60_000
    extra = {"user_property": [("k", text)], "correlation_data": text.encode(), "content_type": text}
    will = ConnectWill("large/will", text.encode(), properties={"will_delay_interval": 30, **extra})
    codes, before = [], target.stats["memory_cut"]
    for number in range(300):
        with Wire(target.port) as wire:
            try:
                connack = wire.connect(f"will{number}", will=will, properties={"session_expiry_interval": 60})
                codes.append(connack.reason_code)
            except (Closed, OSError):  # cut while its CONNECT was on the way: memory is short
                codes.append(ReasonCode.QUOTA_EXCEEDED)
    refused = codes.count(ReasonCode.QUOTA_EXCEEDED)
    until(lambda: refused or target.stats["memory_cut"] > before, "wills are refused, or sent before their time")
    until(lambda: target.stats["memory_bytes"] < 24 * MIB, "memory is within its bound")
    for number in range(300):
        with opened(target.port, f"will{number}"):
            pass
    until(lambda: target.stats["client_bytes"] < MIB, "the wills are sent")


@attack("volume", max_publish_rate=1000)
def publish_flood_past_the_rate(target: Target) -> None:
    """A client that sends as fast as it can is read at its rate; the client beside it does not notice."""
    with opened(target.port) as wire, opened(target.port) as beside:
        wire.socket.settimeout(0.5)
        frame = encode(Publish("rate/a", b"x" * 50), 5)
        sent = 0
        try:
            while sent < 2_000:
                wire.socket.sendall(frame * 100)
                sent += 1
        except TimeoutError:
            pass
        assert sent < 2_000, "TCP must have told it to wait"
        beside.ping()
    assert target.stats["reads_slowed"] > 0


@attack("volume")
def mutated_packets(target: Target) -> None:
    """Ten thousand packets with bytes changed, on as few connections as they leave open."""
    chance = random.Random(20_261_126)
    seeds = [encode(packet, 5) for packet in seed_packets()]
    wire = opened(target.port)
    try:
        for _ in range(10_000):
            data = bytearray(chance.choice(seeds))
            for _ in range(chance.randint(1, 3)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            try:
                wire.send_bytes(bytes(data))
                if not chance.randrange(20):
                    raise Closed
            except Closed:
                wire.close()
                wire = Wire(target.port)
                if chance.randrange(10):
                    wire.connect()
    finally:
        wire.close()


def seed_packets() -> list[Any]:
    """A packet of each kind that a client sends, with properties."""
    pair = {"user_property": [("k", "v")]}
    return [
        Connect("m", 5, True, 10, "u", b"p", ConnectWill("w", b"x", 1, False, pair), {"receive_maximum": 10}),
        Publish("m/a", b"payload", 0, False, False, None, pair),
        Publish("m/b", b"payload", 2, True, False, 5, {"topic_alias": 1, "message_expiry_interval": 5}),
        Puback(5),
        Pubrec(5),
        Pubrel(5),
        Subscribe(6, [Subscription("m/#", 2), Subscription("$share/g/m/+", 1)], {"subscription_identifier": 7}),
        Unsubscribe(6, ["m/#", "$share/g/m/+"]),
        Pingreq(),
    ]

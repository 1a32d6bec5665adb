"""Does the decoder keep what is good, stop at what is not, and stay cheap while a packet is on its way?"""

import tracemalloc
from typing import Any

import pytest

from uns.mqtt import (
    LARGEST_PACKET_BYTES,
    Connect,
    Decoder,
    Pingreq,
    Publish,
    ReasonCode,
    Side,
    Subscribe,
    Subscription,
    encode,
)

PUBLISH = Publish("acme/ghent/line1/speed", b"21.4")


@pytest.mark.parametrize("version", [3, 4, 5])
def test_packets_pipelined_behind_connect_are_read_in_its_version(version: int) -> None:
    decoder = Decoder(Side.SERVER)
    sent = [Connect("a", version), PUBLISH, PUBLISH, Pingreq()]
    assert decoder.receive(b"".join(encode(packet, version) for packet in sent)) == sent
    assert decoder.version == version


def test_good_packets_before_a_failure_are_returned_and_the_rest_is_ignored() -> None:
    decoder = Decoder(Side.SERVER, version=5)
    good = encode(PUBLISH, 5)
    assert decoder.receive(good + b"\x36\x00" + good) == [PUBLISH]
    assert decoder.failure is not None
    first_failure = decoder.failure
    assert decoder.receive(good) == []
    assert decoder.receive(b"\x00") == []
    assert decoder.failure is first_failure


def test_the_version_is_known_when_the_rest_of_connect_fails() -> None:
    """So that a CONNACK can refuse it in the client's own version."""
    decoder = Decoder(Side.SERVER)
    decoder.receive(
        encode(Connect("a", 5, properties={"user_property": [("a", "b")]}), 5).replace(b"\x00\x01b", b"\x00\x01\0")
    )
    assert decoder.failure is not None
    assert decoder.version == 5


def test_an_unsupported_version_stays_unknown() -> None:
    decoder = Decoder(Side.SERVER)
    decoder.receive(bytes.fromhex("10 0d 0004 4d515454 06 02 003c 0001 61"))
    assert decoder.failure is not None
    assert decoder.failure.reason_code is ReasonCode.UNSUPPORTED_PROTOCOL_VERSION
    assert decoder.version is None


@pytest.mark.parametrize("first", range(0x100))
def test_one_byte_decides_whether_the_first_packet_is_a_connect(first: int) -> None:
    decoder = Decoder(Side.SERVER)
    assert decoder.receive(bytes((first,))) == []
    assert (decoder.failure is None) == (first >> 4 == 1)


def test_a_client_must_say_its_version() -> None:
    with pytest.raises(ValueError, match="version"):
        Decoder(Side.CLIENT)


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("topic", ["a/b", "x" * 200, "y" * 20_000])
def test_the_largest_packet_is_taken_and_one_byte_more_refused_by_its_header(version: int, topic: str) -> None:
    wire = encode(Publish(topic, b"1234"), version)
    decoder = Decoder(Side.SERVER, version=version, max_packet_bytes=len(wire))
    assert len(decoder.receive(wire + wire)) == 2
    small = Decoder(Side.SERVER, version=version, max_packet_bytes=len(wire) - 1)
    header_bytes = len(wire) - 2 - len(topic) - 4 - (version == 5)
    assert small.receive(wire[: header_bytes - 1]) == []
    assert small.failure is None
    assert small.receive(wire[header_bytes - 1 : header_bytes]) == []
    assert small.failure is not None
    assert small.failure.reason_code is ReasonCode.PACKET_TOO_LARGE


def test_the_fast_and_the_slow_way_read_the_same() -> None:
    """The first PUBLISH on a topic is read the slow way, the second one inline."""
    for version in (3, 4, 5):
        for length in (0, 1, 50, 90, 127, 128, 16_200, 16_383, 16_384, 70_000):
            sent = Publish(f"fast/{version}/{length}", b"x" * length, retain=length % 2 == 1)
            assert Decoder(Side.SERVER, version=version).receive(encode(sent, version) * 3) == [sent] * 3


@pytest.mark.parametrize(
    ("wire", "max_packet_bytes", "reason_code"),
    [
        ("30 8500 0001 6b 00 78", 100, ReasonCode.MALFORMED_PACKET),  # remaining length padded
        ("30 808001", 100, ReasonCode.PACKET_TOO_LARGE),
        ("30 05 0001 6b 00 78", 6, ReasonCode.PACKET_TOO_LARGE),
        ("30 04 0003 6b0000 78", 100, ReasonCode.MALFORMED_PACKET),  # topic longer than the packet
        ("30 03 0001 6b 00", 100, ReasonCode.MALFORMED_PACKET),  # no property length
        ("30 05 0001 6b 05 78", 100, ReasonCode.MALFORMED_PACKET),  # properties longer than the packet
        ("30 07 0001 6b 02 0102 78", 100, ReasonCode.PROTOCOL_ERROR),  # a property with a wrong value
        ("38 05 0001 6b 00 78", 100, ReasonCode.MALFORMED_PACKET),  # DUP
    ],
)
def test_a_known_topic_lets_nothing_pass(wire: str, max_packet_bytes: int, reason_code: ReasonCode) -> None:
    known = Publish("k", b"x")
    assert Decoder(Side.SERVER, version=5).receive(encode(known, 5)) == [known]
    decoder = Decoder(Side.SERVER, version=5, max_packet_bytes=max_packet_bytes)
    assert decoder.receive(bytes.fromhex(wire) + bytes(20)) == []
    assert decoder.failure is not None
    assert decoder.failure.reason_code is reason_code


def test_a_length_of_three_bytes_is_not_taken_for_one_of_two() -> None:
    """A known topic is laid where a decoder that stops after two length bytes would look for one."""
    sent = Publish("t" * ord("A"), b"p" * 20_000)
    wire = encode(sent, 4)
    decoy = wire[5 : 5 + (wire[3] << 8 | wire[4])].decode()
    assert Decoder(Side.SERVER, version=4).receive(encode(Publish(decoy, b""), 4)) == [Publish(decoy, b"")]
    assert Decoder(Side.SERVER, version=4).receive(wire * 2) == [sent, sent]


def test_an_invalid_topic_is_refused_every_time() -> None:
    wire = bytes.fromhex("30 05 0003 612f2b")
    for _ in range(3):
        decoder = Decoder(Side.SERVER, version=4)
        decoder.receive(wire)
        assert decoder.failure is not None
        assert decoder.failure.reason_code is ReasonCode.TOPIC_NAME_INVALID


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_any_bytes_like_chunk_is_taken(make: Any) -> None:
    wire = encode(PUBLISH, 5)
    decoder = Decoder(Side.SERVER, version=5)
    assert decoder.receive(make(wire + wire[:7])) == [PUBLISH]
    (packet,) = decoder.receive(make(wire[7:]))
    assert packet == PUBLISH
    assert type(packet) is Publish
    assert type(packet.payload) is bytes


def test_nothing_is_reserved_for_what_is_only_announced() -> None:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        decoders = [Decoder(Side.SERVER, max_packet_bytes=LARGEST_PACKET_BYTES) for _ in range(100)]
        for decoder in decoders:
            assert decoder.receive(bytes.fromhex("10 ffffff7f 0004")) == []
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100 * 2000


def test_a_large_packet_in_small_chunks_is_copied_a_bounded_number_of_times() -> None:
    """Counted, not timed: what is held grows in place, and is joined once when the packet is complete."""
    wire = encode(Publish("a", b"x" * 1_000_000), 4)
    decoder = Decoder(Side.SERVER, version=4)
    held = set()
    for start in range(0, len(wire) - 1000, 1000):
        assert decoder.receive(wire[start : start + 1000]) == []
        held.add(id(decoder._held))
    assert len(held) == 1
    assert len(decoder.receive(wire[start + 1000 :])) == 1
    assert decoder._held == b""


def test_thousands_of_user_properties_and_filters_are_read() -> None:
    pairs = [(f"k{number}", "v") for number in range(5_000)]
    connect = Connect("a", 5, properties={"user_property": pairs})
    decoder = Decoder(Side.SERVER)
    assert decoder.receive(encode(connect, 5)) == [connect]
    many = Subscribe(1, [Subscription("a")] * 2_000)
    (subscribe,) = Decoder(Side.SERVER, version=4).receive(encode(many, 4))
    assert subscribe == many

"""Does every packet survive the wire, and does nothing that arrives ever raise or depend on how it was cut?"""

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mqtt.cases import load
from tests.mqtt.strategies import connects, packets
from uns.mqtt import Connect, Decoder, Failure, Packet, ReasonCode, Side, encode

VERSIONS = st.sampled_from([3, 4, 5])
CASES = [param.values[0] for param in load()]


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Side, int, list[Packet]]:
    """A side, a version and what that side receives, a server's CONNECT first."""
    side, version = draw(st.sampled_from(list(Side))), draw(VERSIONS)
    received: list[Packet] = draw(st.lists(packets(side, version), max_size=6))
    if side is Side.SERVER:
        received.insert(0, draw(connects(version)))
    return side, version, received


def decoder_for(side: Side, version: int) -> Decoder:
    return Decoder(side, version=version if side is Side.CLIENT else None)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Side, int | None, bytes]:
    """A case or a conversation with bytes changed, taken out or put in."""
    if draw(st.booleans()):
        case = draw(st.sampled_from(CASES))
        side, version, wire = case.side, case.version, bytearray(case.wire)
    else:
        side, spoken, received = draw(conversations())
        version = spoken if side is Side.CLIENT else None
        wire = bytearray(b"".join(encode(packet, spoken) for packet in received))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(wire)))
        length = draw(st.integers(0, 3))
        wire[at : at + length] = draw(st.binary(max_size=3))
    return side, version, bytes(wire)


def receive_cut(decoder: Decoder, wire: bytes, cuts: list[int]) -> list[Packet]:
    edges = [0, *sorted(cut % (len(wire) + 1) for cut in cuts), len(wire)]
    return [packet for start, stop in pairwise(edges) for packet in decoder.receive(wire[start:stop])]


def outcome(decoder: Decoder, received: list[Packet]) -> tuple[list[Packet], Failure | None, Any]:
    return received, decoder.failure, decoder.version


@given(conversations(), st.lists(st.integers(0, 10_000), max_size=5))
def test_every_packet_survives_the_wire(conversation: tuple[Side, int, list[Packet]], cuts: list[int]) -> None:
    side, version, sent = conversation
    decoder = decoder_for(side, version)
    received = receive_cut(decoder, b"".join(encode(packet, version) for packet in sent), cuts)
    assert decoder.failure is None
    assert received == sent


@settings(max_examples=400)
@given(mutated(), st.lists(st.integers(0, 10_000), max_size=8))
def test_mutated_packets_never_raise_and_cuts_do_not_matter(
    sample: tuple[Side, int | None, bytes], cuts: list[int]
) -> None:
    side, version, wire = sample
    whole, cut = Decoder(side, version=version), Decoder(side, version=version)
    expected = outcome(whole, whole.receive(wire))
    assert outcome(cut, receive_cut(cut, wire, cuts)) == expected
    again = Decoder(side, version=version)  # its topics are known by now: the inline way must judge alike
    assert outcome(again, again.receive(wire)) == expected
    assert whole.failure is None or whole.failure.reason_code in set(ReasonCode)


@settings(max_examples=300)
@given(st.sampled_from(list(Side)), VERSIONS, st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_random_bytes_never_raise_and_cuts_do_not_matter(
    side: Side, version: int, wire: bytes, cuts: list[int]
) -> None:
    whole, cut = Decoder(side, version=version), Decoder(side, version=version)
    expected = outcome(whole, whole.receive(wire))
    assert outcome(cut, receive_cut(cut, wire, cuts)) == expected


@settings(max_examples=300)
@given(st.sampled_from(sorted(range(0x10, 0x100, 0x10))), st.binary(max_size=60), VERSIONS, st.sampled_from(list(Side)))
def test_whatever_is_read_can_be_written_and_read_again(first: int, body: bytes, version: int, side: Side) -> None:
    """Also bodies nobody would write: what comes out of the decoder is always a packet that `encode` takes."""
    wire = bytes((first | (2 if first in (0x60, 0x80, 0xA0) else 0), len(body))) + body
    for packet in Decoder(side, version=version).receive(wire):
        assert not isinstance(packet, Connect)
        assert Decoder(side, version=version).receive(encode(packet, version)) == [packet]

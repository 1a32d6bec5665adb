"""Runs of plain PUBLISH packets say the same as the packets one by one, however the bytes are cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mqtt.strategies import packet_ids
from tests.mqtt.test_fuzz import mutated, receive_cut
from uns.mqtt import Decoder, Packet, Puback, Publish, PublishRun, Side, encode, topic_text

plain = st.builds(
    Publish,
    st.sampled_from(["a", "a/b", "x" * 120, "y" * 200]),
    st.binary(max_size=20) | st.binary(min_size=100, max_size=300),
    retain=st.integers(0, 9).map(lambda number: number == 0),
)
sequences = st.lists(plain | st.builds(Puback, packet_ids), max_size=20)


def flattened(received: list[Packet | PublishRun]) -> list[Packet]:
    """Every run written out; each message must stand in the run's bytes where the run says."""
    packets: list[Packet] = []
    for packet in received:
        if isinstance(packet, PublishRun):
            packets += [Publish(topic, payload) for topic, payload, _ in packet.messages]
        else:
            packets.append(packet)
    return packets


@given(st.sampled_from([3, 4, 5]), sequences, st.lists(st.integers(0, 5_000), max_size=4))
def test_a_run_is_its_packets(version: int, sent: list[Packet], cuts: list[int]) -> None:
    wire = b"".join(encode(packet, version) for packet in sent)
    decoder = Decoder(Side.SERVER, version=version, known=topic_text.known_topics)
    received = receive_cut(decoder, wire, cuts)
    assert flattened(received) == sent
    assert decoder.failure is None
    for run in received:
        if isinstance(run, PublishRun):
            start = run.start
            for topic, payload, stop in run.messages:
                assert run.data[start:stop] == encode(Publish(topic, payload), version)
                start = stop
            assert start == run.stop


@settings(max_examples=300)
@given(mutated(), st.lists(st.integers(0, 10_000), max_size=4))
def test_faults_are_found_alike(case: tuple[Side, int | None, bytes], cuts: list[int]) -> None:
    side, version, wire = case
    single, runs = Decoder(side, version=version), Decoder(side, version=version, known=topic_text.known_topics)
    expected = receive_cut(single, wire, cuts)
    assert flattened(receive_cut(runs, wire, cuts)) == expected
    assert (runs.failure, runs.version) == (single.failure, single.version)


@given(st.sampled_from([4, 5]), sequences, st.integers(1, 5), st.integers(1, 400))
def test_what_there_was_no_room_for_is_read_later(version: int, sent: list[Packet], room: int, cut: int) -> None:
    wire = b"".join(encode(packet, version) for packet in sent)
    decoder = Decoder(Side.SERVER, version=version, known=topic_text.known_topics)
    received: list[Packet] = []
    for start in range(0, len(wire), cut):
        decoder.feed(wire[start : start + cut])
        received += flattened(decoder.read(1))  # and the next chunk comes before the rest is read
    while decoder.behind:
        packets = flattened(decoder.read(room))
        assert len(packets) <= room
        received += packets
    assert received == sent

"""Runs of plain PUBLISH packets say the same as the packets one by one, however the bytes are cut."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mqtt.strategies import packet_ids
from tests.mqtt.test_fuzz import mutated, receive_cut
from uns.mqtt import Decoder, Packet, Puback, Publish, PublishRun, Side, encode

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
    decoder = Decoder(Side.SERVER, version=version, runs=True)
    received = receive_cut(decoder, wire, cuts)
    assert flattened(received) == sent
    assert decoder.failure is None
    for run in received:
        if isinstance(run, PublishRun):
            start = run.start
            for topic, payload, stop in run.messages:
                assert run.data[start:stop] == encode(Publish(topic, payload), version)
                start = stop


@settings(max_examples=300)
@given(mutated(), st.lists(st.integers(0, 10_000), max_size=4))
def test_faults_are_found_alike(case: tuple[Side, int | None, bytes], cuts: list[int]) -> None:
    side, version, wire = case
    single, runs = Decoder(side, version=version), Decoder(side, version=version, runs=True)
    expected = receive_cut(single, wire, cuts)
    assert flattened(receive_cut(runs, wire, cuts)) == expected
    assert (runs.failure, runs.version) == (single.failure, single.version)

"""Is every packet of the case files read, refused and written as its normative statement says?"""

import pytest

from tests.mqtt.cases import Case, load
from uns.mqtt import encode

CASES = load()
GOOD = [param for param in CASES if param.values[0].packet is not None]
BAD = [param for param in CASES if param.values[0].packet is None]


@pytest.mark.parametrize("case", GOOD)
def test_a_valid_packet_is_read(case: Case) -> None:
    decoder = case.decoder()
    assert decoder.receive(case.wire) == [case.expected()]
    assert decoder.failure is None


@pytest.mark.parametrize("case", [param for param in GOOD if param.values[0].canonical])
def test_a_packet_is_written_as_the_case_says(case: Case) -> None:
    packet = case.expected()
    assert encode(packet, case.version or packet.version).hex(" ") == case.wire.hex(" ")


@pytest.mark.parametrize("case", BAD)
def test_an_invalid_packet_gives_the_reason_code(case: Case) -> None:
    decoder = case.decoder()
    assert decoder.receive(case.wire) == []
    assert decoder.failure is not None, "nothing was found wrong"
    assert decoder.failure.reason_code == case.reason_code, decoder.failure.text
    assert decoder.failure.text


@pytest.mark.parametrize("case", CASES)
def test_single_bytes_give_the_same_as_one_chunk(case: Case) -> None:
    whole, single = case.decoder(), case.decoder()
    expected = whole.receive(case.wire)
    packets = [packet for byte in case.wire for packet in single.receive(bytes((byte,)))]
    assert (packets, single.failure, single.version) == (expected, whole.failure, whole.version)

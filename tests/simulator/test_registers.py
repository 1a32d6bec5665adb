"""Golden register words: what a value looks like on the wire in each layout."""

import struct

import pytest

from uns.simulator.registers import Register, Table

CASES = [
    # type, byte order, word order, scale, value, words
    ("float32", "big", "big", 1.0, 21.4, [0x41AB, 0x3333]),
    ("float32", "big", "little", 1.0, 21.4, [0x3333, 0x41AB]),
    ("float32", "little", "big", 1.0, 21.4, [0xAB41, 0x3333]),
    ("float32", "little", "little", 1.0, -1.5, [0x0000, 0xC0BF]),
    ("int16", "big", "big", 0.1, -3.5, [0xFFDD]),
    ("uint16", "big", "little", 0.01, 7.5, [750]),
    ("uint32", "big", "little", 1.0, 0x12345678, [0x5678, 0x1234]),
    ("uint64", "big", "big", 1.0, 0x0123456789ABCDEF, [0x0123, 0x4567, 0x89AB, 0xCDEF]),
    ("int64", "little", "little", 1.0, -2, [0xFEFF, 0xFFFF, 0xFFFF, 0xFFFF]),
]


@pytest.mark.parametrize(("type_", "byte_order", "word_order", "scale", "value", "words"), CASES)
def test_words(type_, byte_order, word_order, scale, value, words):
    register = Register("tag", Table.HOLDING, 10, type_, byte_order, word_order, scale)
    assert register.encode(value) == words
    assert register.decode(words) == pytest.approx(value)
    assert list(register.addresses) == list(range(10, 10 + len(words)))


def test_a_counter_of_64_bits_stays_exact():
    register = Register("tag", Table.INPUT, 0, "uint64", word_order="little")
    assert register.decode(register.encode(2**63 + 1)) == 2**63 + 1


def test_what_does_not_fit_is_an_error():
    with pytest.raises(struct.error):
        Register("tag", Table.INPUT, 0, "uint16", scale=0.01).encode(700.0)

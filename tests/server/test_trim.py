"""Is memory given back when much has been freed, and only then?"""

import sys

import pytest

from uns.server.memory import resident_bytes
from uns.server.trim import FALL_BYTES, Tide, malloc_trim

MIB = 1 << 20


def test_it_is_time_when_the_tide_has_fallen_far_enough() -> None:
    tide = Tide()
    assert not tide.has_fallen(FALL_BYTES)
    assert not tide.has_fallen(1)
    assert tide.has_fallen(0)
    assert not tide.has_fallen(0), "once"
    assert not tide.has_fallen(3 * FALL_BYTES)
    assert tide.has_fallen(2 * FALL_BYTES)
    assert tide.has_fallen(FALL_BYTES)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
def test_freed_memory_goes_back_to_the_system() -> None:
    trim = malloc_trim()
    if trim is None:
        pytest.skip("this libc has no malloc_trim")
    before = resident_bytes()
    held = [bytes(20_000) + bytes((number % 256,)) for number in range(6_000)]
    pin = held[-1]
    assert resident_bytes() - before > 80 * MIB
    held.clear()
    trim()
    assert resident_bytes() - before < 40 * MIB
    assert pin

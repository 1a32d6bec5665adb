"""uns.api.naturally: the order people expect."""

import random

import pytest

from uns.api.naturally import natural_key

ORDERED = [
    ["line1", "line2", "line10"],
    ["Alpha", "beta", "Gamma"],
    ["1", "2", "10", "a"],
    ["a", "a1", "a1b", "a2", "ab"],
    ["", "a"],
    ["x01", "x1"],
    ["v1.9", "v1.10"],
    ["t٣", "t١٢"],
    ["n" + "9" * 5000, "n1" + "0" * 5000],
]


@pytest.mark.parametrize("names", ORDERED)
def test_order(names: list[str]) -> None:
    shuffled = list(names)
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled, key=natural_key) == names

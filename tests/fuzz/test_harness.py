"""A short, repeatable round of what `make fuzz` does for long: the seeds, and some thousand mutations of them."""

import random

import pytest

from tests.fuzz.corpus import seeds
from tests.fuzz.harness import Harness, decode
from uns.mqtt import Side

MUTATIONS = 4_000
SEED = 20_261_126


def test_every_seed_passes() -> None:
    harness = Harness()
    for seed in seeds():
        harness.run(seed)


def test_mutated_seeds_pass() -> None:
    """Bytes changed, taken out, doubled and spliced, the same each time."""
    chance, harness, corpus = random.Random(SEED), Harness(), seeds()
    for number in range(MUTATIONS):
        data = mutate(chance, bytearray(chance.choice(corpus)), corpus)
        try:
            harness.run(data)
        except Exception as error:
            raise AssertionError(f"mutation {number}: {data.hex()}") from error


def mutate(chance: random.Random, data: bytearray, corpus: list[bytes]) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(data) + 1), chance.randint(0, 4)
        match chance.randrange(4):
            case 0:
                data[at : at + length] = chance.randbytes(length)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case _:
                data[at:] = chance.choice(corpus)[2:]
    return bytes(data)


def test_the_harness_notices_a_decoder_that_depends_on_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who watches the watchman: a decoder broken on purpose is found."""
    from uns.mqtt import Decoder

    receive = Decoder.receive
    monkeypatch.setattr(Decoder, "receive", lambda self, data: receive(self, data) if len(data) > 1 else [])
    with pytest.raises(AssertionError, match="cut"):
        decode(Side.SERVER, 4, b"\xc0\x00\xc0\x00", 1)

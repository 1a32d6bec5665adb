"""Is each topic judged once, and is what is kept of it bounded?"""

from collections.abc import Iterator

import pytest

from uns.mqtt import Decoder, Publish, Side, encode, topic_text


@pytest.fixture(autouse=True)
def small_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(topic_text, "KEPT_TOPICS", 10)
    topic_text.known_topics.clear()
    yield
    topic_text.known_topics.clear()


def receive(topic: str) -> str:
    (packet,) = Decoder(Side.SERVER, version=4).receive(encode(Publish(topic, b""), 4))
    assert isinstance(packet, Publish)
    return packet.topic


def test_a_topic_is_the_same_string_each_time() -> None:
    assert receive("a/ü") is receive("a/ü")


def test_the_cache_starts_anew_when_full() -> None:
    for number in range(25):
        assert receive(f"t/{number}") == f"t/{number}"
        assert len(topic_text.known_topics) <= 10
    assert b"t/24" in topic_text.known_topics


def test_a_long_topic_is_taken_but_not_kept() -> None:
    long = "x" * (topic_text.KEPT_TOPIC_BYTES + 1)
    assert receive(long) == long
    assert not topic_text.known_topics


def test_a_refused_topic_is_not_kept() -> None:
    Decoder(Side.SERVER, version=4).receive(bytes.fromhex("30 03 0001 23"))
    assert not topic_text.known_topics

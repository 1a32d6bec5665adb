"""A study of a broker in memory: what it takes up, and how it is bounded."""

import pytest

from uns.app.learn import study
from uns.app.learn.study import _Tap
from uns.link import Message


def test_the_tap_sheds_the_oldest_and_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "WAITING", 3)
    tap = _Tap()
    for number in range(5):
        tap.receive(Message(f"t{number}", b"1", properties={"content_type": "x"}))
    tap.receive(Message("kept", b"1", retain=True))
    taken = tap.take(10)
    assert [message.topic for message in taken] == ["t2", "t3", "t4"]
    assert tap.shed == 2
    assert taken[0].properties is None


def test_the_tap_is_bounded_in_bytes_and_hands_out_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "WAITING_BYTES", 50_000)
    tap = _Tap()
    for number in range(6):
        tap.receive(Message(f"t{number}", b"x" * 12_000))
    assert tap.shed == 2
    assert [message.topic for message in tap.take(100)] == ["t2", "t3"]
    assert [message.topic for message in tap.take(100)] == ["t4", "t5"]

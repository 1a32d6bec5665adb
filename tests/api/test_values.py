"""uns.api.values: value, quality and freshness of a current message."""

import pytest

from tests.support.clock import FakeClock
from uns.api.values import NEVER_SEEN, LiveValue, has_value, live_value, payload_document, payload_text
from uns.broker import Current
from uns.samples import Quality

NOW_MS = FakeClock().wall_ms()


def current(payload: bytes, unheard_ms: int = 0) -> Current:
    return Current(payload=payload, received_ms=NOW_MS - unheard_ms, updates=1)


SAMPLES = {
    "good": (b'{"value": 1, "timestamp": "2026-09-21T14:13:15Z"}', LiveValue(1, Quality.GOOD, NOW_MS - 5000)),
    "a constant": (b'{"value": 1, "timestamp": "2026-09-21T14:00:00Z"}', LiveValue(1, Quality.GOOD, NOW_MS - 800_000)),
    "from the future": (
        b'{"value": 1, "timestamp": "2027-01-01T00:00:00Z"}',
        LiveValue(1, Quality.GOOD, 1798761600000),
    ),
    "bare": (b"false", LiveValue(False, Quality.GOOD, NOW_MS)),
    "no sample": (b'{"kind": 1}', LiveValue(None, None, NOW_MS)),
    "cleared": (b"", NEVER_SEEN),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_live_value(name: str) -> None:
    payload, expected = SAMPLES[name]
    assert live_value(current(payload), 5000, FakeClock()) == expected


UNHEARD = {
    "just in time": (b'{"value": 1}', 5000, LiveValue(1, Quality.GOOD, NOW_MS - 5000)),
    "too old": (b'{"value": 1}', 5001, LiveValue(1, Quality.UNCERTAIN, NOW_MS - 5001, stale=True)),
    "from the future": (
        b'{"value": 1, "timestamp": "2027-01-01T00:00:00Z"}',
        5001,
        LiveValue(1, Quality.UNCERTAIN, 1798761600000, stale=True),
    ),
    "too old and bad": (
        b'{"value": null, "quality": "Bad"}',
        5001,
        LiveValue(None, Quality.BAD, NOW_MS - 5001, stale=True),
    ),
}


@pytest.mark.parametrize("name", UNHEARD)
def test_age_counts_from_when_the_value_was_heard(name: str) -> None:
    payload, unheard_ms, expected = UNHEARD[name]
    assert live_value(current(payload, unheard_ms), 5000, FakeClock()) == expected


def test_without_max_age_nothing_is_stale() -> None:
    shown = live_value(current(b'{"value": 1, "timestamp": "1999-01-01T00:00:00Z"}'), None, FakeClock())
    assert (shown.quality, shown.stale) == (Quality.GOOD, False)


def test_topic_that_only_refused_has_no_value() -> None:
    assert not has_value(Current())
    assert live_value(Current(), None, FakeClock()) == NEVER_SEEN
    assert live_value(None, None, FakeClock()) == NEVER_SEEN


def test_payload_for_people() -> None:
    assert payload_text("größe".encode(), 3) == "gr\ufffd"
    assert payload_document(b'{"a": [1]}') == {"a": [1]}
    assert payload_document(b"NaN") == "NaN"

"""uns.api.values: value, quality and freshness of a current message."""

import pytest

from tests.support.clock import FakeClock
from uns.api.values import NEVER_SEEN, LiveValue, has_value, live_value, payload_document, payload_text
from uns.broker import Current
from uns.samples import Quality

NOW_MS = FakeClock().wall_ms()


def current(payload: bytes) -> Current:
    return Current(payload=payload, received_ms=NOW_MS, updates=1)


SAMPLES = {
    "good": (b'{"value": 1, "timestamp": "2026-09-21T14:13:15Z"}', LiveValue(1, Quality.GOOD, NOW_MS - 5000)),
    "old": (
        b'{"value": 1, "timestamp": "2026-09-21T14:13:14.999Z"}',
        LiveValue(1, Quality.UNCERTAIN, NOW_MS - 5001, stale=True),
    ),
    "old and bad": (
        b'{"value": null, "quality": "Bad", "timestamp": "2026-09-21T14:00:00Z"}',
        LiveValue(None, Quality.BAD, NOW_MS - 800_000, stale=True),
    ),
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

"""The past judged by other rules."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from tests.policy.plants import DOCUMENTS, admission
from uns.app.govern import foresight
from uns.app.govern.foresight import foresee
from uns.policy import decide
from uns.policy.impact import LiveTopic
from uns.policy.verdict import Mode
from uns.policy.violation import Violation
from uns.samples import Quality, Sample

TEMPERATURE = "acme/ghent/packaging/line1/filler/temperature"
LIVE = [LiveTopic(TEMPERATURE, "plc-1", "engineer", b"", retained=True)]


def history(topics: Iterable[str], start_ms: int, end_ms: int) -> Iterator[tuple[str, list[Sample]]]:
    for topic in topics:
        values = [20.0, 90.0, 110.0] if topic == TEMPERATURE else []
        yield topic, [Sample(value, Quality.GOOD, start_ms + number) for number, value in enumerate(values)]


def hotter(maximum: int) -> Any:
    documents = deepcopy(DOCUMENTS)
    (filler,) = [model for model in documents["models"] if f"{model['model']}@{model['version']}" == "filler@2"]
    filler["attributes"]["temperature"]["max"] = maximum
    return documents


def test_values_that_would_be_refused_are_counted() -> None:
    found = foresee(admission(hotter(100)), LIVE, history, [], 1000, 2000)
    assert (found.judged, found.refused_count, found.complete) == (3, 1, True)
    (refused,) = found.refused
    assert (refused.finding, refused.topic, refused.client_id) == ("payload.range", TEMPERATURE, "plc-1")


def test_what_was_refused_and_would_be_taken_is_counted() -> None:
    payload = b'{"value": 130}'
    verdict = decide(admission().rule(TEMPERATURE), "engineer", payload)
    violation = Violation(1500, verdict, TEMPERATURE, payload, client_id="plc-1", role="engineer", mode=Mode.QUARANTINE)
    kept = [SimpleNamespace(violation=violation)]
    assert foresee(admission(), LIVE, None, kept, 1000, 2000).admitted_count == 0
    wider = admission(hotter(150))
    found = foresee(wider, LIVE, None, kept, 1000, 2000)
    assert [(each.finding, each.count) for each in found.admitted] == [("payload.range", 1)]
    assert foresee(wider, LIVE, None, kept, 1600, 2000).admitted_count == 0, "it is older"


def test_it_says_when_there_was_more_than_it_could_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresight, "MAX_JUDGED", 2)
    found = foresee(admission(), LIVE, history, [], 1000, 2000)
    assert (found.judged, found.complete) == (2, False)

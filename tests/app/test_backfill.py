"""Values from the past are judged like all, and go to the history alone."""

import pytest

from tests.api.plant import TEMPERATURE, make_policy
from tests.support.clock import FakeClock
from uns.app.backfill import Backfill
from uns.broker import Broker
from uns.policy.verdict import Mode
from uns.samples import Quality, Sample

QUARANTINED = "acme/ghent/packaging/line2/filler/temperature"
WARNED = "acme/ghent/packaging/line10/filler/temperature"


class History:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.broker = Broker(make_policy(), self.clock)
        self.recorded: list[tuple[str, Sample]] = []
        self.violations = []
        self.backfill = Backfill(self.broker, self.clock, self._record, self.violations.append)

    def _record(self, topic: str, sample: Sample) -> bool:
        self.recorded.append((topic, sample))
        return True


@pytest.fixture
def history() -> History:
    return History()


GOOD, BAD = Sample(21.5, Quality.GOOD, 1_790_000_000_000), Sample(900.0, Quality.GOOD, 1_790_000_000_000)


def test_a_good_value_is_recorded_and_not_published(history: History) -> None:
    history.backfill(TEMPERATURE, GOOD)
    assert history.recorded == [(TEMPERATURE, GOOD)]
    assert history.violations == []
    assert history.broker.topics.get(TEMPERATURE) is None


@pytest.mark.parametrize(
    ("topic", "recorded", "mode"),
    [(TEMPERATURE, False, Mode.REJECT), (QUARANTINED, False, Mode.QUARANTINE), (WARNED, True, Mode.WARN)],
)
def test_what_breaks_the_contract_is_told_and_kept_out_as_the_mode_says(
    history: History, topic: str, recorded: bool, mode: Mode
) -> None:
    history.backfill(topic, BAD)
    assert history.recorded == ([(topic, BAD)] if recorded else [])
    [violation] = history.violations
    assert (violation.topic, violation.mode, violation.time_ms) == (topic, mode, history.clock.wall_ms())
    assert violation.verdict.finding.id == "payload.range"
    assert violation.verdict.finding.what.startswith("A historical value")


def test_an_undeclared_topic_is_kept_out(history: History) -> None:
    history.backfill("acme/ghent/packaging/line1/filler/nonsense", GOOD)
    assert history.recorded == []
    assert [violation.verdict.finding.id for violation in history.violations] == ["topic.attribute"]


def test_a_changed_policy_counts_from_the_next_value_on(history: History) -> None:
    history.backfill(TEMPERATURE, GOOD)
    history.broker.replace_admission(make_policy({"mode": "reject", "tree": {"other": {}}}))
    history.backfill(TEMPERATURE, GOOD)
    assert len(history.recorded) == len(history.violations) == 1

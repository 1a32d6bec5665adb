"""Does Prometheus see everything that the broker counts?"""

from uns.api.metrics import BROKER_COUNTERS, BROKER_GAUGES
from uns.broker.stats import Stats


def test_every_counter_of_the_broker_is_a_metric_and_no_other() -> None:
    assert set(Stats().snapshot()) == set(BROKER_COUNTERS) | set(BROKER_GAUGES)

"""Every scenario, in the order of the table."""

from bench.scenarios import (
    acknowledged,
    bulk,
    fan_out,
    idle,
    latency,
    million,
    retained,
    sparkplug,
    subscriptions,
    trickle,
)

SCENARIOS = (
    *bulk.SCENARIOS,
    *trickle.SCENARIOS,
    *fan_out.SCENARIOS,
    *acknowledged.SCENARIOS,
    *latency.SCENARIOS,
    *retained.SCENARIOS,
    *sparkplug.SCENARIOS,
    *idle.SCENARIOS,
    *subscriptions.SCENARIOS,
    *million.SCENARIOS,
)

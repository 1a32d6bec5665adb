"""Does the broker stand one attack? Run it with a probe beside it, then look at how the broker feels."""

import time
from typing import NamedTuple

from tests.attacks.attacks import MIB, SUITE_LIMITS, Attack
from tests.attacks.target import Target
from tests.attacks.wire import serve_fresh_client
from tests.support.probe import Probe, Waits
from tests.support.until import until

SETTLED_S = 3.0
IDLE_WINDOW_S = 0.2
IDLE_CPU = 0.25
"""Of one core: the beat of the measure itself takes a few percent of it."""


class Outcome(NamedTuple):
    """stall_ms, cpu_stall_ms: see `Target.report`. rss_growth_mib, idle_cpu (share of one core): afterwards."""

    seconds: float
    stall_ms: float
    cpu_stall_ms: float
    waits: Waits
    fresh_s: float
    rss_growth_mib: float
    idle_cpu: float


def targets_limits(attack: Attack) -> dict[str, int]:
    return SUITE_LIMITS | attack.limits


def run(attack: Attack, target: Target, *, probe: bool = True) -> Outcome:
    """Raises AssertionError when the attack does not end as it should, or when after it a fresh client is not served,
    or the broker not at rest, within SETTLED_S."""
    serve_fresh_client(target.port)
    rss = target.rss_bytes
    target.report()
    began = time.perf_counter()
    if probe:
        with Probe(target.port) as measured:
            attack.run(target)
        assert measured.waits is not None
        waits = measured.waits
    else:
        attack.run(target)
        waits = Waits(0, 0.0, 0.0, 0, 0.0)
    seconds = time.perf_counter() - began
    report = target.report()
    fresh_s = serve_fresh_client(target.port)
    assert fresh_s < SETTLED_S, f"a fresh client waited {fresh_s:.1f} s"
    idle = until(lambda: _at_rest(target), "the broker is at rest", SETTLED_S)
    growth = (target.rss_bytes - rss) / MIB
    return Outcome(seconds, report["stall_ms"], report["cpu_stall_ms"], waits, fresh_s, growth, idle)


def settle(attack: Attack, target: Target, rss: int) -> None:
    """Memory comes back within a moment: timers, closing sockets."""
    until(lambda: target.rss_bytes - rss < attack.rss_mib * MIB, f"RSS is back to {rss // MIB} MiB", SETTLED_S)


def _at_rest(target: Target) -> float:
    """Processor time over wall time while nobody asks anything, or 0 while that is too much; a little above 0."""
    cpu, at = target.cpu_s, time.perf_counter()
    time.sleep(IDLE_WINDOW_S)
    share = (target.cpu_s - cpu) / (time.perf_counter() - at)
    return share + 1e-6 if share < IDLE_CPU else 0.0

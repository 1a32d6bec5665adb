"""Does the broker stand each attack, serve a fresh client afterwards, and come back to rest?

The bounds hold on a machine that others use too; `python -m bench.attacks` shows what the times really are.
"""

from collections.abc import Iterator

import pytest

from tests.attacks.attacks import ATTACKS, MIB, Attack, many
from tests.attacks.target import Target
from tests.attacks.trial import run, settle, targets_limits
from tests.attacks.wire import opened, serve_fresh_client
from tests.support.until import until

STALL_CPU_MS = 100.0
"""Processor time between two turns of the loop. Measured: below 30."""
WAIT_MS = 1500.0
"""How long a client beside the attack may wait for an answer, when other processes take the processor as well."""


class Targets:
    """One broker for all attacks that want the same limits, so that what one leaves behind meets the next."""

    def __init__(self) -> None:
        self._running: dict[tuple[tuple[str, int], ...], Target] = {}

    def get(self, limits: dict[str, int]) -> Target:
        key = tuple(sorted(limits.items()))
        target = self._running.get(key)
        if target is None:
            target = self._running[key] = Target(limits)
        return target

    def stop(self) -> None:
        for target in self._running.values():
            target.stop()


@pytest.fixture(scope="module")
def targets() -> Iterator[Targets]:
    targets = Targets()
    yield targets
    targets.stop()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_broker_stands(attack: Attack, targets: Targets) -> None:
    target = targets.get(targets_limits(attack))
    rss = target.rss_bytes
    outcome = run(attack, target)
    assert outcome.cpu_stall_ms < STALL_CPU_MS
    assert outcome.waits.ping_max_ms < WAIT_MS
    assert outcome.waits.connect_max_ms < 2 * WAIT_MS
    settle(attack, target, rss)


def test_files_run_out_and_come_back() -> None:
    """A connection flood that takes every file descriptor: those who are in are served, and later everybody is."""
    with Target({}, max_files=64) as target:
        with opened(target.port) as early:
            with many(target.port, 200):
                early.ping()
                before = target.cpu_s
                early.ping()
                until(lambda: target.stats["connections"] > 20, "the broker takes what it can")
                assert target.cpu_s - before < 2.0
                early.ping()
            until(lambda: target.stats["connections"] <= 1, "the flood is gone")
        assert serve_fresh_client(target.port) < 3.0
        assert target.rss_bytes < 200 * MIB

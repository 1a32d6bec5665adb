"""Does the broker keep to the plays in `cases/`, in memory and over TCP?"""

from typing import Any

import pytest

from tests.conformance.cases import CASES, Case
from tests.conformance.conftest import MakeBroker
from tests.conformance.stage import Stage
from tests.conformance.wires import MemoryNetwork, SocketNetwork, WatchedBroker
from tests.support.clock import FakeClock
from uns.broker import Broker


def _plays() -> list[Any]:
    return [
        pytest.param(case, version, id=f"{name.removesuffix('.yaml')}-v{version}-{case.case}")
        for name, cases in CASES.items()
        for case in cases
        for version in case.versions
    ]


PLAYS = _plays()


@pytest.mark.parametrize(("case", "version"), PLAYS)
async def test_in_memory(case: Case, version: int, make_broker: MakeBroker, clock: FakeClock) -> None:
    network = MemoryNetwork(make_broker(Broker, case.limits), clock)
    try:
        await Stage(network, case, version).play()
    finally:
        await network.stop()


@pytest.mark.parametrize(("case", "version"), PLAYS)
async def test_over_tcp(case: Case, version: int, make_broker: MakeBroker, clock: FakeClock) -> None:
    broker = make_broker(WatchedBroker, case.limits)
    assert isinstance(broker, WatchedBroker)
    network = SocketNetwork(broker, clock)
    try:
        await Stage(network, case, version).play()
    finally:
        await network.stop()

"""Killed with SIGKILL under load: nothing acknowledged is lost, nothing of QoS 2 comes twice."""

import pytest

from tests.crash.crashes import crash


@pytest.mark.parametrize("durability", ["fsync", "os"])
async def test_every_promise_is_kept(tmp_path, durability) -> None:
    report = await crash(3, tmp_path, seed=7, durability=durability)
    assert report.faults == []
    assert report.acknowledged > 1000
    assert report.acknowledged_qos_2 > 100

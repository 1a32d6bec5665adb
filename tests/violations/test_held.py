"""Held messages are marked before they are published, and never twice."""

from typing import Any

import pytest

from tests.violations.conftest import Make, violation
from uns.policy.inbox import Wanted
from uns.policy.verdict import Outcome
from uns.violations import Quarantine, Replay, ViolationStore

EVERYTHING = Wanted()


def fill(store: ViolationStore, count: int = 4) -> None:
    for number in range(count):
        store.record(
            violation(
                f"acme/ghent/{number}",
                payload=b"%d" % number,
                finding_id="payload.range" if number % 2 else "topic.undeclared",
                outcome=Outcome.QUARANTINED,
                client_id=f"plc-{number}",
                time_ms=number,
            )
        )
    store.record(violation(payload=b"told"))
    assert store.flush()


def held(quarantine: Quarantine, wanted: Wanted = EVERYTHING, after: int = 0, limit: int = 100) -> str:
    return b"".join(stored.violation.payload for stored in quarantine.held(wanted, after, limit)).decode()


def test_marked_once_and_settled(store: ViolationStore) -> None:
    fill(store)
    quarantine = Quarantine(store)
    assert held(quarantine) == "0123"
    assert quarantine.mark([1, 2, 5], now_ms=9) == [1, 2]
    assert quarantine.mark([1, 2, 3], now_ms=9) == [3]
    assert held(quarantine) == "3"
    assert store.status().held == 1
    quarantine.settle({1: Replay.DELIVERED, 2: None, 3: Replay.HISTORY})
    assert held(quarantine) == "13"
    assert store.status().held == 2
    replayed = store.get(1)
    assert replayed is not None
    assert (replayed.replay, replayed.replayed_ms) == ("delivered", 9)
    again = store.get(2)
    assert again is not None
    assert (again.replay, again.replayed_ms) == (None, None)


def test_what_a_crash_left_marked_is_told_and_not_repeated(make: Make) -> None:
    store = make()
    fill(store)
    Quarantine(store).mark([1, 2], now_ms=9)
    store.close()
    again = make()
    quarantine = Quarantine(again)
    assert quarantine.interrupted == 2
    assert held(quarantine) == "23"
    left = again.get(1)
    assert left is not None
    assert left.replay == Replay.INTERRUPTED
    assert Quarantine(again).interrupted == 0


WANTED: list[tuple[dict[str, Any], str]] = [
    ({"group": 2}, "1"),
    ({"ids": (1, 4, 5, 99)}, "03"),
    ({"ids": ()}, ""),
    ({"topic_filter": "acme/+/2"}, "2"),
    ({"finding": "payload"}, "13"),
    ({"client_id": "plc-3"}, "3"),
    ({"from_ms": 1, "to_ms": 3}, "12"),
]


@pytest.mark.parametrize(("asked", "expected"), WANTED, ids=str)
def test_wanted(store: ViolationStore, asked: dict[str, Any], expected: str) -> None:
    fill(store)
    assert held(Quarantine(store), Wanted(**asked)) == expected


def test_portions_go_on_after_the_last(store: ViolationStore) -> None:
    fill(store)
    quarantine = Quarantine(store)
    assert held(quarantine, limit=2) == "01"
    assert held(quarantine, after=2, limit=2) == "23"


def test_what_was_replayed_gives_way_like_the_others(make: Make) -> None:
    store = make(max_rows=4)
    fill(store, 3)
    Quarantine(store).mark([1, 2, 3], now_ms=9)
    for _ in range(2):
        store.record(violation(payload=b"told"))
    assert store.get(1) is None
    assert (store.status().stored, store.status().held) == (4, 0)

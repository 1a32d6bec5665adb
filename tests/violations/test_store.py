"""Violations kept, found again, bounded, and safe from kill -9: on real files."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.violations.conftest import TOPIC, Make, payloads, violation
from uns.policy.verdict import ACCEPTED, Mode, Outcome
from uns.policy.violation import Violation
from uns.storage import Limits
from uns.violations import ViolationStore


def test_a_violation_comes_back_whole_and_at_once(make: Make) -> None:
    store = make()
    properties = {
        "user_property": [("site", "ghent"), ("site", "bruges")],
        "correlation_data": b"\0\xff",
        "content_type": "application/json",
        "message_expiry_interval": 30,
    }
    kept = violation(payload=bytes(range(256)) * 1000, outcome=Outcome.QUARANTINED, properties=properties)
    store.record(kept)
    (stored,) = store.list().violations
    assert stored.violation == kept
    assert stored == store.get(stored.id) == store.latest_for(TOPIC)
    assert store.count() == 1


@given(
    payload=st.binary(max_size=300),
    outcome=st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.ACCEPTED]),
    mode=st.none() | st.sampled_from(Mode),
    retain=st.booleans(),
    qos=st.integers(0, 2),
    client_id=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
def test_round_trip(roundtrip_store: ViolationStore, payload: bytes, outcome: Outcome, **fields: Any) -> None:
    kept = violation(payload=payload, outcome=outcome, **fields)
    roundtrip_store.record(kept)
    (stored,) = roundtrip_store.list(1).violations
    assert stored.violation == kept


@pytest.fixture(scope="module")
def roundtrip_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViolationStore]:
    store = ViolationStore(tmp_path_factory.mktemp("roundtrip") / "violations.db")
    yield store
    store.close()


def test_an_empty_store_answers(make: Make) -> None:
    store = make()
    assert store.list().violations == []
    assert store.get(1) is None
    assert store.latest_for(TOPIC) is None
    assert store.count() == 0


def test_pages_go_from_the_newest_to_the_oldest(make: Make) -> None:
    store = make()
    for number in range(7):
        store.record(violation(payload=b"%d" % number))
    seen, before = [], None
    for _ in range(3):
        page = store.list(3, before=before)
        seen.append([stored.violation.payload for stored in page.violations])
        before = page.next
    assert seen == [[b"6", b"5", b"4"], [b"3", b"2", b"1"], [b"0"]]
    assert before is None


def test_a_page_that_ends_exactly_has_no_next(make: Make) -> None:
    store = make()
    for _ in range(3):
        store.record(violation())
    assert store.list(3).next is None


RECORDED = [
    violation("acme/ghent/line1/a", b"0", "payload.type", client_id="plc-1"),
    violation("acme/ghent/line2/a", b"1", "payload.range", client_id="plc-2"),
    violation("acme/bruges/line1/a", b"2", "topic.undeclared", client_id="plc-1"),
    violation("$uns/x", b"3", "access.publish", client_id="plc-3"),
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "3210"),
        ({"topic_filter": "acme/#"}, "210"),
        ({"topic_filter": "acme/+/line1/a"}, "20"),
        ({"topic_filter": "acme/ghent/line2/a"}, "1"),
        ({"topic_filter": "acme/ghent"}, ""),
        ({"topic_filter": "#"}, "210"),
        ({"finding": "payload.type"}, "0"),
        ({"finding": "payload"}, "10"),
        ({"finding": "payload.ty"}, ""),
        ({"finding": "pay"}, ""),
        ({"finding": "%"}, ""),
        ({"client_id": "plc-1"}, "20"),
        ({"client_id": "plc-1", "finding": "topic"}, "2"),
        ({"client_id": "plc-1", "topic_filter": "acme/#", "before": 3}, "0"),
    ],
    ids=str,
)
def test_filters(make: Make, asked: dict[str, Any], expected: str) -> None:
    store = make()
    for kept in RECORDED:
        store.record(kept)
    assert b"".join(payloads(store, **asked)).decode() == expected


def test_latest_for_is_of_exactly_that_topic(make: Make) -> None:
    store = make()
    for topic, payload in [("a/b", b"old"), ("a/b", b"new"), ("a/b/c", b"other")]:
        store.record(violation(topic, payload))
    latest = store.latest_for("a/b")
    assert latest is not None
    assert latest.violation.payload == b"new"


def test_violations_survive_a_restart_and_ids_go_on(make: Make) -> None:
    store = make(max_rows=2)
    for number in range(4):
        store.record(violation(payload=b"%d" % number))
    store.close()
    again = make(max_rows=2)
    assert payloads(again) == [b"3", b"2"]
    again.record(violation(payload=b"4"))
    assert [stored.id for stored in again.list().violations] == [5, 4]
    assert again.status().stored == 2


def test_ids_are_not_given_twice_even_when_all_is_shed(make: Make) -> None:
    store = make(max_rows=0)
    store.record(violation())
    assert store.count() == 0
    store.close()
    again = make()
    again.record(violation())
    assert [stored.id for stored in again.list().violations] == [2]


def test_rows_are_bounded_and_the_oldest_go(make: Make) -> None:
    store = make(max_rows=5)
    for number in range(9):
        store.record(violation(payload=b"%d" % number))
    assert payloads(store) == [b"8", b"7", b"6", b"5", b"4"]
    status = store.status()
    assert (status.stored, status.shed, status.dropped) == (5, 4, 0)


def test_bytes_are_bounded(make: Make) -> None:
    store = make(max_bytes=10_000)
    for number in range(9):
        store.record(violation(payload=b"%d" % number * 3000))
    assert [payload[:1] for payload in payloads(store)] == [b"8", b"7", b"6"]
    assert 9_000 < store.status().stored_bytes <= 10_000
    assert store.status().shed == 6


@pytest.mark.parametrize(
    ("quarantined", "others", "kept_quarantined", "kept_others"),
    [(4, 100, 4, 4), (100, 1, 7, 1), (100, 100, 6, 2), (8, 0, 8, 0), (0, 8, 0, 8)],
)
def test_a_flood_of_one_kind_does_not_push_out_the_other(
    make: Make, quarantined: int, others: int, kept_quarantined: int, kept_others: int
) -> None:
    store = make(max_rows=8)
    for number in range(max(quarantined, others)):
        if number < quarantined:
            store.record(violation(payload=b"q%03d" % number, outcome=Outcome.QUARANTINED))
        if number < others:
            store.record(violation(payload=b"r%03d" % number))
    kept = payloads(store)
    held, told = ([payload for payload in kept if payload[:1] == kind] for kind in (b"q", b"r"))
    assert held == [b"q%03d" % (quarantined - 1 - back) for back in range(kept_quarantined)]
    assert told == [b"r%03d" % (others - 1 - back) for back in range(kept_others)]


def test_what_is_too_old_goes_with_the_next_batch(make: Make) -> None:
    day_ms = 86_400_000
    store = make(max_age_days=2)
    for day in (0, 1, 3):
        store.record(violation(payload=b"%d" % day, time_ms=day * day_ms))
        store.flush()
    assert payloads(store) == [b"3", b"1"]
    assert (store.status().aged, store.status().stored, store.status().shed) == (1, 2, 0)


def test_an_accepted_message_is_no_violation(make: Make) -> None:
    store = make()
    accepted = violation()
    store.record(
        Violation(0, ACCEPTED, accepted.topic, accepted.payload, 0, False, None, accepted.client_id, "plc", "")
    )
    store.record(accepted)
    assert store.count() == 1
    assert store.status().refused == 1


def test_a_locked_file_blocks_nobody_and_all_is_stored_later(make: Make, path: Path) -> None:
    store = make(limits=Limits(buffer_items=3, batch_items=3, interval_s=0, retry_first_s=0.01, retry_last_s=0.01))
    store.record(violation(payload=b"0"))
    assert store.count() == 1
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.record(violation(payload=b"1"))
    assert not store.flush(timeout_s=10)
    for number in range(2, 8):
        store.record(violation(payload=b"%d" % number))
    status = store.status()
    assert status.finding is not None
    assert status.finding.id == "violations.write_failed"
    assert status.dropped == 3
    assert payloads(store) == [b"0"]
    other.execute("ROLLBACK")
    other.close()
    tick = threading.Event()
    while not store.flush():
        tick.wait(0.02)
    assert payloads(store) == [b"7", b"6", b"5", b"1", b"0"]
    assert store.status().finding is None


WRITER = """
import sys
from pathlib import Path
from tests.violations.conftest import violation
from uns.violations import ViolationStore

store = ViolationStore(Path(sys.argv[1]))
for number in range(1_000_000):
    store.record(violation(payload=b"%d" % number))
    if number % 10 == 0:
        assert store.flush()
        print(number, flush=True)
"""


def test_kill_9_loses_nothing_that_was_flushed(make: Make, path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) == 200:
                os.kill(writer.pid, signal.SIGKILL)
                break
    kept = payloads(make())
    assert kept == [b"%d" % number for number in reversed(range(len(kept)))]
    assert len(kept) >= 201

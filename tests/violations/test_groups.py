"""Violations become groups: by what, with which numbers, how many, and in a file that an earlier version wrote."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.plants import admission
from tests.violations.conftest import TOPIC, Make, violation
from uns.errors import Finding
from uns.policy.inbox import Act, GroupState
from uns.policy.verdict import Outcome
from uns.violations import Inbox, ViolationStore, group_key

NOW_MS = 1_763_900_000_123
NAMESPACE = admission().namespace
FILLER = "acme/ghent/packaging/line1/filler"

KEYS = [
    (f"{FILLER}/temperature", "payload.range", "filler@2/temperature", FILLER),
    (f"{FILLER}/temprature", "topic.attribute", "filler@2", FILLER),
    (f"{FILLER}", "topic.folder", "namespace", FILLER),
    ("acme/ghent/packaging/lin1/filler/x", "topic.undeclared", "namespace", "acme/ghent/packaging"),
    ("acme/ghent/Packaging/x", "topic.level_name", "naming", "acme/ghent"),
    ("nowhere/at/all/x", "topic.undeclared", "namespace", "nowhere/at"),
    ("x" * 5000, "topic.malformed", "mqtt", "x" * 200 + "…"),
    (f"{FILLER}/temperature", "access.publish", "access", FILLER),
    (f"{FILLER}/temperature", "quota.retained", "limits", FILLER),
    ("spBv1.0/acme:ghent/DDATA/line1/filler", "sparkplug.payload", "sparkplug", "spBv1.0/acme:ghent"),
    ("acme/ghent/_raw/x", "payload.encoding", "mqtt", "acme/ghent"),
    (f"{FILLER}/temperature", "internal.validator", "platform", FILLER),
    ("", "sparkplug.case", "sparkplug", ""),
]


@pytest.mark.parametrize(("topic", "finding_id", "rule", "branch"), KEYS)
def test_rule_and_branch(topic: str, finding_id: str, rule: str, branch: str) -> None:
    key = group_key(NAMESPACE, violation(topic), Finding(id=finding_id, what="."))
    assert (key.finding_id, key.rule, key.branch, key.client_id) == (finding_id, rule, branch, "plc-1")


def test_clients_without_an_id_of_their_own_are_one() -> None:
    first, second = (
        group_key(None, violation(client_id=name), Finding(id="payload.type", what="."))
        for name in ("auto-1f", "auto-2e")
    )
    assert first == second
    assert (first.client_id, first.branch) == ("auto-*", "acme/ghent")


def groups(store: ViolationStore, **asked: Any) -> list[Any]:
    return list(Inbox(store).list(NOW_MS, **asked).groups)


def test_a_group_counts_and_remembers_the_latest(store: ViolationStore) -> None:
    for number, outcome in enumerate((Outcome.REJECTED, Outcome.QUARANTINED, Outcome.WARNED)):
        store.record(
            violation(
                f"acme/ghent/{number}",
                outcome=outcome,
                nearest=f"near/{number}",
                address=f"10.0.0.{number}:1",
                time_ms=1000 + number,
            )
        )
        store.flush()
    (group,) = groups(store)
    assert (group.count, group.rejected, group.quarantined, group.kept, group.held) == (3, 1, 1, 3, 1)
    assert (group.first_ms, group.last_ms, group.topic) == (1000, 1002, "acme/ghent/2")
    assert group.addresses == ["10.0.0.2", "10.0.0.1", "10.0.0.0"]
    assert group.nearest == ["near/2", "near/1", "near/0"]
    assert [stored.group for stored in store.list().violations] == [group.id] * 3


def test_what_was_shed_still_counts(make: Make) -> None:
    store = make(max_rows=2)
    for _ in range(5):
        store.record(violation())
    (group,) = groups(store)
    assert (group.count, group.kept) == (5, 2)


OCCURRENCES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.integers(0, 50)), max_size=40)


@given(occurrences=OCCURRENCES)
@settings(max_examples=10, deadline=None)
def test_groups_are_what_counting_by_hand_gives(
    tmp_path_factory: pytest.TempPathFactory, occurrences: list[tuple[str, str, int]]
) -> None:
    store = ViolationStore(tmp_path_factory.mktemp("groups") / "violations.db")
    expected: dict[tuple[str, str], list[int]] = {}
    for client, finding, time_ms in occurrences:
        store.record(violation(client_id=client, finding_id=f"payload.{finding}", time_ms=time_ms))
        expected.setdefault((client, f"payload.{finding}"), []).append(time_ms)
    found = {
        (group.client_id, group.finding_id): (group.count, group.first_ms, group.last_ms) for group in groups(store)
    }
    store.close()
    assert found == {key: (len(times), min(times), max(times)) for key, times in expected.items()}


def test_groups_are_bounded_and_those_settled_go_first(make: Make) -> None:
    store = make(max_groups=3)
    inbox = Inbox(store)
    for number in range(3):
        store.record(violation(client_id=f"plc-{number}", time_ms=number))
    newest = groups(store)[0]
    inbox.act(newest.id, Act.RESOLVE, "ann", NOW_MS)
    store.record(violation(client_id="plc-3", time_ms=3))
    assert {group.client_id for group in groups(store)} == {"plc-0", "plc-1", "plc-3"}
    store.record(violation(client_id="plc-4", time_ms=4))
    assert {group.client_id for group in groups(store)} == {"plc-1", "plc-3", "plc-4"}
    assert (store.status().groups, store.status().groups_shed) == (3, 2)
    assert inbox.journal(newest.id) == []
    assert len(store.list().violations) == 5


def test_a_file_of_an_earlier_version_is_grouped_once(path: Path, make: Make) -> None:
    old = sqlite3.connect(path, isolation_level=None)
    migrations = Path(__file__).parents[2] / "uns/violations/migrations"
    old.executescript((migrations / "0001_violations.sql").read_text() + "PRAGMA user_version = 1;")
    finding = msgspec.json.encode(Finding(id="payload.range", what=".", nearest="n")).decode()
    old.executemany(
        "INSERT INTO violations (time_ms, outcome, mode, finding_id, finding, topic, payload, qos, retain, client_id, "
        "role, address, size) VALUES (?, 'quarantined', 'quarantine', 'payload.range', ?, ?, x'31', 0, 1, ?, 'plc', "
        "'10.0.0.7:1', 300)",
        [(number, finding, TOPIC, f"plc-{number % 2}") for number in range(2500)],
    )
    old.close()
    store = make(namespace=NAMESPACE)
    found = groups(store)
    assert [(group.client_id, group.count, group.held, group.first_ms, group.last_ms) for group in found] == [
        ("plc-1", 1250, 1250, 1, 2499),
        ("plc-0", 1250, 1250, 0, 2498),
    ]
    assert (found[0].rule, found[0].branch, found[0].nearest) == ("filler@2/temperature", FILLER, ["n"])
    assert store.status().stored == store.status().held == 2500
    store.close()
    assert [group.count for group in groups(make(namespace=NAMESPACE))] == [1250, 1250]


def test_groups_and_their_states_survive_a_restart(make: Make) -> None:
    store = make()
    store.record(violation())
    (group,) = groups(store)
    Inbox(store).act(group.id, Act.ASSIGN, "ann", NOW_MS, assigned="bob")
    Inbox(store).act(group.id, Act.MUTE, "ann", NOW_MS)
    store.close()
    again = make()
    again.record(violation())
    (kept,) = groups(again)
    assert (kept.id, kept.count, kept.state, kept.assigned) == (group.id, 2, GroupState.MUTED, "bob")
    assert [action.what for action in Inbox(again).journal(group.id)] == ["mute", "assign"]
    assert again.status().groups == 1

"""What people decide about a group, and what it does to the next occurrence."""

from typing import Any

import pytest

from tests.violations.conftest import Make, payloads, violation
from uns.policy.inbox import Act, Action, Group, GroupState, Sort
from uns.policy.verdict import Outcome
from uns.violations import Inbox, ViolationStore
from uns.violations.inbox import ACTIONS_KEPT

NOW_MS = 1_763_900_000_123


@pytest.fixture
def inbox(store: ViolationStore) -> Inbox:
    return Inbox(store)


def only(inbox: Inbox, now_ms: int = NOW_MS) -> Group:
    (group,) = inbox.list(now_ms).groups
    return group


def test_a_resolved_group_opens_by_itself_and_says_so(store: ViolationStore, inbox: Inbox) -> None:
    store.record(violation())
    resolved = inbox.act(only(inbox).id, Act.RESOLVE, "ann", NOW_MS, note="sensor replaced")
    assert resolved is not None
    assert (resolved.state, resolved.note, resolved.reopened) == (GroupState.RESOLVED, "sensor replaced", 0)
    store.record(violation(time_ms=NOW_MS + 5))
    again = only(inbox)
    assert (again.state, again.reopened, again.note) == (GroupState.OPEN, 1, "sensor replaced")
    assert list(inbox.journal(again.id)) == [
        Action(NOW_MS + 5, "", "recurred", ""),
        Action(NOW_MS, "ann", "resolve", "sensor replaced"),
    ]


def test_a_muted_group_is_counted_and_only_the_held_is_stored(store: ViolationStore, inbox: Inbox) -> None:
    store.record(violation(payload=b"before"))
    group = only(inbox)
    inbox.act(group.id, Act.MUTE, "ann", NOW_MS, until_ms=NOW_MS + 1000)
    store.record(violation(payload=b"told"))
    store.record(violation(payload=b"held", outcome=Outcome.QUARANTINED))
    muted = only(inbox)
    assert (muted.state, muted.muted_until_ms, muted.count, muted.kept) == (GroupState.MUTED, NOW_MS + 1000, 3, 2)
    assert payloads(store) == []
    assert payloads(store, group=group.id) == [b"held", b"before"]
    assert store.status().muted == 1
    assert only(inbox, NOW_MS + 1000).state is GroupState.OPEN
    assert payloads(store, now_ms=NOW_MS + 1000) == [b"held", b"before"]
    store.record(violation(payload=b"after", time_ms=NOW_MS + 1000))
    assert payloads(store) == [b"after", b"held", b"before"]


@pytest.mark.parametrize(
    ("acts", "state"),
    [
        ([Act.MUTE], "muted"),
        ([Act.MUTE, Act.UNMUTE], "open"),
        ([Act.RESOLVE, Act.REOPEN], "open"),
        ([Act.MUTE, Act.RESOLVE], "resolved"),
        ([Act.RESOLVE, Act.ASSIGN], "resolved"),
    ],
)
def test_states(store: ViolationStore, inbox: Inbox, acts: list[Act], state: str) -> None:
    store.record(violation())
    for act in acts:
        inbox.act(only(inbox).id, act, "ann", NOW_MS)
    assert only(inbox).state == state


def test_a_group_that_is_gone_takes_no_action(inbox: Inbox) -> None:
    assert inbox.act(7, Act.MUTE, "ann", NOW_MS) is None
    assert inbox.get(7, NOW_MS) is None


def test_a_journal_is_bounded(store: ViolationStore, inbox: Inbox) -> None:
    store.record(violation())
    group = only(inbox)
    inbox.note([group.id] * (ACTIONS_KEPT + 5), Action(NOW_MS, "ann", "replay", "x"))
    assert len(inbox.journal(group.id)) == ACTIONS_KEPT


ASKED: list[tuple[dict[str, Any], str]] = [
    ({}, "cba"),
    ({"sort": Sort.COUNT}, "acb"),
    ({"state": GroupState.OPEN}, "cba"),
    ({"state": GroupState.MUTED}, ""),
    ({"client_id": "b"}, "b"),
    ({"finding": "payload"}, "ba"),
    ({"finding": "payload.type"}, "a"),
    ({"branch": "acme"}, "ba"),
    ({"branch": "acme/ghent"}, "a"),
    ({"branch": "acme/gh"}, ""),
    ({"topic_filter": "acme/+/1"}, "ba"),
    ({"limit": 1, "offset": 1}, "b"),
]


@pytest.mark.parametrize(("asked", "expected"), ASKED, ids=str)
def test_filters_and_order(make: Make, asked: dict[str, Any], expected: str) -> None:
    store = make()
    for client, finding, topic, time_ms in (
        ("a", "payload.type", "acme/ghent/1", 1),
        ("a", "payload.type", "acme/ghent/2", 1),
        ("b", "payload.range", "acme/lyon/1", 2),
        ("c", "topic.undeclared", "other/x/1", 3),
    ):
        store.record(violation(topic, finding_id=finding, client_id=client, time_ms=time_ms))
    page = Inbox(store).list(NOW_MS, **asked)
    assert "".join(group.client_id for group in page.groups) == expected
    if "limit" in asked:
        assert page.total == 3
        assert page.by_state == {"open": 3, "muted": 0, "resolved": 0}

"""What differs between two policies, and where it may be felt."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.policy.plants import DOCUMENTS, admission
from uns.policy import CompiledAdmission
from uns.policy.difference import Kind, concerned, owner_changes, policy_changes, topic_changes

BEFORE = admission()
FILLER = "acme/ghent/packaging/line1/filler"


def changed(edit: Callable[[dict[str, Any]], None]) -> Any:
    documents = deepcopy(DOCUMENTS)
    edit(documents)
    return admission(documents)


def tree(documents: dict[str, Any], path: str) -> dict[str, Any]:
    found = documents["namespace"]["tree"]
    for level in path.split("/"):
        found = found[level]
    assert isinstance(found, dict)
    return found


def test_a_plant_does_not_differ_from_itself() -> None:
    assert policy_changes(BEFORE, admission()) == []
    topics = topic_changes(BEFORE.namespace, admission().namespace)
    assert (topics.added, topics.removed, topics.changed) == ((), (), ())


def test_owner_of_an_asset() -> None:
    after = changed(lambda documents: tree(documents, FILLER).update(owner="filling-team"))
    (change,) = policy_changes(BEFORE, after)
    assert (change.kind, change.subject, change.name) == (Kind.CHANGED, "asset", FILLER)
    assert change.details[0].startswith("owner: ")
    assert change.details[0].endswith(" -> filling-team")


def test_an_asset_goes_with_its_topics() -> None:
    after = changed(lambda documents: tree(documents, FILLER.rpartition("/")[0]).pop("filler"))
    changes = policy_changes(BEFORE, after)
    assert [(change.kind, change.name) for change in changes] == [
        (Kind.REMOVED, FILLER),
        (Kind.REMOVED, f"{FILLER}/gripper"),
    ]
    removed = topic_changes(BEFORE.namespace, after.namespace).removed
    assert f"{FILLER}/temperature" in removed
    assert all(topic.startswith(f"{FILLER}/") for topic in removed)
    backwards = topic_changes(after.namespace, BEFORE.namespace)
    assert backwards.added == removed


def test_mode_role_and_open_branch() -> None:
    def edit(documents: dict[str, Any]) -> None:
        documents["namespace"]["mode"] = "observe"
        documents["namespace"]["open"] = ["elsewhere/#"]
        documents["access"]["roles"]["viewer"]["subscribe"] = ["acme/#"]
        documents["access"]["roles"]["new"] = {"publish": ["acme/#"]}

    found = {(change.kind.value, change.subject, change.name) for change in policy_changes(BEFORE, changed(edit))}
    assert ("changed", "mode", "namespace.yaml") in found
    assert ("added", "open", "elsewhere/#") in found
    assert ("changed", "role", "viewer") in found
    assert ("added", "role", "new") in found


def test_a_secret_is_never_told() -> None:
    def edit(documents: dict[str, Any], secret: str) -> None:
        documents["access"]["users"] = [{"user": "ann", "role": "viewer", "password_hash": secret}]

    before = changed(lambda documents: edit(documents, "$argon2id$v=19$one"))
    after = changed(lambda documents: edit(documents, "$argon2id$v=19$two"))
    (change,) = policy_changes(before, after)
    assert (change.name, change.details) == ("ann", ("password_hash differs",))


@pytest.mark.parametrize(
    ("edit", "felt", "not_felt"),
    [
        (lambda documents: tree(documents, FILLER).update(mode="warn"), f"{FILLER}/anything", "acme/ghent/packaging/x"),
        (lambda documents: documents["namespace"].update(mode="observe"), "anywhere/at/all", None),
    ],
)
def test_where_a_change_is_felt(edit: Callable[[dict[str, Any]], None], felt: str, not_felt: str | None) -> None:
    after = changed(edit)
    is_concerned = concerned(policy_changes(BEFORE, after), topic_changes(BEFORE.namespace, after.namespace))
    assert is_concerned(felt)
    assert not_felt is None or not is_concerned(not_felt)


def test_a_pattern_is_felt_on_whatever_it_may_admit() -> None:
    line = FILLER.rpartition("/")[0]
    after = changed(lambda documents: tree(documents, line).update({"~robot[0-9]+": {"model": "motor@1"}}))
    changes = policy_changes(BEFORE, after)
    assert [(change.kind, change.name) for change in changes] == [(Kind.ADDED, f"{line}/~robot[0-9]+")]
    felt = concerned(changes, topic_changes(BEFORE.namespace, after.namespace))
    assert felt(f"{line}/robot7/current")
    assert not felt("acme/lyon/x")


def test_to_write_equal_lines_as_a_wildcard_changes_nothing() -> None:
    area = "acme/ghent/packaging"
    before = changed(lambda documents: tree(documents, area).update({"line8": {"a": {}}, "line9": {"a": {}}}))
    after = changed(lambda documents: tree(documents, area).update({"line{8..9}": {"a": {}}}))
    assert policy_changes(before, after) == []


def test_another_source_is_felt_where_its_values_land() -> None:
    stays, moves = f"{FILLER}/temperature", f"{FILLER}/state"
    before = CompiledAdmission(BEFORE.namespace, BEFORE.registry, BEFORE.access, {stays: "a", moves: "a"})
    after = CompiledAdmission(BEFORE.namespace, BEFORE.registry, BEFORE.access, {stays: "a", moves: "b"})
    owned = owner_changes(before, after)
    is_concerned = concerned([], topic_changes(BEFORE.namespace, BEFORE.namespace), owned)
    assert owned == {moves}
    assert (is_concerned(stays), is_concerned(moves)) == (False, True)

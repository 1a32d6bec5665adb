"""The store of models: what is kept, that it survives, and that a refusal keeps nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from uns.models import ModelStore
from uns.registry import Model, parse_model
from uns.registry.lifecycle import Status


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ModelStore]:
    store = ModelStore(tmp_path / "models.db")
    yield store
    store.close()


def model(version: int = 1, kind: str = "number", **keys: Any) -> Model:
    read = parse_model({"model": "filler", "version": version, "attributes": {"value": {"type": kind}}, **keys})
    assert isinstance(read, Model), read
    return read


def test_a_version_is_kept_with_who_and_when(store: ModelStore) -> None:
    assert store.admit([model(changelog="First")], "ann", "start", 1000) == []
    (kept,) = store.versions("filler")
    assert (kept.ref, kept.status, kept.first_ms, kept.active_ms, kept.who, kept.why) == (
        *("filler@1", Status.ACTIVE, 1000, 1000),
        *("ann", "start"),
    )
    assert parse_model(kept.document) == model(changelog="First")
    assert store.versions("other") == []


def test_running_on_changes_nothing_and_a_deprecation_is_a_change(store: ModelStore) -> None:
    store.admit([model()], "ann", "start", 1000)
    store.admit([model()], "bob", "restart", 2000)
    assert [(kept.who, kept.changed_ms) for kept in store.versions()] == [("ann", 1000)]
    store.admit([model(status="deprecated")], "bob", "old", 3000)
    (kept,) = store.versions()
    assert (kept.who, kept.changed_ms, kept.active_ms, kept.first_ms) == ("bob", 3000, 1000, 1000)


def test_a_draft_is_free_until_it_is_active(store: ModelStore) -> None:
    store.admit([model(status="draft")], "ann", "try", 1000)
    assert store.versions()[0].active_ms == 0
    assert store.admit([model(kind="string")], "ann", "use", 2000) == []
    assert store.versions()[0].active_ms == 2000
    ((_, finding),) = store.admit([model(kind="boolean")], "ann", "change", 3000)
    assert finding.id == "model.immutable"


def test_all_or_none(store: ModelStore) -> None:
    store.admit([model()], "ann", "start", 1000)
    refused = store.admit([model(kind="string"), model(2, "string")], "ann", "more", 2000)
    assert [finding.id for _, finding in refused] == ["model.immutable"]
    assert [kept.ref for kept in store.versions()] == ["filler@1"]


def test_numbers_are_taken_after_a_restart_though_the_file_is_gone(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models.db")
    store.admit([model()], "ann", "start", 1000)
    store.admit([], "ann", "removed", 2000)
    store.close()
    store = ModelStore(tmp_path / "models.db")
    refused = store.admit([model(kind="string")], "ann", "again", 3000)
    assert [finding.id for _, finding in refused] == ["model.immutable"]
    store.close()

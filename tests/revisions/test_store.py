"""Revisions kept whole, in order, bounded, and taken up again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from uns.revisions import RevisionStore, State

FILES = {"namespace.yaml": b"tree: {}\n", "models/a.v1.yaml": b"model: a\n"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RevisionStore]:
    store = RevisionStore(tmp_path / "revisions.db", max_revisions=3)
    yield store
    store.close()


def add(store: RevisionStore, files: dict[str, bytes], state: State = State.APPLIED) -> int:
    number = store.begin(files, dict.fromkeys(files, "changed"), 1000, "ann", "because").number
    store.settle(number, state)
    return number


def test_what_was_applied_is_the_latest(store: RevisionStore) -> None:
    assert store.latest() is None
    assert add(store, FILES) == 1
    assert add(store, {"namespace.yaml": b"other"}, State.FAILED) == 2
    latest = store.latest()
    assert latest is not None
    assert (latest.number, latest.who, latest.why, latest.time_ms) == (1, "ann", "because", 1000)
    assert latest.files == dict.fromkeys(FILES, "changed")
    assert store.files(1) == FILES
    assert store.get(2) is None, "a failed one never ran"


def test_a_crash_leaves_it_pending(store: RevisionStore, tmp_path: Path) -> None:
    add(store, FILES)
    number = store.begin({"namespace.yaml": b"new"}, {"namespace.yaml": "changed"}, 2000, "ann", "").number
    again = RevisionStore(tmp_path / "revisions.db")
    pending = again.pending()
    assert pending is not None
    assert pending.number == number
    assert again.files(number) == {"namespace.yaml": b"new"}
    again.close()


def test_the_oldest_go_with_their_contents(store: RevisionStore) -> None:
    for number in range(5):
        add(store, {"namespace.yaml": b"version %d" % number})
    assert [revision.number for revision in store.newest()] == [5, 4, 3]
    assert store.files(1) == {}
    assert store.before(4) == 3
    assert store.before(3) is None


def test_pages(store: RevisionStore) -> None:
    for _ in range(3):
        add(store, FILES)
    assert [revision.number for revision in store.newest(2)] == [3, 2]
    assert [revision.number for revision in store.newest(2, before=2)] == [1]

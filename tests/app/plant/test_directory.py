"""Plant files come into their directory all together, or not at all."""

import os
from pathlib import Path

import pytest

from uns.app.plant import PlantFiles
from uns.app.plant.directory import DIFF_LINES, file_changes, write_files
from uns.errors import UnsError

BEFORE = {"namespace.yaml": b"tree: {}\n", "models/a.v1.yaml": b"model: a\n", "models/b.v1.yaml": b"model: b\n"}
AFTER = {"namespace.yaml": b"tree: {acme: {}}\n", "models/a.v1.yaml": b"model: a\n", "sources/s.yaml": b"source: s\n"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "uns.yaml").write_text("name: kept\n")
    (tmp_path / "notes.txt").write_text("kept\n")
    write_files(tmp_path, {}, BEFORE)
    return tmp_path


def test_what_differs_is_told_by_line() -> None:
    changes = {change.name: change for change in file_changes(BEFORE, AFTER)}
    assert {name: change.kind for name, change in changes.items()} == {
        "models/b.v1.yaml": "removed",
        "namespace.yaml": "changed",
        "sources/s.yaml": "added",
    }
    assert "-tree: {}\n+tree: {acme: {}}\n" in changes["namespace.yaml"].diff
    assert file_changes(BEFORE, BEFORE) == []


def test_a_long_difference_is_cut() -> None:
    (change,) = file_changes({"namespace.yaml": b""}, {"namespace.yaml": b"x\n" * 1000})
    assert len(change.diff.splitlines()) == DIFF_LINES + 1
    assert change.diff.endswith("more lines\n")


def test_the_directory_holds_the_new_files(directory: Path) -> None:
    write_files(directory, BEFORE, AFTER)
    assert PlantFiles.of(directory).governed == AFTER
    assert (directory / "uns.yaml").read_text() == "name: kept\n"
    assert (directory / "notes.txt").read_text() == "kept\n"
    assert list(directory.rglob("*.uns-new")) == []


@pytest.mark.parametrize("fails_at", range(3))
def test_a_failure_in_between_changes_nothing(directory: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    replace, calls = os.replace, 0

    def failing(source: str, target: str) -> None:
        nonlocal calls
        if calls == fails_at:
            raise OSError(28, "No space left on device")
        calls += 1
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    after = AFTER | {"access.yaml": b"roles: {}\n"}
    with pytest.raises(UnsError) as raised:
        write_files(directory, BEFORE, after)
    assert raised.value.finding.id == "govern.write_failed"
    assert "No space left" in raised.value.finding.what
    assert PlantFiles.of(directory).governed == BEFORE
    assert list(directory.rglob("*.uns-new")) == []

"""The bdSeq survives a restart."""

from pathlib import Path

import pytest

from tests.edge.sources import document, parsed
from uns.edge.bdseq import FileBdSeq


def test_what_was_saved_is_loaded_by_the_next_process(tmp_path: Path) -> None:
    spec = parsed(document())
    directory = tmp_path / "edge"
    assert FileBdSeq(directory, spec).load() == 0
    FileBdSeq(directory, spec).save(17)
    assert FileBdSeq(directory, spec).load() == 17
    assert FileBdSeq(directory, parsed(document(source="other"))).load() == 0
    assert [path.name for path in directory.iterdir()] == ["line1.bdseq"]


@pytest.mark.parametrize("content", [b"", b"x", b"\x00\xff"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "line1.bdseq").write_bytes(content)
    assert FileBdSeq(tmp_path, parsed(document())).load() == 0


def test_an_unreadable_file_counts_as_none_and_a_refusing_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "line1.bdseq").mkdir()
    store = FileBdSeq(tmp_path, parsed(document()))
    assert store.load() == 0
    with pytest.raises(OSError, match="directory"):
        store.save(1)

"""The memory that the process takes."""

from pathlib import Path

import pytest

from uns.server import memory


def test_resident_memory_grows_with_what_is_held() -> None:
    before = memory.resident_bytes()
    held = bytearray(b"x") * 64_000_000
    assert memory.resident_bytes() - before > 32_000_000
    assert held


def test_elsewhere_the_peak_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = memory.resident_bytes()
    monkeypatch.setattr(memory, "_STATM", Path("/nowhere/statm"))
    assert memory.resident_bytes() >= now // 2

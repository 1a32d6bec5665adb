"""A new adapter passes its own tests before a line is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.scaffold import FILES, scaffold
from uns.errors import UnsError

ROOT = Path(__file__).parents[2]


def test_the_copy_runs_and_passes_its_tests(tmp_path: Path) -> None:
    made = scaffold("acme_scale", tmp_path)
    assert made.entry_point == 'acme_scale = "acme_scale:AcmeScaleAdapter"'
    assert str(made).endswith(made.entry_point)
    assert sorted(made.files) == sorted((tmp_path / "acme_scale").iterdir())
    for file in made.files:
        assert "template" not in file.read_text().casefold()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
    command += ["-o", "asyncio_default_fixture_loop_scope=function"]
    tested = subprocess.run([*command, "-W", "error", "acme_scale"], cwd=tmp_path, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout
    assert "7 passed" in tested.stdout


def test_the_template_itself_passes_them() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "adapters/_template"]
    tested = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout


@pytest.mark.parametrize("name", ["", "Acme", "1st", "with-dash", "../up", "class", "a.b"])
def test_a_name_must_be_a_package(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsError, match=r"request\.name"):
        scaffold(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    scaffold("scale", tmp_path)
    with pytest.raises(UnsError, match=r"request\.exists"):
        scaffold("scale", tmp_path)


def test_every_adapter_has_the_same_files() -> None:
    for name in ("modbus", "opcua"):
        present = {path.name for path in (ROOT / "adapters" / name).iterdir()}
        assert set(FILES) - {"test_adapter.py"} <= present, name

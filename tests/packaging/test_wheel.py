"""Does an installed wheel hold every file that the product reads, and nothing that it does not?"""

import configparser
import importlib.metadata
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.product import ROOT

BUILD_S = 240
NOT_SHIPPED = ("__pycache__", "*.pyc")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing left by an earlier build slips in, and nothing is left behind."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for package in ("uns", "adapters"):
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns(*NOT_SHIPPED))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_S, check=False)
    assert built.returncode == 0, built.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def content(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def beneath(folder: str, *patterns: str) -> list[str]:
    """The files of the tree that the product reads at run time, as they must stand in the wheel."""
    return sorted(
        path.relative_to(ROOT).as_posix()
        for pattern in patterns
        for path in (ROOT / folder).rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    )


@pytest.mark.parametrize(
    ("folder", "patterns"),
    [
        ("uns", ("*.py", "py.typed")),
        ("adapters", ("*.py", "py.typed")),
        ("uns/simulator/plant", ("*",)),
        ("uns/app/starter", ("*",)),
        ("uns/app/schemas", ("*",)),
        ("uns/web/static", ("*",)),
        ("uns/history/migrations", ("*.sql",)),
        ("uns/violations/migrations", ("*.sql",)),
        ("adapters/_template", ("*",)),
    ],
)
def test_the_wheel_holds(content: set[str], folder: str, patterns: tuple[str, ...]) -> None:
    wanted = beneath(folder, *patterns)
    assert wanted
    assert [path for path in wanted if path not in content] == []


def test_the_wheel_holds_the_two_packages_alone(content: set[str]) -> None:
    tops = {path.split("/")[0] for path in content}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"uns", "adapters"}


def test_the_wheel_carries_the_licence(content: set[str]) -> None:
    assert any(path.endswith(".dist-info/licenses/LICENSE") for path in content)


def test_the_wheel_brings_both_commands_and_the_adapters(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [path for path in archive.namelist() if path.endswith("entry_points.txt")]
        entries = configparser.ConfigParser()
        entries.read_string(archive.read(name).decode())
    assert entries["console_scripts"]["uns"] == entries["console_scripts"]["uns-platform"]
    assert set(entries["uns.adapters"]) >= {"opcua", "modbus"}


def test_every_entry_point_of_this_installation_loads() -> None:
    points = importlib.metadata.distribution("uns-platform").entry_points
    assert points
    assert all(callable(point.load()) for point in points)

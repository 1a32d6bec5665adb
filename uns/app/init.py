"""A plant directory to start from."""

import shutil
from pathlib import Path

from uns.errors import Finding, UnsError

STARTER = Path(__file__).with_name("starter")


def init_plant(directory: Path) -> list[Path]:
    """Copy the starter plant; the files written. Raises UnsError (`plant.exists`) unless the directory is empty."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UnsError(
            Finding(
                id="plant.exists",
                what=f"{directory} exists and is not an empty directory.",
                hint="Name a new directory; nothing was written.",
            )
        )
    shutil.copytree(STARTER, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    return sorted(path for path in directory.rglob("*") if path.is_file())

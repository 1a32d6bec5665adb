"""Whose is the data directory? One server's at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uns.errors import Finding, UnsError


@contextmanager
def own_data(directory: Path) -> Iterator[Path]:
    """The directory, made when missing, locked for as long as the context lasts.

    Raises UnsError: `plant.data_in_use` when another server has it, `plant.data_directory` when it cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("w")
    except OSError as error:
        raise UnsError(
            Finding(
                id="plant.data_directory",
                what=f"the data directory {directory} cannot be written ({error.strerror or error}).",
                hint="Name another with --data, or mend its permissions.",
            )
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnsError(
                Finding(
                    id="plant.data_in_use",
                    what=f"another server uses the data directory {directory}.",
                    hint="Stop it, or name another directory with --data.",
                )
            ) from error
        yield directory

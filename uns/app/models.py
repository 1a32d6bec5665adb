"""May the models of a plant run on this data directory, after all that ran there before?"""

import getpass
from collections.abc import Sequence

from uns.errors import Finding, UnsError
from uns.registry import Model, Registry
from uns.registry.store import ModelRecord

FILE = "models.db"
"""In the data directory: every version that ever ran."""


def admit_at_start(store: ModelRecord, registry: Registry, now_ms: int) -> None:
    """Keep the models that the server starts with; raises UnsError with what the first of the refused ones says."""
    refused = store.admit(registry.models(), who=_who(), why="start of the server", now_ms=now_ms)
    if refused:
        raise UnsError(refusal(refused))


def refusal(refused: Sequence[tuple[Model, Finding]]) -> Finding:
    """One finding for several: the first, and how many more there are."""
    _, first = refused[0]
    if len(refused) == 1:
        return first
    what = f"{first.what.rstrip('.')}; {len(refused) - 1} more like this."
    return Finding(id=first.id, what=what, where=first.where, hint=first.hint)


def _who() -> str:
    """The user of the system that started the server; a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "server"

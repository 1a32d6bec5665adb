"""Where do the versions of models stay, so that a number never means two contracts?

One SQLite file. It grows with the versions that a person writes, never with traffic, so nothing is ever shed.
"""

import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec

from uns.errors import Finding, UnsError
from uns.registry import Model
from uns.registry.admit import admission_findings
from uns.registry.lifecycle import Status
from uns.registry.store import ModelVersion, kept_version
from uns.storage import Database

_FIELDS = ModelVersion.__struct_fields__
_UPSERT = (
    f"INSERT OR REPLACE INTO models ({', '.join(_FIELDS)}) "  # the names are those of the struct
    f"VALUES ({', '.join(f':{name}' for name in _FIELDS)})"
)


class ModelStore:
    """Implements `uns.registry.store.ModelRecord`. Every method blocks on the disk: call it in a thread."""

    def __init__(self, path: Path) -> None:
        """Raises as `Database`."""
        self._database = Database(path, "uns.models")

    def versions(self, name: str | None = None) -> Sequence[ModelVersion]:
        with self._database.read() as connection:
            return _select(connection, name)

    def admit(self, models: Collection[Model], who: str, why: str, now_ms: int) -> Sequence[tuple[Model, Finding]]:
        """In one transaction, so that of two admissions at once the second sees the first."""
        try:
            with self._database.write() as connection:
                kept = _select(connection, None)
                refused = list(admission_findings(models, kept))
                if not refused:
                    connection.executemany(_UPSERT, _changed_rows(models, kept, who, why, now_ms))
        except sqlite3.Error as error:
            what = f"{self._database.path} cannot be written: {error}."
            hint = "Make room in the data directory, or make it writable."
            raise UnsError(Finding(id="storage.write_failed", what=what, hint=hint)) from error
        return refused

    def close(self) -> None:
        self._database.close()


def _select(connection: sqlite3.Connection, name: str | None) -> list[ModelVersion]:
    condition = "" if name is None else "WHERE name = :name"
    rows = connection.execute(
        f"SELECT {', '.join(_FIELDS)} FROM models {condition} ORDER BY name, version", {"name": name}
    )
    return [_from_row(dict(zip(_FIELDS, row, strict=True))) for row in rows]


def _from_row(row: dict[str, Any]) -> ModelVersion:
    return ModelVersion(**{**row, "status": Status(row["status"]), "document": msgspec.json.decode(row["document"])})


def _changed_rows(
    models: Collection[Model], kept: Sequence[ModelVersion], who: str, why: str, now_ms: int
) -> list[dict[str, Any]]:
    """The rows of models that are new or say something else than before; one that only ran on changes nothing."""
    before = {version.ref: version for version in kept}
    entries = [kept_version(model, who, why, now_ms, before.get(model.ref)) for model in models]
    changed = [entry for entry in entries if entry.ref not in before or entry.document != before[entry.ref].document]
    return [
        {**msgspec.structs.asdict(entry), "document": msgspec.json.encode(entry.document).decode()} for entry in changed
    ]

"""What is kept of every version of every model, and what does a store of them offer?

`uns/models` serves it from SQLite; another database serves the same two verbs.
"""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import msgspec

from uns.errors import Finding
from uns.registry.lifecycle import Status
from uns.registry.model import Model
from uns.registry.written import fingerprint, model_document


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version as it was last admitted.

    fingerprint: of the contract. document: as `model_document` writes it. active_ms: since when its contract is fixed,
    0 for a draft. first_ms, changed_ms: UTC; who and why: of the last change.
    """

    name: str
    version: int
    status: Status
    owner: str
    fingerprint: str
    document: dict[str, Any]
    first_ms: int
    active_ms: int
    changed_ms: int
    who: str
    why: str

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"


def kept_version(
    model: Model, who: str = "", why: str = "", now_ms: int = 0, before: ModelVersion | None = None
) -> ModelVersion:
    """A version as it is kept from now on. before: how it was kept until now, None for a new one."""
    active_ms = before.active_ms if before is not None else 0
    return ModelVersion(
        name=model.name,
        version=model.version,
        status=model.status,
        owner=model.owner,
        fingerprint=fingerprint(model),
        document=model_document(model),
        first_ms=now_ms if before is None else before.first_ms,
        active_ms=active_ms if active_ms or model.status is Status.DRAFT else max(1, now_ms),
        changed_ms=now_ms,
        who=who,
        why=why,
    )


class ModelReader(Protocol):
    """Reading may block on the disk: it is done in a thread."""

    def versions(self, name: str | None = None) -> Sequence[ModelVersion]:
        """Every version that was ever admitted, by name and number; of one model with `name`."""


class ModelRecord(ModelReader, Protocol):
    """All versions that ever ran, also those whose file is gone: their numbers are taken."""

    def admit(self, models: Collection[Model], who: str, why: str, now_ms: int) -> Sequence[tuple[Model, Finding]]:
        """Keep the models of a plant, all or none. Answers why not, or nothing when they are kept.

        Raises UnsError `storage.*` when the store cannot be written.
        """

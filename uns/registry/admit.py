"""May these models run, after all the versions that ran before?"""

from collections.abc import Collection, Iterable, Iterator

from uns.errors import Finding, UnsError
from uns.registry.document import listed
from uns.registry.evolution import compatibility_findings, steps_to
from uns.registry.lifecycle import Status
from uns.registry.model import Model, parse_model
from uns.registry.registry import Registry
from uns.registry.store import ModelVersion
from uns.registry.written import contract_differences, fingerprint


def admission_findings(models: Collection[Model], kept: Iterable[ModelVersion]) -> Iterator[tuple[Model, Finding]]:
    """Contracts that changed behind their number, versions that become drafts again, and promises that are broken.

    Only versions that the store does not hold as active yet are held to a promise: what once ran may run again.
    """
    by_ref = {version.ref: version for version in kept}
    every = with_kept(models, by_ref.values())
    for model in models:
        before = by_ref.get(model.ref)
        if before is not None and before.active_ms:
            yield from ((model, finding) for finding in _changed(model, before))
        else:
            yield from ((model, finding) for finding in _unkept(every, model))


def with_kept(models: Collection[Model], kept: Iterable[ModelVersion]) -> Registry:
    """The models together with every kept version that they do not hold themselves, to compare against."""
    own = {model.ref for model in models}
    return Registry([*models, *filter(None, (_read(version) for version in kept if version.ref not in own))])


def _read(version: ModelVersion) -> Model | None:
    """The model of a kept document; None when this version of the program does not take it any more."""
    read = parse_model(version.document)
    return read if isinstance(read, Model) else None


def _changed(model: Model, before: ModelVersion) -> Iterator[Finding]:
    if model.status is Status.DRAFT:
        yield Finding(
            id="model.status",
            what=f"{model.ref} has been active; it does not become a draft again.",
            where="/status",
            hint=f"Make {model.name}@{model.version + 1} the draft, or deprecate this version.",
        )
    if fingerprint(model) == before.fingerprint:
        return
    old = _read(before)
    places = contract_differences(old, model) if old is not None else []
    yield Finding(
        id="model.immutable",
        what=f"{model.ref} has been active, and its contract differs now at {listed(places) or 'an unknown place'}.",
        where=places[0] if places else "/version",
        hint=f"Undo that and count the version up: 'version: {model.version + 1}' in a file of its own. "
        "'status: draft' keeps a version free to change.",
    )


def _unkept(every: Registry, model: Model) -> list[Finding]:
    try:
        return compatibility_findings(steps_to(every, model), model.compatibility)
    except UnsError:
        return []  # its parts lead nowhere: `Registry.findings` tells that

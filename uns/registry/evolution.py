"""May this version of a model follow the ones before it: what does each change, and is the promise kept?"""

from collections.abc import Iterable

import msgspec

from uns.errors import Finding
from uns.registry.change import Change
from uns.registry.compatibility import compare
from uns.registry.lifecycle import Compatibility, Status
from uns.registry.model import Model
from uns.registry.registry import Registry

_TOLD = 5


class Step(msgspec.Struct, frozen=True):
    """The way from one version to another. held: the promise covers it; broken: the changes that break the promise."""

    old: str
    new: str
    held: bool
    changes: list[Change]
    broken: list[Change]


def between(registry: Registry, old: Model, new: Model, *, strict: bool | None = None, held: bool = True) -> Step:
    """Compares two versions with their parts; both must be in the registry. strict: as `new` says unless given.

    Raises as `Registry.attributes`.
    """
    is_strict = new.strict_compatibility if strict is None else strict
    changes = compare(registry.attributes(old.ref), registry.attributes(new.ref), strict=is_strict)
    promise = new.compatibility if held else Compatibility.NONE
    return Step(old.ref, new.ref, held, changes, [change for change in changes if change.breaks(promise)])


def steps_to(registry: Registry, model: Model, former: Iterable[Model] | None = None) -> list[Step]:
    """From each earlier version to this one, the nearest first. Drafts promise nothing, and nothing is promised them.

    former: the candidates; all of the registry unless given.
    """
    known = registry.models() if former is None else former
    earlier = [
        other
        for other in known
        if other.name == model.name and other.version < model.version and other.status is not Status.DRAFT
    ]
    earlier.sort(key=lambda other: -other.version)
    promises = model.status is not Status.DRAFT
    return [
        between(registry, other, model, held=promises and (index == 0 or model.compatibility.is_transitive))
        for index, other in enumerate(earlier)
    ]


def compatibility_findings(steps: Iterable[Step], compatibility: Compatibility) -> list[Finding]:
    """`model.compatibility` for each step that breaks the promise, with the changes in plain words."""
    return [_broken(step, compatibility) for step in steps if step.broken]


def _broken(step: Step, compatibility: Compatibility) -> Finding:
    told = "; ".join(str(change).rstrip(".") for change in step.broken[:_TOLD])
    more = f"; and {len(step.broken) - _TOLD} more" if len(step.broken) > _TOLD else ""
    return Finding(
        id="model.compatibility",
        what=f"{step.new} is not {compatibility} compatible with {step.old}: {told}{more}.",
        where="/version",
        hint="Undo these changes, or state 'compatibility: none' in the new version if they are meant.",
    )

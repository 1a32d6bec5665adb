"""Which assets are of one kind? Those become one model, with what only some of them have as optional."""

import re
from collections.abc import Hashable, Sequence
from itertools import islice

import msgspec

from uns.policy.learn.existing import existing_model
from uns.policy.learn.infer import infer, kind_of
from uns.policy.learn.learned import SOME_SAMPLES, LearnedAttribute, LearnedModel, LearnedVersion, Told
from uns.policy.learn.profile import Profile
from uns.policy.learn.structure import Found, stem
from uns.policy.observed import joined
from uns.policy.propose import next_version
from uns.registry import AttributeType, Registry

ALIKE = 0.5
"""Equipment of one name is of one model when it shares so much of its attributes."""
MOST_COMPARED = 32
"""Kinds that an asset is compared with: a thousand assets of one name and nothing in common must not take minutes."""
_NUMBER = re.compile(r"([0-9]+)")
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")


class _Kind(msgspec.Struct, eq=False):
    """Assets that are alike so far. named: what the first one is called, without numbers. kinds: the joined types."""

    named: str
    assets: list[Found]
    kinds: dict[str, AttributeType]
    equipment: set[str]


def find_models(assets: Sequence[Found], registry: Registry) -> tuple[list[LearnedModel], dict[str, str]]:
    """(the new models, asset path to the reference of its model). Every attribute of the assets has a type."""
    taken = dict.fromkeys((ref.partition("@")[0] for ref in registry.names()), 1)
    models: list[LearnedModel] = []
    refs: dict[str, str] = {}
    for kind in _find_kinds(assets):
        paths = sorted((asset.path for asset in kind.assets), key=_counting)
        merged = {path: _merged(kind, path) for path in kind.kinds}
        name = _name(kind.assets[0])
        ref = existing_model(registry, name, merged)
        if not ref:
            name = _free(name, taken)
            attributes = (_attribute(kind, path, profile) for path, profile in merged.items())
            models.append(LearnedModel(name, tuple(attributes), tuple(paths)))
            ref = models[-1].ref
        refs |= dict.fromkeys(paths, ref)
    return models, refs


def find_versions(assets: Sequence[Found], registry: Registry, told: list[Told]) -> list[LearnedVersion]:
    """The next versions of the models of declared assets, with what they lack. An attribute that would be of two types
    is told."""
    by_model: dict[str, list[Found]] = {}
    for asset in assets:
        by_model.setdefault(asset.model, []).append(asset)
    versions = []
    numbers: dict[str, int] = {}
    for base, found in sorted(by_model.items()):
        kind = _Kind("", found, {}, set())
        for path in sorted({path for asset in found for path in asset.attributes}):
            kinds = {kind_of(asset.attributes[path]) for asset in found if path in asset.attributes}
            both = joined({each for each in kinds if each is not None})
            if both is None:
                what = f"it would be of several types in {base}: {', '.join(sorted(map(str, kinds)))}."
                told += [Told(f"{each.path}/{path}", "conflict", what) for each in found if path in each.attributes]
            else:
                kind.kinds[path] = both
        if not kind.kinds:
            continue
        name = base.partition("@")[0]
        number = numbers[name] = numbers.get(name, next_version(registry, name) - 1) + 1
        attributes = tuple(_attribute(kind, path, _merged(kind, path), optional=True) for path in kind.kinds)
        paths = sorted((each.path for each in found if each.attributes.keys() & kind.kinds.keys()), key=_counting)
        versions.append(LearnedVersion(base, f"{name}@{number}", attributes, tuple(paths)))
    return versions


def _find_kinds(assets: Sequence[Found]) -> list[_Kind]:
    """Each asset joins the first kind that it is of. They are found by name, and by siblings of equal attributes."""
    kinds: list[_Kind] = []
    index: dict[Hashable, dict[_Kind, None]] = {}
    for asset in assets:
        named = stem(asset.name)
        keys: list[Hashable] = [named]
        if len(asset.attributes) > 1:
            keys.append((_stems(asset.parent), frozenset(asset.attributes)))
        candidates = islice((each for key in keys for each in index.get(key, {})), MOST_COMPARED)
        kind = next((each for each in candidates if _is_of(asset, each, named)), None)
        if kind is None:
            kind = _Kind(named, [], {}, set())
            kinds.append(kind)
        _join(asset, kind)
        for key in keys:
            index.setdefault(key, {})[kind] = None
    return kinds


def _stems(path: str) -> str:
    return "/".join(map(stem, path.split("/")))


def _is_of(asset: Found, kind: _Kind, named: str) -> bool:
    own, known = asset.attributes.keys(), kind.kinds.keys()
    shared = own & known
    if kind.named == named:
        if len(shared) < ALIKE * len(own | known):
            return False
    elif own != known:
        return False
    if any(path.split("/")[0] in kind.equipment for path in own) or any(
        path.split("/")[0] in asset.equipment for path in known
    ):
        return False
    return all(_together(kind, path, asset.attributes[path]) is not None for path in shared)


def _together(kind: _Kind, path: str, profile: Profile) -> AttributeType | None:
    """The type that takes both, if there is one."""
    own = kind_of(profile)
    return None if own is None else joined({own, kind.kinds[path]})


def _join(asset: Found, kind: _Kind) -> None:
    for path, profile in asset.attributes.items():
        own = kind_of(profile)
        both = own if path not in kind.kinds or own is None else joined({own, kind.kinds[path]})
        assert both is not None
        kind.kinds[path] = both
    kind.equipment |= asset.equipment
    kind.assets.append(asset)


def _merged(kind: _Kind, path: str) -> Profile:
    merged = Profile(topics=0)
    for asset in kind.assets:
        if path in asset.attributes:
            merged.merge(asset.attributes[path])
    return merged


def _attribute(kind: _Kind, path: str, merged: Profile, *, optional: bool = False) -> LearnedAttribute:
    profiles = [asset.attributes[path] for asset in kind.assets if path in asset.attributes]
    usual = [profile.gaps.percentile_99() for profile in profiles if profile.gaps.count >= SOME_SAMPLES]
    age_ms = max((each for each in usual if each is not None), default=None)
    return infer(path, merged, age_ms, optional=optional or len(profiles) < len(kind.assets))


def _counting(path: str) -> list[tuple[int, str]]:
    """Sorts `line2` before `line10`."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in _NUMBER.split(path)]


def _name(asset: Found) -> str:
    """Of the equipment, or of what is above it when it has only a number."""
    levels = reversed(asset.path.split("/"))
    name = next((each for level in levels if (each := _UNFIT.sub("_", stem(level)))), "model")
    return (name if name[0].isalpha() else f"model_{name}")[:90]


def _free(name: str, taken: dict[str, int]) -> str:
    """The name, or the next with a number that is not taken. taken: name to the last number it was given with."""
    chosen, number = name, taken.get(name, 0)
    while chosen in taken:
        number += 1
        chosen = f"{name}_{number}"
    taken[name] = number
    taken[chosen] = 1
    return chosen

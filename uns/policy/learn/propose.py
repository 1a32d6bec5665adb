"""From what was seen to what is proposed: the one place that puts structure, models and entries together."""

from collections.abc import Iterable

from uns.policy.learn.entries import find_entries
from uns.policy.learn.infer import kind_of, mixture
from uns.policy.learn.learned import Learned, Told
from uns.policy.learn.learner import Learner
from uns.policy.learn.models import find_models, find_versions
from uns.policy.learn.profile import Profile
from uns.policy.learn.structure import find_assets
from uns.policy.namespace import Namespace
from uns.policy.tree_rules import MAX_DEPTH

MAX_TOLD = 200
MAX_LEVELS = 2 * MAX_DEPTH
"""Of a topic; one with more is no equipment's."""


def learn(learner: Learner, namespace: Namespace, move: tuple[str, str] = ("", "")) -> Learned:
    """What would have to be declared so that everything that was seen has a place and a contract.

    move: (beginning of the topics as seen, what stands there instead), for a branch whose data belongs elsewhere.
    Topics of declared attributes are only counted: they have a contract.
    """
    told: list[Told] = []
    undeclared: list[tuple[str, str, Profile]] = []
    declared = 0
    for seen, profile in sorted(learner.profiles.items()):
        topic = _moved(seen, move)
        if namespace.attribute(*namespace.locate(topic)) is not None:
            declared += 1
        elif topic.count("/") >= MAX_LEVELS:
            told.append(Told(seen, "place", f"it has more than {MAX_LEVELS} levels."))
        elif _is_usable(seen, profile, told):
            undeclared.append((topic, seen, profile))
    assets = find_assets(namespace, undeclared, told)
    new = [asset for asset in assets if not asset.model]
    models, refs = find_models(new, namespace.registry)
    versions = find_versions([asset for asset in assets if asset.model], namespace.registry, told)
    evidence = {asset.path: _evidence(asset.attributes.values()) for asset in new}
    entries = find_entries(refs, evidence, [node.path for node in namespace.nodes()])
    return Learned(
        messages=learner.messages,
        topics=len(learner.profiles),
        declared=declared,
        models=tuple(models),
        versions=tuple(versions),
        entries=entries,
        told=tuple(told[:MAX_TOLD]),
        told_more=max(0, len(told) - MAX_TOLD),
        left_out=learner.left_out,
    )


def _moved(topic: str, move: tuple[str, str]) -> str:
    before, after = move
    if not before and not after:
        return topic
    rest = topic.removeprefix(before).removeprefix("/") if before else topic
    return "/".join(filter(None, (after, rest)))


def _is_usable(topic: str, profile: Profile, told: list[Told]) -> bool:
    """Has the topic one type? What breaks it is told."""
    if profile.unreadable:
        what = f"{profile.unreadable} of its payloads are no JSON value, and would be refused."
        told.append(Told(topic, "payload", what))
    if kind_of(profile) is not None:
        return True
    found = mixture(profile)
    if found:
        told.append(Told(topic, "conflict", f"it carries {found}: its publishers must agree first."))
    elif not profile.unreadable:
        told.append(Told(topic, "payload", "no value was seen on it."))
    return False


def _evidence(profiles: Iterable[Profile]) -> str:
    listed = list(profiles)
    samples = sum(profile.samples for profile in listed)
    return (
        f"{samples:,} sample{'' if samples == 1 else 's'} of {len(listed)} attribute{'' if len(listed) == 1 else 's'}"
    )

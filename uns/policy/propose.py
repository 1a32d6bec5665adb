"""How could the plant files take what they refuse now? Proposals for one group of violations, from its kept samples.

Pure: a proposal is data, and changes nothing. A person chooses one; who writes it into files keeps their comments.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from uns.errors import Finding, shorten
from uns.policy.namespace import Namespace
from uns.policy.node import Node
from uns.policy.observed import Observed, common_type, observe
from uns.policy.resolve import resolve
from uns.registry import Attribute, AttributeType, Registry
from uns.registry.attribute import path_fault
from uns.registry.lifecycle import Compatibility
from uns.registry.model import ref_fault
from uns.registry.pointer import join_pointer

MAX_WORDS = 20
"""New words for an enum at once: more are no enum."""
_NUMBERS = (AttributeType.NUMBER, AttributeType.INTEGER)
_DOCUMENTS = (AttributeType.OBJECT, AttributeType.ARRAY)


class Edit(msgspec.Struct, frozen=True):
    """One change of a model document: `value` at a JSON pointer; None takes the key away."""

    pointer: str
    value: Any


class NewVersion(msgspec.Struct, frozen=True):
    """The next version of a model: `base` (`filler@2`, empty for a new model) with edits is `ref` (`filler@3`)."""

    base: str
    ref: str
    edits: tuple[Edit, ...]


class TreeEntry(msgspec.Struct, frozen=True):
    """Keys of equipment in namespace.yaml. path: of the equipment; is_new: it is not declared yet."""

    path: str
    keys: dict[str, Any]
    is_new: bool


class Rewrite(msgspec.Struct, frozen=True):
    """Messages on one topic go to another."""

    topic: str
    to: str


class Kind(StrEnum):
    """What a proposal does."""

    ACCEPT = "accept"  # the attribute or the equipment becomes part of what is declared
    RELAX = "relax"  # an attribute takes more than before
    MAP = "map"  # the topic becomes another name of one that is declared


class Proposal(msgspec.Struct, frozen=True):
    """One way to take the messages. sentence: what it would do, for people.

    versions: the innermost first; a model that has the changed one as a part follows it. tree: what the equipment then
    refers to, or new equipment.
    """

    kind: Kind
    sentence: str
    versions: tuple[NewVersion, ...] = ()
    tree: tuple[TreeEntry, ...] = ()
    rewrite: Rewrite | None = None


def propose(namespace: Namespace, finding: Finding, topic: str, payloads: Sequence[bytes]) -> list[Proposal]:
    """What would make this topic and these payloads valid, the likeliest first; empty when only the publisher can mend
    it, or when a person must think. finding, topic: of the latest message; payloads: the kept ones of the same topic.
    """
    place = resolve(namespace, topic)
    observed = observe(payloads)
    if place.attribute is not None:
        relax = _RELAX.get(finding.id)
        changed = relax(place.attribute, observed) if relax is not None else None
        if changed is None:
            return []
        told, edits = changed
        return [_change_attribute(namespace, place.node, place.attribute.path, told, edits)]
    if place.finding is None:
        return []
    found = _map(namespace, topic, place.finding.nearest)
    if place.finding.id == "topic.attribute":
        found += _add_attribute(namespace, place.node, place.rest, observed)
    elif place.finding.id == "topic.undeclared":
        found += _declare(namespace, place.node, place.rest, observed)
        found += _add_attribute(namespace, place.node, place.rest, observed)
    return found


# --- a value that the attribute does not take ---------------------------------------------------------------------

_Changed = tuple[str, dict[str, Any]] | None
"""What is done, for people, and keys of the attribute with their new values."""


def _widen(attribute: Attribute, observed: Observed) -> _Changed:
    numbers = [value for value in observed.values if isinstance(value, int | float) and not isinstance(value, bool)]
    if not numbers:
        return None
    changed: dict[str, int | float] = {}
    if attribute.min is not None and min(numbers) < attribute.min:
        changed["min"] = min(numbers)
    if attribute.max is not None and max(numbers) > attribute.max:
        changed["max"] = max(numbers)
    limits = " and ".join(f"{key} goes from {getattr(attribute, key)} to {value}" for key, value in changed.items())
    return (f"widens its limits: {limits}", changed) if changed else None


def _add_words(attribute: Attribute, observed: Observed) -> _Changed:
    wanted = {AttributeType.STRING: str, AttributeType.INTEGER: int}.get(attribute.type, (int, float))
    words = [
        value
        for value in dict.fromkeys(value for value in observed.values if isinstance(value, str | int | float))
        if isinstance(value, wanted) and not isinstance(value, bool) and value not in attribute.enum
    ]
    if not words or len(words) > MAX_WORDS:
        return None
    told = ", ".join(f"'{shorten(str(word), 40)}'" for word in words)
    return f"takes {told} too", {"enum": [*attribute.enum, *words]}


def _lengthen(attribute: Attribute, observed: Observed) -> _Changed:
    longest = max((len(value) for value in observed.values if isinstance(value, str)), default=0)
    if attribute.max_length is None or longest <= attribute.max_length:
        return None
    told = f"takes texts of {longest} characters, not {attribute.max_length}"
    return told, {"max_length": longest}


def _retype(attribute: Attribute, observed: Observed) -> _Changed:
    kind = common_type(observed.values)
    if kind is None or kind in _DOCUMENTS or attribute.type in _DOCUMENTS:
        return None
    fits = kind is attribute.type or (kind is AttributeType.INTEGER and attribute.type is AttributeType.NUMBER)
    if fits:
        return ("takes a bare value too", {"bare": True}) if observed.bare and not attribute.bare else None
    changed: dict[str, Any] = {"type": kind.value}
    if kind not in _NUMBERS:
        changed |= {
            key: None for key in ("unit", "min", "max", "deadband") if getattr(attribute, key) not in (None, "")
        }
    if attribute.enum:
        changed["enum"] = None
    changed |= {key: None for key in ("pattern", "max_length") if getattr(attribute, key) not in (None, "")}
    if observed.bare and not attribute.bare:
        changed["bare"] = True
    return f"becomes of type {kind}, which breaks what consumers of the version before rely on", changed


_RELAX: dict[str, Callable[[Attribute, Observed], _Changed]] = {
    "payload.range": _widen,
    "payload.enum": _add_words,
    "payload.length": _lengthen,
    "payload.type": _retype,
}


# --- models -------------------------------------------------------------------------------------------------------


def _change_attribute(namespace: Namespace, node: Node, path: str, told: str, keys: dict[str, Any]) -> Proposal:
    chain, own = _owners(namespace.registry, node.model, path)
    where = join_pointer("/attributes", own)
    edits = tuple(Edit(join_pointer(where, key), value) for key, value in keys.items())
    versions = _versions(namespace.registry, chain, edits, breaks="type" in keys)
    return Proposal(
        Kind.RELAX,
        f"{_chain_text(versions)}: '{path}' {told}.",
        versions,
        (TreeEntry(node.path, {"model": versions[-1].ref}, False),),
    )


def _add_attribute(namespace: Namespace, node: Node, rest: str, observed: Observed) -> list[Proposal]:
    model = namespace.registry.get(node.model)
    keys = _attribute_keys(observed)
    if model is None or model.schema is not None or keys is None or path_fault(rest):
        return []
    edit = Edit(join_pointer("/attributes", rest), keys)
    versions = _versions(namespace.registry, [(node.model, "")], (edit,))
    sentence = f"{_chain_text(versions)}: a new optional attribute '{shorten(rest)}' of type {keys['type']}."
    return [Proposal(Kind.ACCEPT, sentence, versions, (TreeEntry(node.path, {"model": versions[-1].ref}, False),))]


def _attribute_keys(observed: Observed) -> dict[str, Any] | None:
    kind = common_type(observed.values)
    if kind is None:
        return None
    keys: dict[str, Any] = {"type": kind.value, "optional": True}
    if kind in _DOCUMENTS:
        return {**keys, "schema": {"type": kind.value}}
    return {**keys, "bare": True} if observed.bare else keys


def _owners(registry: Registry, ref: str, path: str) -> tuple[list[tuple[str, str]], str]:
    """The models from the one that states an attribute up to the asset's, each with the name of the part below it, and
    the attribute's path in the innermost."""
    model = registry.get(ref)
    assert model is not None  # the attribute was found in it
    if path in model.attributes:
        return [(ref, "")], path
    part, below = next((part, below) for part, below in model.parts.items() if path.startswith(f"{part}/"))
    chain, own = _owners(registry, below, path[len(part) + 1 :])
    return [*chain, (ref, part)], own


def _versions(
    registry: Registry, chain: Sequence[tuple[str, str]], edits: tuple[Edit, ...], *, breaks: bool = False
) -> tuple[NewVersion, ...]:
    """breaks: the new versions do not keep what the ones before promised, and must say so."""
    versions: list[NewVersion] = []
    said = (Edit("/compatibility", Compatibility.NONE.value),) if breaks else ()
    for ref, part in chain:
        name = ref.partition("@")[0]
        following = next_version(registry, name)
        own = edits if not versions else (Edit(join_pointer("/parts", part), versions[-1].ref),)
        versions.append(NewVersion(ref, f"{name}@{following}", (Edit("/version", following), *said, *own)))
    return tuple(versions)


def next_version(registry: Registry, name: str) -> int:
    """The number of the version that follows those of a model; 1 for a new one."""
    known = (ref.partition("@") for ref in registry.names())
    return max((int(version) for known_name, _, version in known if known_name == name), default=0) + 1


def _chain_text(versions: Sequence[NewVersion]) -> str:
    first, *more = (f"{version.ref} (after {version.base})" for version in versions)
    return f"{first}, and with it {', '.join(more)}" if more else first


# --- a topic that is not declared ---------------------------------------------------------------------------------


def _map(namespace: Namespace, topic: str, nearest: str) -> list[Proposal]:
    if not nearest or resolve(namespace, nearest).finding is not None:
        return []  # near is only a part of a topic: there is nothing to map it to
    sentence = f"Messages on '{shorten(topic)}' go to '{nearest}'."
    return [Proposal(Kind.MAP, sentence, rewrite=Rewrite(topic, nearest))]


def _declare(namespace: Namespace, node: Node, rest: str, observed: Observed) -> list[Proposal]:
    """New equipment: of a model whose attribute the topic ends with, where equipment of that name has one, else of a
    new model with that attribute."""
    levels = rest.split("/")
    if not all(levels):
        return []
    for depth in range(len(levels) - 1, 0, -1):
        path = "/".join(levels[depth:])
        for twin in namespace.named(levels[depth - 1]):
            if namespace.attribute(twin, path) is not None:
                sentence = f"'{node.path}/{'/'.join(levels[:depth])}' is declared, of {twin.model} like '{twin.path}'."
                return _entries(namespace, node, levels[:depth], twin.model, sentence)
    keys = _attribute_keys(observed)
    equipment, attribute = levels[:-1], levels[-1]
    name = (equipment or [node.name])[-1]
    if keys is None or not name or path_fault(attribute) or (not equipment and node.model):
        return []
    version = next_version(namespace.registry, name)
    ref = f"{name}@{version}"
    if ref_fault(ref):
        return []
    model = NewVersion(
        "",
        ref,
        (Edit("/model", name), Edit("/version", version), Edit("/attributes", {attribute: keys})),
    )
    where = "/".join([node.path, *equipment]) if node.path else "/".join(equipment)
    sentence = f"'{where}' is declared, of a new model {ref} with the attribute '{attribute}' of type {keys['type']}."
    return _entries(namespace, node, equipment, ref, sentence, model)


def _entries(
    namespace: Namespace, node: Node, names: Sequence[str], ref: str, sentence: str, model: NewVersion | None = None
) -> list[Proposal]:
    """The equipment below a node, the last of the model; nothing where a name breaks the rule of its level."""
    entries, path = [], node.path
    for index, name in enumerate(names, 1):
        level = namespace.levels.name_of(node.depth + index)
        if not namespace.naming.permits(level, name):
            return []
        path = f"{path}/{name}" if path else name
        entries.append(TreeEntry(path, {"model": ref} if index == len(names) else {}, is_new=True))
    if not names:
        entries.append(TreeEntry(node.path, {"model": ref}, is_new=False))
    return [Proposal(Kind.ACCEPT, sentence, () if model is None else (model,), tuple(entries))]

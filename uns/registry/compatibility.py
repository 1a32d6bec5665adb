"""What changes between two versions of a model for data that was valid and for consumers that know the old one?

Lenient, the default: an attribute or member more surprises nobody, because a subscriber ignores topics and members that
it does not know. Strict: it does. When the answer says that old data stays valid, every payload that the old check
takes is taken by the new one; strict mode holds that for documents too, see `schema_changes`.
"""

import difflib
from collections.abc import Iterator, Mapping

from uns.registry.attribute import Attribute
from uns.registry.attribute_changes import attribute_changes
from uns.registry.change import Change

_ALIKE = 0.55


def compare(old: Mapping[str, Attribute], new: Mapping[str, Attribute], *, strict: bool = False) -> list[Change]:
    """Every change between the expanded attributes of two versions, in the order of the new one, removals last."""
    renamed = _renamed(old, new)
    found: list[Change] = []
    for path, attribute in new.items():
        if path in old:
            found += attribute_changes(old[path], attribute, strict=strict)
        else:
            found.append(_added(attribute, strict))
    found += [_removed(old[path], renamed.get(path, "")) for path in old if path not in new]
    return found


def _added(attribute: Attribute, strict: bool) -> Change:
    kind = "optional" if attribute.optional else "required"
    return Change(
        path=attribute.path,
        what=f"is new, {kind}, {_described(attribute)}.",
        old_data="" if attribute.optional else "Assets that publish the old version lack it: they are incomplete.",
        old_consumers="A consumer that takes known topics only meets one more." if strict else "",
    )


def _removed(attribute: Attribute, renamed_to: str) -> Change:
    renamed = f" It looks renamed to '{renamed_to}'." if renamed_to else ""
    waits = "Consumers wait for it in vain." if not attribute.optional else ""
    return Change(
        path=attribute.path,
        what=f"is gone (was {_described(attribute)}).{renamed}",
        old_data="Whoever still publishes it is refused: its topic is not declared any more.",
        old_consumers=waits,
    )


def _described(attribute: Attribute) -> str:
    return f"{attribute.type} in {attribute.unit}" if attribute.unit else attribute.type.value


def _renamed(old: Mapping[str, Attribute], new: Mapping[str, Attribute]) -> dict[str, str]:
    """A guess: gone and new paths of one type and unit whose names are alike; each new one is named once."""
    gone = [attribute for path, attribute in old.items() if path not in new]
    come = [attribute for path, attribute in new.items() if path not in old]
    if len(gone) * len(come) > 10_000:
        return {}  # not a rename but another model; the search would cost seconds
    likely = sorted(_likenesses(gone, come), reverse=True)
    found: dict[str, str] = {}
    for _, before, after in likely:
        if before not in found and after not in found.values():
            found[before] = after
    return found


def _likenesses(gone: list[Attribute], come: list[Attribute]) -> Iterator[tuple[float, str, str]]:
    for before in gone:
        for after in come:
            if (before.type, before.unit) == (after.type, after.unit):
                likeness = difflib.SequenceMatcher(None, before.path.casefold(), after.path.casefold()).ratio()
                if likeness >= _ALIKE:
                    yield likeness, before.path, after.path

"""How are assets written as entries of the tree, equal siblings with a number in their name as one?"""

import re
from collections.abc import Mapping, Sequence

from uns.policy.learn.learned import Entry

_NUMBERED = re.compile(r"^(.*?)([0-9]{1,9})([^0-9]*)$")


def find_entries(refs: Mapping[str, str], evidence: Mapping[str, str], declared: Sequence[str]) -> tuple[Entry, ...]:
    """Entries for assets by path. declared: paths that have an entry already, which must keep its name."""
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for path in refs:
        level = tree
        for name in path.split("/"):
            level = level.setdefault(name, {})
    known = set(declared)

    def entries(level: dict[str, dict], path: str) -> tuple[Entry, ...]:  # type: ignore[type-arg]
        made = []
        for name, below in level.items():
            own = f"{path}/{name}" if path else name
            made.append(Entry(name, refs.get(own, ""), evidence.get(own, ""), entries(below, own)))
        keep = {entry.key for entry in made if (f"{path}/{entry.key}" if path else entry.key) in known}
        return _grouped(made, keep)

    return entries(tree, "")


def _grouped(entries: Sequence[Entry], keep: set[str]) -> tuple[Entry, ...]:
    """Entries that differ by a number only, as one; its evidence is that of the first with how many there are."""
    groups: dict[object, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_likeness(entry, keep), []).append(entry)
    found = []
    for group in groups.values():
        if len(group) == 1:
            found += group
            continue
        group.sort(key=lambda entry: int(_parts(entry.key)[1]))
        first = group[0]
        told = f"{len(group)} of one kind: {first.key} … {group[-1].key}"
        evidence = f"{told}; {first.evidence}" if first.evidence else told
        found.append(Entry(_wildcard([entry.key for entry in group]), first.model, evidence, first.members))
    return tuple(sorted(found, key=lambda entry: entry.key))


def _likeness(entry: Entry, keep: set[str]) -> object:
    numbered = _NUMBERED.match(entry.key)
    if numbered is None or entry.key in keep or any(char in ",{}" for char in entry.key):
        return entry.key
    before, digits, after = numbered.groups()
    width = len(digits) if digits[0] == "0" and len(digits) > 1 else 0
    return before, after, width, _content(entry)


def _content(entry: Entry) -> object:
    return entry.model, tuple((member.key, _content(member)) for member in entry.members)


def _parts(key: str) -> tuple[str, str, str]:
    found = _NUMBERED.match(key)
    assert found is not None
    return found[1], found[2], found[3]


def _wildcard(names: Sequence[str]) -> str:
    """`line{1..12}` for numbers without a gap, `line{1,2,5}` otherwise."""
    before, first, after = _parts(names[0])
    digits = [_parts(name)[1] for name in names]
    numbers = [int(each) for each in digits]
    dense = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1))
    inside = f"{first}..{digits[-1]}" if dense else ",".join(digits)
    return f"{before}{{{inside}}}{after}"

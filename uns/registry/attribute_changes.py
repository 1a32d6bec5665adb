"""What changed in the contract of one attribute, key by key, and whom does each change hurt?

A constraint that got narrower refuses old data; one that got wider lets new data through that old consumers do not
expect. Each rule answers for one key; what cannot be decided, such as one pattern against another, counts as both.
"""

import math
from collections.abc import Callable, Iterator

from uns.registry.attribute import Attribute, AttributeType
from uns.registry.change import Change
from uns.registry.schema_changes import schema_changes

_REFUSED = "Old values outside it are refused."
_SURPRISED = "Consumers may meet values that the old version excluded."
_WIDER = {
    (AttributeType.INTEGER, AttributeType.NUMBER): "a fraction",
    (AttributeType.DATETIME, AttributeType.STRING): "a text that is no time",
}
"""(from, to): every payload of the first is one of the second; what consumers of the first may now meet."""
_NUMERIC = (AttributeType.NUMBER, AttributeType.INTEGER)
_DOCUMENTS = (AttributeType.OBJECT, AttributeType.ARRAY)


def attribute_changes(old: Attribute, new: Attribute, *, strict: bool) -> Iterator[Change]:
    """Every change between two versions of one attribute; none when they are equal."""
    if old.schema is not None and new.schema is not None:  # even when equal to Python, to which 1 is True
        yield from schema_changes(old.path, old.schema, new.schema, strict=strict)
    for rule in _RULES:
        change = rule(old, new)
        if change is not None:
            yield change


def _type(old: Attribute, new: Attribute) -> Change | None:
    if old.type is new.type or (old.type in _DOCUMENTS and new.type in _DOCUMENTS):
        return None  # of documents, the schemas tell
    what = f"the type is {new.type}, was {old.type}."
    refused, surprised = f"Every old {old.type} is refused.", f"A consumer cannot read {new.type} as {old.type}."
    if (old.type, new.type) in _WIDER:
        surprised = f"Consumers may meet {_WIDER[old.type, new.type]}."
        return Change(path=new.path, what=what, old_consumers=surprised)
    if (new.type, old.type) in _WIDER:
        refused = f"An old value that is {_WIDER[new.type, old.type]} is refused."
        return Change(path=new.path, what=what, old_data=refused)
    return Change(path=new.path, what=what, old_data=refused, old_consumers=surprised)


def _unit(old: Attribute, new: Attribute) -> Change | None:
    if old.unit == new.unit:
        return None
    if not old.unit:
        what = f"the unit is now stated: {new.unit}. Make sure that the values always were in it."
        return Change(path=new.path, what=what)
    what = f"the unit is {new.unit or 'not stated'}, was {old.unit}."
    refused = f"No check can tell a value in {old.unit} from one in {new.unit}: old data is misread, not refused."
    surprised = f"Consumers go on reading values as {old.unit}."
    return Change(path=new.path, what=what, old_data=refused if new.unit else "", old_consumers=surprised)


def _range(old: Attribute, new: Attribute) -> Change | None:
    if old.type not in _NUMERIC or new.type not in _NUMERIC:
        return None
    (old_low, old_high), (new_low, new_high) = _bounds(old), _bounds(new)
    if (old_low, old_high) == (new_low, new_high):
        return None
    if old.type is not new.type and (old.min, old.max) == (new.min, new.max) and new.type is AttributeType.NUMBER:
        return None  # an integer without limits is an Int64, a number is not: the type tells it already
    narrower, wider = new_low > old_low or new_high < old_high, new_low < old_low or new_high > old_high
    what = f"the range is {_range_text(new)}, was {_range_text(old)}."
    return Change(
        path=new.path,
        what=what,
        old_data=_REFUSED if narrower else "",
        old_consumers=_SURPRISED if wider else "",
    )


def _bounds(attribute: Attribute) -> tuple[int | float, int | float]:
    low, high = attribute.limits
    return -math.inf if low is None else low, math.inf if high is None else high


def _range_text(attribute: Attribute) -> str:
    low, high = attribute.min, attribute.max
    if low is None and high is None:
        return "not limited"
    if low is None or high is None:
        return f"at most {high}" if low is None else f"at least {low}"
    return f"{low} to {high}"


def _enum(old: Attribute, new: Attribute) -> Change | None:
    if set(old.enum) == set(new.enum):
        return None
    gone = [value for value in old.enum if value not in new.enum]
    come = [value for value in new.enum if value not in old.enum]
    words = ", ".join(map(str, new.enum)) or "not listed any more"
    what = f"the permitted values are {words}; was {', '.join(map(str, old.enum)) or 'not listed'}."
    narrower = bool(new.enum) and (not old.enum or bool(gone))
    wider = bool(old.enum) and (not new.enum or bool(come))
    refused = f"Old values are refused: {', '.join(map(str, gone))}." if gone else "Old values not listed are refused."
    surprised = f"Consumers may meet new values: {', '.join(map(str, come))}." if come and new.enum else _SURPRISED
    return Change(
        path=new.path, what=what, old_data=refused if narrower else "", old_consumers=surprised if wider else ""
    )


def _pattern(old: Attribute, new: Attribute) -> Change | None:
    if old.pattern == new.pattern:
        return None
    undecided = " (whether one pattern covers the other cannot be decided)" if old.pattern and new.pattern else ""
    return Change(
        path=new.path,
        what=f"the pattern is {new.pattern or 'gone'}, was {old.pattern or 'none'}{undecided}.",
        old_data="Old texts that do not match it are refused." if new.pattern else "",
        old_consumers=_SURPRISED if old.pattern else "",
    )


def _max_length(old: Attribute, new: Attribute) -> Change | None:
    before = math.inf if old.max_length is None else old.max_length
    after = math.inf if new.max_length is None else new.max_length
    if before == after:
        return None
    shown = ["not limited" if length == math.inf else str(length) for length in (after, before)]
    return Change(
        path=new.path,
        what=f"the longest length is {shown[0]}, was {shown[1]}.",
        old_data="Longer old payloads are refused." if after < before else "",
        old_consumers="Consumers may meet longer ones." if after > before else "",
    )


def _optional(old: Attribute, new: Attribute) -> Change | None:
    if old.optional == new.optional:
        return None
    if new.optional:
        return Change(path=new.path, what="is optional, was required.", old_consumers="Consumers may wait in vain.")
    return Change(path=new.path, what="is required, was optional.", old_data="Assets that lack it are incomplete now.")


def _bare(old: Attribute, new: Attribute) -> Change | None:
    if old.bare == new.bare:
        return None
    if new.bare:
        surprised = "Consumers may meet a value without quality and timestamp."
        return Change(path=new.path, what="a bare value is taken now.", old_consumers=surprised)
    return Change(path=new.path, what="a bare value is not taken any more.", old_data="Bare old payloads are refused.")


def _writable(old: Attribute, new: Attribute) -> Change | None:
    if old.writable == new.writable:
        return None
    if new.writable:
        return Change(path=new.path, what="can be commanded now.")
    return Change(path=new.path, what="cannot be commanded any more.", old_consumers="Commands of clients are refused.")


def _semantic_id(old: Attribute, new: Attribute) -> Change | None:
    if old.semantic_id == new.semantic_id:
        return None
    what = f"the semantic id is {new.semantic_id or 'gone'}, was {old.semantic_id or 'none'}."
    if not (old.semantic_id and new.semantic_id):
        return Change(path=new.path, what=what)
    meaning = "The same topic means something else."
    return Change(path=new.path, what=what, old_data=meaning, old_consumers=meaning)


def _timing(old: Attribute, new: Attribute) -> Change | None:
    """Neither refuses anything: max_age decides when a value counts as Uncertain, deadband what a source reports."""
    told = [
        f"{name} is {'none' if after is None else after}, was {'none' if before is None else before}"
        for name, before, after in (
            ("max_age (ms)", old.max_age_ms, new.max_age_ms),
            ("deadband", old.deadband, new.deadband),
        )
        if before != after
    ]
    return Change(path=new.path, what=f"{' and '.join(told)}.") if told else None


def _binary(old: Attribute, new: Attribute) -> Change | None:
    if old.binary is None or new.binary is None or old.binary == new.binary:
        return None
    before, after = set(old.binary.content_types), set(new.binary.content_types)
    gone, come = sorted(before - after), sorted(after - before)
    described = (old.binary.message, old.binary.descriptor) != (new.binary.message, new.binary.descriptor)
    what = f"the content types are {', '.join(sorted(after))}, was {', '.join(sorted(before))}"
    what += "; the Protobuf message differs, which is not compared." if described else "."
    refused = f"Payloads said to be {', '.join(gone)} are refused." if gone else ""
    surprised = f"Consumers may meet {', '.join(come)}." if come else ""
    if described:
        refused = refused or ("Old messages may not parse." if new.binary.message else "")
        surprised = surprised or ("Consumers may not be able to parse new ones." if old.binary.message else "")
    return Change(path=new.path, what=what, old_data=refused, old_consumers=surprised)


_RULES: tuple[Callable[[Attribute, Attribute], Change | None], ...] = (
    _type, _unit, _range, _enum, _pattern, _max_length, _optional, _bare, _writable, _semantic_id, _timing, _binary,
)  # fmt: skip

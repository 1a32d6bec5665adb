"""Which values should a branch have, and which does it have? Its models held against what the broker has heard.

    declared attributes ──┐
    live topics ──────────┼─▶ counts per asset and folder ─▶ rows per branch or asset, lists of the path
    groups of the inbox ──┘

Looked at in slices, so that nobody waits: a plant of a hundred thousand values takes about a second.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from uns.api.values import has_value, heard_ms, is_late
from uns.broker import Broker, Current
from uns.clock import Clock
from uns.policy.inbox import Group
from uns.policy.namespace import Namespace
from uns.policy.node import Node
from uns.registry import Attribute
from uns.registry.units import same_unit
from uns.samples import format_timestamp
from uns.sparkplug.topic import is_sparkplug

SLICE = 500
"""Topics looked at before the event loop gets its turn: a few milliseconds."""
LISTED = 1000
"""Entries of one list; the counts go on."""

Entry = TypeVar("Entry")
MayRead = Callable[[str], bool]
ToldUnit = Callable[[str], str]


class CoverageCounts(msgspec.Struct):
    """Of one place or of many. Assets that a pattern admits count once a value of theirs was heard.

    expected: attributes that an asset has to have, seen: those of them with a value, the rest is missing. optional: the
    attributes that it may lack, optional_seen: those with a value. late: values older than their max_age. wrong_unit:
    the edge node tells another unit than the model; unit_unknown: values with a unit that nobody tells. extra: live
    topics that nothing declares. refused: messages on undeclared topics that were not let in. withheld: attributes
    that you may not read, left out of all the others.
    """

    assets: int = 0
    expected: int = 0
    seen: int = 0
    missing: int = 0
    optional: int = 0
    optional_seen: int = 0
    late: int = 0
    wrong_unit: int = 0
    unit_unknown: int = 0
    extra: int = 0
    refused: int = 0
    withheld: int = 0

    def add(self, other: "CoverageCounts") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def is_empty(self) -> bool:
        return not (self.assets or self.extra or self.refused)


class Missing(msgspec.Struct, frozen=True):
    """A declared value that was not heard since the server started, and is not retained."""

    topic: str
    optional: bool


class Late(msgspec.Struct, frozen=True):
    """heard: when its source was last heard."""

    topic: str
    heard: str
    max_age_ms: int


class WrongUnit(msgspec.Struct, frozen=True):
    """unit: of the model; told: by the edge node."""

    topic: str
    unit: str
    told: str


class Extra(msgspec.Struct, frozen=True):
    """A live topic that nothing declares. client_id: who published there last."""

    topic: str
    client_id: str
    heard: str


class Attempt(msgspec.Struct, frozen=True):
    """A group of the inbox: messages on undeclared topics that were not let in. topic: of the latest."""

    group: int
    finding_id: str
    topic: str
    client_id: str
    count: int
    last: str


class CoverageLists(msgspec.Struct):
    """What is not as it should be at one asset or folder itself, at most a thousand of each."""

    missing: list[Missing] = []
    late: list[Late] = []
    wrong_unit: list[WrongUnit] = []
    extra: list[Extra] = []
    refused: list[Attempt] = []


class CoverageRow(msgspec.Struct, frozen=True):
    """One branch with all below it, or one asset by itself."""

    path: str
    model: str | None
    counts: CoverageCounts


class Covered(msgspec.Struct):
    """total: of the path with all below it. own: of the path itself."""

    total: CoverageCounts
    rows: list[CoverageRow]
    own: CoverageCounts
    lists: CoverageLists


class Coverage:
    """Looks at one branch per call; nothing is kept."""

    def __init__(self, namespace: Namespace, broker: Broker, clock: Clock, told_unit: ToldUnit) -> None:
        self._namespace = namespace
        self._broker = broker
        self._clock = clock
        self._told_unit = told_unit

    async def of(self, base: Node, may_read: MayRead, groups: Iterable[Group], *, by_asset: bool) -> Covered:
        """base: declared equipment, or the root. Rows: what is right below it, or by_asset every asset below it."""
        look = _Look(self._namespace, base, may_read, self._clock.wall_ms(), self._told_unit)
        await _in_slices(self._steps(look, base))
        for group in groups:
            look.refused(group)
        covered = look.covered()
        await _in_slices(look.fold(covered, by_asset))
        return covered

    def _steps(self, look: "_Look", base: Node) -> Iterator[None]:
        current = self._broker.current
        for node in self._namespace.below(base):
            yield from look.asset(node, current)
        topics = self._broker.topics.search(f"{base.path}/#" if base.path else "#", pause_every=SLICE)
        for found in topics:
            if found is not None and has_value(found[1]):
                for node in look.live(*found):
                    yield from look.asset(node, current)
            yield


async def _in_slices(steps: Iterator[None]) -> None:
    for count, _ in enumerate(steps, start=1):
        if count % SLICE == 0:
            await asyncio.sleep(0)


class _Look:
    """One pass over a branch: a `CoverageCounts` for each asset and folder with something to tell."""

    def __init__(self, namespace: Namespace, base: Node, may_read: MayRead, now_ms: int, told_unit: ToldUnit) -> None:
        self._namespace = namespace
        self._base = base
        self._may_read = may_read
        self._now_ms = now_ms
        self._told_unit = told_unit
        self._places: dict[str, CoverageCounts] = {}
        self._models: dict[str, str] = {}
        self._admitted: set[str] = set()
        self._lists = CoverageLists()

    def asset(self, node: Node, current: Callable[[str], Current | None]) -> Iterator[None]:
        """Hold the model of equipment, if it has one, against its topics; a step for each."""
        if not node.model or node.path in self._models:
            return
        self._models[node.path] = node.model
        counts = CoverageCounts(assets=1)
        for path, attribute in self._namespace.attributes(node).items():
            topic = f"{node.path}/{path}" if path else node.path
            if self._may_read(topic):
                self._attribute(node, counts, topic, attribute, current(topic))
            else:
                counts.withheld += 1
            yield
        counts.missing = counts.expected - counts.seen
        if counts.withheld and not (counts.expected or counts.optional):
            counts.assets = 0
        self._counts(node).add(counts)

    def live(self, topic: str, current: Current) -> Iterator[Node]:
        """Look at a topic with a value. Yields what a pattern has admitted, and what is declared below that."""
        if is_sparkplug(topic) or not self._may_read(topic):
            return
        namespace = self._namespace
        node, rest = namespace.locate(topic)
        for above in node.upwards():
            if above.template is not None and above.template.pattern is not None and above.path not in self._admitted:
                self._admitted.add(above.path)
                yield from namespace.below(above)
        if namespace.attribute(node, rest) is not None:
            return
        if node.model or not namespace.open_filter(topic):  # beside assets an open branch may hold anything
            self._counts(node).extra += 1
            publisher = current.publisher.client_id if current.publisher else ""
            self._list(node, self._lists.extra, lambda: Extra(topic, publisher, format_timestamp(current.received_ms)))

    def refused(self, group: Group) -> None:
        """Count messages that were not let in, where the deepest equipment of their topic is now."""
        count = group.quarantined + group.rejected
        node, _ = self._namespace.locate(group.topic)
        if not count or not self._is_below(node) or not self._may_read(group.topic):
            return
        self._counts(node).refused += count
        last = format_timestamp(group.last_ms)
        attempt = Attempt(group.id, group.finding_id, group.topic, group.client_id, count, last)
        self._list(node, self._lists.refused, lambda: attempt)

    def covered(self) -> Covered:
        own = self._places.get(self._base.path, CoverageCounts())
        return Covered(CoverageCounts(), [], own, self._lists)

    def fold(self, covered: Covered, by_asset: bool) -> Iterator[None]:
        """Add the places up into the total and the rows; a step for each."""
        rows: dict[str, CoverageCounts] = {}
        for path, counts in self._places.items():
            covered.total.add(counts)
            name = self._row_of(path, by_asset)
            if name:
                rows.setdefault(name, CoverageCounts()).add(counts)
            yield
        covered.rows = [
            CoverageRow(path, self._models.get(path), counts) for path, counts in rows.items() if not counts.is_empty
        ]

    def _attribute(
        self, node: Node, counts: CoverageCounts, topic: str, attribute: Attribute, current: Current | None
    ) -> None:
        lists, max_age_ms = self._lists, attribute.max_age_ms
        if current is None or not has_value(current):
            counts.optional += attribute.optional
            counts.expected += not attribute.optional
            self._list(node, lists.missing, lambda: Missing(topic, attribute.optional))
            return
        if attribute.optional:
            counts.optional += 1
            counts.optional_seen += 1
        else:
            counts.expected += 1
            counts.seen += 1
        if max_age_ms is not None and is_late(current, max_age_ms, self._now_ms):
            counts.late += 1
            heard = format_timestamp(heard_ms(current, max_age_ms))
            self._list(node, lists.late, lambda: Late(topic, heard, max_age_ms))
        if attribute.unit:
            told = self._told_unit(topic)
            if not told:
                counts.unit_unknown += 1
            elif not same_unit(attribute.unit, told):
                counts.wrong_unit += 1
                self._list(node, lists.wrong_unit, lambda: WrongUnit(topic, attribute.unit, told))

    def _counts(self, node: Node) -> CoverageCounts:
        found = self._places.get(node.path)
        if found is None:
            found = self._places[node.path] = CoverageCounts()
        return found

    def _list(self, node: Node, entries: list[Entry], make: Callable[[], Entry]) -> None:
        if node.path == self._base.path and len(entries) < LISTED:
            entries.append(make())

    def _is_below(self, node: Node) -> bool:
        base = self._base.path
        return not base or node.path == base or node.path.startswith(f"{base}/")

    def _row_of(self, path: str, by_asset: bool) -> str:
        """The row that a place is counted in; "" for the path itself."""
        if path == self._base.path:
            return ""
        if by_asset:
            return path
        return "/".join(path.split("/")[: self._base.depth + 2])

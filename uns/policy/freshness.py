"""Which declared values have not been heard for longer than their model lets them?

A value is looked at when it could be late at the earliest, never per message: one that was heard meanwhile is put back
to the time when it could be late next.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import islice

from uns.policy.access import INTERNAL
from uns.policy.admitted import NamesBelow, admitted, patterned
from uns.policy.namespace import Namespace
from uns.policy.node import Node

CLIENT_ID = "freshness"
"""Who publishes that a value is late."""
LATE_PROPERTY = "uns-late"
"""User property of the Uncertain value: since when nothing was heard."""
LOOKED_AT = 5000
"""Values, and names of what a plant declares, per call of `late`: some milliseconds."""

FOUND_AT_ONCE = 1000
"""Names and values per call of `find`: some milliseconds."""
LOOK_EVERY_MS = 1000
WATCHED = 100_000
"""Values of equipment that only patterns admit."""

HeardMs = Callable[[str], int | None]
"""When a topic was last heard, in UTC ms; None when it has no value that can be late."""


def is_own_word(client_id: str, role: str) -> bool:
    """Is it the watch that published a value, and no client that only has its name? A role is not known any more ("")
    of what outlived a restart."""
    return client_id == CLIENT_ID and role in (INTERNAL, "")


class Freshness:
    """Of the topics that are declared and have a `max_age`. Times are UTC milliseconds.

    Those of equipment that only a pattern admits are taken up by `find` once they have a value, and dropped when they
    have none any more. unwatched: how many did not fit, in the last look at all of them.
    """

    def __init__(self, namespace: Namespace, now_ms: int) -> None:
        self.unwatched = 0
        self._max_age_ms: dict[str, int] = {}
        self._due: list[tuple[int, str]] = []
        self.follow(namespace, now_ms)

    def follow(self, namespace: Namespace, now_ms: int) -> None:
        """Another plant has taken over. What it declares is taken up in portions, by the calls that follow."""
        self._namespace = namespace
        self._since_ms = now_ms
        self._max_age_ms = {}
        self._due = []
        self._declared: Iterator[tuple[str, int] | None] | None = self._declares()
        self._patterned = patterned(namespace)
        self._found: set[str] = set()
        self._aged: dict[str, list[tuple[str, int]]] = {}
        self._look: Iterator[tuple[str, int] | None] | None = None
        self._look_again_ms = now_ms
        self._left_out = 0

    def _declares(self) -> Iterator[tuple[str, int] | None]:
        """(topic, max age) of equipment that is declared by name; None for what has none."""
        for node in self._namespace.nodes():
            yield None
            for path, max_age_ms in self._aged_of(node) if node.model else ():
                yield f"{node.path}/{path}" if path else node.path, max_age_ms

    def _take_declared(self) -> None:
        if self._declared is None:
            return
        portion = list(islice(self._declared, LOOKED_AT))
        for found in portion:
            if found is not None:
                topic, max_age_ms = found
                self._max_age_ms[topic] = max_age_ms
                heappush(self._due, (self._since_ms + max_age_ms, topic))
        if len(portion) < LOOKED_AT:
            self._declared = None

    def find(self, now_ms: int, names_below: NamesBelow, heard_ms: HeardMs) -> None:
        """Take up what patterns have admitted meanwhile: `FOUND_AT_ONCE` values and names are looked at, the others by
        the next calls; all of them not more often than each `LOOK_EVERY_MS`."""
        if self._look is None:
            if not self._patterned or now_ms < self._look_again_ms:
                return
            self._look_again_ms = now_ms + LOOK_EVERY_MS
            self._look = self._values(names_below)
            self._left_out = 0
        portion = list(islice(self._look, FOUND_AT_ONCE))
        for found in portion:
            if found is not None:
                self._take_up(*found, heard_ms)
        if len(portion) < FOUND_AT_ONCE:
            self._look, self.unwatched = None, self._left_out

    def _values(self, names_below: NamesBelow) -> Iterator[tuple[str, int] | None]:
        """(topic, max age) of equipment that patterns admit; None for what has none."""
        for node in admitted(self._namespace, self._patterned, names_below):
            yield None
            if node is not None and node.model:
                for path, max_age_ms in self._aged_of(node):
                    yield f"{node.path}/{path}" if path else node.path, max_age_ms

    def _aged_of(self, node: Node) -> list[tuple[str, int]]:
        known = self._aged.get(node.model)
        if known is None:
            known = self._aged[node.model] = [
                (path, attribute.max_age_ms)
                for path, attribute in self._namespace.attributes(node).items()
                if attribute.max_age_ms is not None
            ]
        return known

    def _take_up(self, topic: str, max_age_ms: int, heard_ms: HeardMs) -> None:
        if topic in self._max_age_ms:
            return
        heard = heard_ms(topic)
        if heard is None:
            return
        if len(self._found) >= WATCHED:
            self._left_out += 1
            return
        self._found.add(topic)
        self._max_age_ms[topic] = max_age_ms
        heappush(self._due, (heard + max_age_ms, topic))

    def late(self, now_ms: int, heard_ms: HeardMs) -> Iterator[tuple[str, int]]:
        """(topic, when it became late) of the values that are late since the last call, the earliest first; at most
        `LOOKED_AT` are looked at, the rest by the next call."""
        self._take_declared()
        due = self._due
        for _ in range(LOOKED_AT):
            if not due or due[0][0] > now_ms:
                return
            _, topic = heappop(due)
            max_age_ms = self._max_age_ms[topic]
            heard = heard_ms(topic)
            if heard is not None and heard + max_age_ms > now_ms:
                heappush(due, (heard + max_age_ms, topic))
                continue
            if heard is None and topic in self._found:
                self._found.discard(topic)  # `find` takes it up again when it has a value
                del self._max_age_ms[topic]
                continue
            heappush(due, (now_ms + max_age_ms, topic))
            if heard is not None:
                yield topic, heard + max_age_ms

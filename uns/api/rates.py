"""How many messages a second did a topic take lately? From its counter, between two looks: nothing per message."""

from collections import OrderedDict

import msgspec

KEPT = 1000
SHORTEST_MS = 500
"""Looks that are closer together say nothing."""
RENEWED_MS = 10_000
FORGOTTEN_MS = 60_000
"""A look that is older says nothing of lately."""


class Rate(msgspec.Struct, frozen=True):
    """Messages a second, over so long."""

    per_s: float
    over_ms: int


class Rates:
    """Remembers the earlier look at each of the topics looked at last. now_ms: monotonic."""

    def __init__(self) -> None:
        self._looks: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def look(self, topic: str, updates: int, now_ms: int) -> Rate | None:
        """None when there was no look before, half a second to a minute ago: ask again."""
        known = self._looks.get(topic)
        if known is None or updates < known[0] or now_ms - known[1] > FORGOTTEN_MS:
            self._keep(topic, updates, now_ms)
            return None
        over_ms = now_ms - known[1]
        if over_ms < SHORTEST_MS:
            return None
        if over_ms >= RENEWED_MS:
            self._keep(topic, updates, now_ms)
        return Rate(round((updates - known[0]) * 1000 / over_ms, 3), over_ms)

    def _keep(self, topic: str, updates: int, now_ms: int) -> None:
        self._looks[topic] = (updates, now_ms)
        self._looks.move_to_end(topic)
        if len(self._looks) > KEPT:
            self._looks.popitem(last=False)

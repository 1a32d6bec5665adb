"""Which declared values have not been heard for longer than their model lets them?

A value is looked at when it could be late at the earliest, never per message: one that was heard meanwhile is put back
to the time when it could be late next.
"""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush

from uns.policy.namespace import Namespace

CLIENT_ID = "freshness"
"""Who publishes that a value is late."""
LATE_PROPERTY = "uns-late"
"""User property of the Uncertain value: since when nothing was heard."""
LOOKED_AT = 5000
"""Values per call of `late`: some milliseconds."""

HeardMs = Callable[[str], int | None]
"""When a topic was last heard, in UTC ms; None when it has no value that can be late."""


class Freshness:
    """Of the topics that are declared by name and have a `max_age`. Times are UTC milliseconds."""

    def __init__(self, namespace: Namespace, now_ms: int) -> None:
        self._max_age_ms: dict[str, int] = {}
        self._due: list[tuple[int, str]] = []
        self.follow(namespace, now_ms)

    def follow(self, namespace: Namespace, now_ms: int) -> None:
        """Another plant has taken over."""
        self._max_age_ms = {
            topic: attribute.max_age_ms
            for topic, _, attribute in namespace.attribute_topics()
            if attribute.max_age_ms is not None
        }
        self._due = [(now_ms + max_age_ms, topic) for topic, max_age_ms in self._max_age_ms.items()]
        heapify(self._due)

    def late(self, now_ms: int, heard_ms: HeardMs) -> Iterator[tuple[str, int]]:
        """(topic, when it became late) of the values that are late since the last call, the earliest first; at most
        `LOOKED_AT` are looked at, the rest by the next call."""
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
            heappush(due, (now_ms + max_age_ms, topic))
            if heard is not None:
                yield topic, heard + max_age_ms

"""When are nodes asked for their births? Each has a throttle of its own; this one is over all of them, so that a host
that lost a thousand nodes at once does not call a thousand births down on the broker in one moment."""

from collections.abc import Callable

RATE_PER_S = 50
BURST = 50

NodeKey = tuple[str, str]
"""(group id, edge node id)"""


class Asking:
    """Lets `RATE_PER_S` requests per second through; the others wait in line, each node once. now_ms: monotonic."""

    def __init__(self, ask: Callable[[NodeKey], None]) -> None:
        self._ask = ask
        self._waiting: dict[NodeKey, None] = {}
        self._left: float = BURST
        self._refilled_ms = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def want(self, key: NodeKey, now_ms: int) -> None:
        self._waiting[key] = None
        self.tick(now_ms)

    def settle(self, key: NodeKey) -> None:
        """The node was born meanwhile."""
        self._waiting.pop(key, None)

    def tick(self, now_ms: int) -> None:
        """Ask those whose turn it is."""
        self._left = min(BURST, self._left + (now_ms - self._refilled_ms) * RATE_PER_S / 1000)
        self._refilled_ms = now_ms
        while self._waiting and self._left >= 1:
            key = next(iter(self._waiting))
            del self._waiting[key]
            self._left -= 1
            self._ask(key)

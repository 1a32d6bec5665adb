"""In which order did the node send these messages? Puts them back by seq, and gives up on a missing one in time.

Sparkplug B 3.0, section 5.20: tck-id-operational-behavior-host-reordering-start, -success, -rebirth.
"""

from typing import Generic, TypeVar

T = TypeVar("T")

LIMIT = 100
"""Messages held for one missing. Must stay below 128: seq counts modulo 256, half of it is ahead and half behind."""


class ReorderBuffer(Generic[T]):
    """The messages of one node that came before their turn.

    timeout_ms: how long a missing message is waited for; 0 gives up at once.
    """

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._expected = 0
        self._held: dict[int, T] = {}
        self._deadline_ms: int | None = None
        self.late = 0  # messages whose turn was over, or that came twice

    def restart(self, seq: int, keep: dict[int, T], now_ms: int) -> list[T]:
        """A node birth carried `seq`: go on after it, with the held messages that belong to the new session."""
        self._expected = (seq + 1) % 256
        self._held = keep
        self._deadline_ms = None
        return self._take_ready(now_ms)

    def offer(self, seq: int, message: T, now_ms: int) -> tuple[list[T], bool]:
        """(messages whose turn it is, in order; whether the sequence is broken: one was given up or came too late)."""
        seq %= 256  # some nodes count on
        ahead = (seq - self._expected) % 256
        if ahead >= 128 or seq in self._held:
            self.late += 1
            return [], True
        self._held[seq] = message
        ready = self._take_ready(now_ms)
        if len(self._held) > LIMIT or (self._held and self._timeout_ms == 0):
            return ready + self.give_up(), True
        return ready, False

    def expired(self, now_ms: int) -> bool:
        """Has the missing message been waited for long enough?"""
        return self._deadline_ms is not None and now_ms >= self._deadline_ms

    def give_up(self) -> list[T]:
        """Everything held, in order, without the missing messages; the sequence goes on after the last."""
        order = sorted(self._held, key=lambda seq: (seq - self._expected) % 256)
        messages = [self._held[seq] for seq in order]
        if order:
            self._expected = (order[-1] + 1) % 256
        self._held = {}
        self._deadline_ms = None
        return messages

    def held(self) -> dict[int, T]:
        """What is waiting, by seq."""
        return self._held

    def _take_ready(self, now_ms: int) -> list[T]:
        ready: list[T] = []
        while self._expected in self._held:
            ready.append(self._held.pop(self._expected))
            self._expected = (self._expected + 1) % 256
        if not self._held:
            self._deadline_ms = None
        elif self._deadline_ms is None or ready:
            self._deadline_ms = now_ms + self._timeout_ms
        return ready

"""How much do the messages take that wait for sessions or are on their way to them?

A message for three hundred sessions lies in memory once, and counts once, with what each of them adds.
"""

from uns.broker.outgoing import Outgoing


class Held:
    """bytes: of all of them now. Every message that is taken is released once, with the same message."""

    __slots__ = ("_waiting", "bytes")

    def __init__(self) -> None:
        self.bytes = 0
        self._waiting: dict[int, int] = {}
        """How many sessions wait for a message, by its identity: as long as they do, nothing else can have it."""

    def take(self, outgoing: Outgoing) -> None:
        """A session begins to hold this."""
        key = id(outgoing.message)
        others = self._waiting.get(key, 0)
        self._waiting[key] = others + 1
        self.bytes += outgoing.own_bytes if others else outgoing.bytes

    def release(self, outgoing: Outgoing) -> None:
        """The session holds it no longer. What stands in for a withdrawn message never counted."""
        if outgoing.withdrawn:
            return
        key = id(outgoing.message)
        others = self._waiting[key] - 1
        if others:
            self._waiting[key] = others
            self.bytes -= outgoing.own_bytes
        else:
            del self._waiting[key]
            self.bytes -= outgoing.bytes

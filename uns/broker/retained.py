"""How many retained messages are there, how large are they, and is there room for one more?"""

from uns.broker.limits import Limits
from uns.broker.quota import properties_bytes
from uns.broker.stats import Stats
from uns.errors import Finding, shorten
from uns.link import Message

RETAINED_BYTES = 64
"""What keeping one takes beside its topic, payload and properties."""


class RetainedTotals:
    """Told by the door of each retained message that comes, changes or goes; `Stats` shows the sums."""

    def __init__(self, limits: Limits, stats: Stats) -> None:
        self._limits = limits
        self._stats = stats

    def replaced(self, before: Message | None, after: Message | None) -> None:
        """`after` stands where `before` stood."""
        stats = self._stats
        if before is not None:
            stats.retained -= 1
            stats.retained_bytes -= _size(before)
        if after is not None:
            stats.retained += 1
            stats.retained_bytes += _size(after)

    def finding(self, before: Message | None, topic: str, payload: bytes) -> Finding | None:
        """Why this message cannot be retained in the place of `before`, or None."""
        limits, stats = self._limits, self._stats
        if before is None and stats.retained >= limits.max_retained_messages:
            held, setting = f"{stats.retained} retained messages", "mqtt.max_retained_messages"
        else:
            grows = len(payload) - len(before.payload) if before is not None else len(payload) + len(topic)
            if grows <= 0 or stats.retained_bytes + grows <= limits.max_retained_bytes:
                return None
            held, setting = f"{stats.retained_bytes} bytes of retained messages", "mqtt.max_retained_bytes"
        stats.retained_refused += 1
        return Finding(
            id="quota.retained",
            what=f"the broker already keeps {held}; there is no room for '{shorten(topic)}'.",
            hint=f"Clear retained messages that nobody needs, or raise {setting} in uns.yaml.",
        )


def _size(message: Message) -> int:
    return len(message.payload) + len(message.topic) + properties_bytes(message.properties) + RETAINED_BYTES

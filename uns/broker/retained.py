"""Is there room for one more retained message, or for a larger one?"""

from uns.broker.limits import Limits
from uns.broker.quota import message_bytes, weigh
from uns.broker.stats import Stats
from uns.errors import Finding, shorten
from uns.link import Message, Properties


def retained_finding(
    limits: Limits,
    stats: Stats,
    before: Message | None,
    topic: str,
    payload: bytes,
    properties: Properties | None,
) -> Finding | None:
    """Why this message cannot be retained in the place of `before`, or None."""
    if before is None and stats.retained >= limits.max_retained_messages:
        held, setting = f"{stats.retained} retained messages", "mqtt.max_retained_messages"
    else:
        grows = weigh(topic, payload, properties) - (message_bytes(before) if before is not None else 0)
        if grows <= 0 or stats.retained_bytes + grows <= limits.max_retained_bytes:
            return None
        held, setting = f"{stats.retained_bytes} bytes of retained messages", "mqtt.max_retained_bytes"
    stats.retained_refused += 1
    return Finding(
        id="quota.retained",
        what=f"the broker already keeps {held}; there is no room for '{shorten(topic)}'.",
        hint=f"Clear retained messages that nobody needs, or raise {setting} in uns.yaml.",
    )

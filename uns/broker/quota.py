"""How much does a message take in memory, and does it carry more properties than the broker passes on?"""

from uns.broker.limits import Limits
from uns.errors import Finding
from uns.link import Message, Properties

# What CPython takes for objects that hold next to nothing (3.11 to 3.13, 64 bits), as tracemalloc sees it.
MESSAGE_BYTES = 144
"""A message, its payload's head and the time it came."""
PROPERTIES_BYTES = 208
PAIRS_BYTES = 72
PAIR_BYTES = 64
NUMBER_BYTES = 32


def user_property_finding(properties: Properties | None, limits: Limits) -> Finding | None:
    """Why these properties are too many or too large to be passed on, or None."""
    if properties is None or "user_property" not in properties:
        return None
    pairs = properties["user_property"]
    if len(pairs) > limits.max_user_properties:
        found, setting = f"{len(pairs)} user properties", "max_user_properties"
    else:
        size = sum(len(name) + len(value) for name, value in pairs)
        if size <= limits.max_user_property_bytes:
            return None
        found, setting = f"user properties of {size} characters", "max_user_property_bytes"
    return Finding(
        id="quota.user_properties",
        what=f"the packet carries {found}, more than {getattr(limits, setting)}.",
        hint=f"Move them into the payload, or raise mqtt.{setting} in uns.yaml.",
    )


def message_bytes(message: Message) -> int:
    """Roughly what a message takes in memory."""
    return weigh(message.topic, message.payload, message.properties)


def weigh(topic: str, payload: bytes, properties: Properties | None) -> int:
    """Roughly what a message of these takes in memory."""
    return MESSAGE_BYTES + len(topic) + len(payload) + properties_bytes(properties)


def properties_bytes(properties: Properties | None) -> int:
    """Roughly what properties take in memory, which for small ones is far more than their texts."""
    if not properties:
        return 0
    size = PROPERTIES_BYTES
    for name, value in properties.items():
        if name == "user_property":
            size += PAIRS_BYTES + sum(_pair_bytes(pair) for pair in value)
        elif isinstance(value, str | bytes):
            size += value.__sizeof__()
        else:
            size += NUMBER_BYTES
    return size


def _pair_bytes(pair: tuple[str, str]) -> int:
    size, (name, value) = PAIR_BYTES, pair
    if len(name) > 1:  # shorter ones lie in memory once for all
        size += name.__sizeof__()
    if len(value) > 1:
        size += value.__sizeof__()
    return size

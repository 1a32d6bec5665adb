"""How much do the properties of a packet weigh, and are there more of them than the broker passes on?"""

from uns.broker.limits import Limits
from uns.errors import Finding
from uns.link import Message, Properties


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
    """Roughly what a message takes in memory, beside what any does."""
    return len(message.topic) + len(message.payload) + properties_bytes(message.properties)


def properties_bytes(properties: Properties | None) -> int:
    """Roughly what the texts of properties take in memory."""
    if not properties:
        return 0
    pairs = properties.get("user_property", ())
    texts = (value for value in properties.values() if isinstance(value, str | bytes))
    return sum(len(name) + len(value) for name, value in pairs) + sum(map(len, texts))

"""Do these bytes spell a topic name or filter that the protocol admits? (MQTT 5, sections 1.5.4, 3.3.2.1 and 4.7)

Control characters and Unicode non-characters are malformed in names (0x81), as section 1.5.4 lets a receiver decide;
other strings (user properties, reason strings) may hold them.
"""

from uns.mqtt.reason import PacketError, ReasonCode, malformed
from uns.mqtt.wire import decode_text
from uns.topics import filter_fault, has_unwanted, parse_share, topic_fault

KEPT_TOPICS = 65_536
KEPT_TOPIC_BYTES = 256
known_topics: dict[bytes, str] = {}
"""Topic names already judged, by their bytes: one for the process, since its content depends on nobody. It holds
KEPT_TOPICS names of at most KEPT_TOPIC_BYTES and starts anew when full; longer names are judged each time."""


def topic_name(raw: bytes) -> str:
    """The topic name of a PUBLISH. PacketError 0x81 for bad text, 0x90 for text that is no topic name."""
    topic = known_topics.get(raw)
    if topic is None:
        topic = decode_text(raw)
        check_topic(topic)
        if len(raw) <= KEPT_TOPIC_BYTES:
            if len(known_topics) >= KEPT_TOPICS:
                known_topics.clear()
            known_topics[raw] = topic
    return topic


def check_topic(topic: str) -> None:
    """MQTT-3.3.2-2, MQTT-3.3.2-14, MQTT-4.7.0-1, MQTT-4.7.3-1."""
    check_name(topic, "topic name")
    fault = topic_fault(topic)
    if fault:
        raise PacketError(ReasonCode.TOPIC_NAME_INVALID, f"the topic name is invalid: {fault}")


def check_filter(topic_filter: str) -> None:
    """MQTT-4.7.1-1, MQTT-4.7.1-2, MQTT-4.7.3-1; shared subscriptions MQTT-4.8.2-1, MQTT-4.8.2-2.

    `$share/…` is judged in every version: no 3.1.1 client can mean anything else by it on a broker that shares.
    """
    check_name(topic_filter, "topic filter")
    fault = filter_fault(topic_filter)
    if not fault and (topic_filter.startswith("$share/") or topic_filter == "$share"):
        fault = _share_fault(topic_filter)
    if fault:
        raise PacketError(ReasonCode.TOPIC_FILTER_INVALID, f"the topic filter is invalid: {fault}")


def check_name(text: str, what: str) -> None:
    """Section 1.5.4: a receiver may treat control characters and non-characters as malformed."""
    if has_unwanted(text):
        raise malformed(f"the {what} holds a control character or a Unicode non-character")


def _share_fault(topic_filter: str) -> str:
    try:
        group, _ = parse_share(topic_filter)
    except ValueError:
        group = ""
    return "" if group else "$share needs a share name without wildcards and a filter, as in $share/group/filter"

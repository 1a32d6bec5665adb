"""UNSUBSCRIBE: the client wants topics no longer (MQTT 5 and 3.1.1, section 3.10)."""

import msgspec

from uns.link import Properties
from uns.mqtt.packets.subscribe import MOST_FILTERS
from uns.mqtt.properties import encode_properties, read_properties
from uns.mqtt.reason import protocol_error, too_many
from uns.mqtt.topic_text import check_filter
from uns.mqtt.wire import Body, encode_frame, encode_text


class Unsubscribe(msgspec.Struct):
    packet_id: int
    filters: list[str]
    properties: Properties | None = None


def read(body: Body, flags: int) -> Unsubscribe:
    packet_id = body.packet_id()
    properties = read_properties(body, "UNSUBSCRIBE") if body.version == 5 else None
    filters: list[str] = []
    while body:
        if len(filters) == MOST_FILTERS:
            raise too_many("topic filters", MOST_FILTERS)
        topic_filter = body.text()  # MQTT-3.10.3-1
        check_filter(topic_filter)
        filters.append(topic_filter)
    if not filters:  # MQTT-3.10.3-2
        raise protocol_error("UNSUBSCRIBE has no topic filter")
    return Unsubscribe(packet_id, filters, properties)


def write(packet: Unsubscribe, version: int) -> bytes:
    properties = encode_properties(packet.properties, "UNSUBSCRIBE") if version == 5 else b""
    return encode_frame(0xA2, packet.packet_id.to_bytes(2, "big"), properties, *map(encode_text, packet.filters))

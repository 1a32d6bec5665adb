"""UNSUBACK: the answer to an UNSUBSCRIBE (MQTT 5 and 3.1.1, section 3.11)."""

import msgspec

from uns.link import Properties
from uns.mqtt.properties import encode_properties, read_properties
from uns.mqtt.reason import ALLOWED, protocol_error
from uns.mqtt.wire import Body, check_reason, encode_frame


class Unsuback(msgspec.Struct):
    """reason_codes: in the order of the filters; before MQTT 5 the packet has none."""

    packet_id: int
    reason_codes: list[int]
    properties: Properties | None = None


def read(body: Body, flags: int) -> Unsuback:
    packet_id = body.packet_id()
    if body.version != 5:
        return Unsuback(packet_id, [])
    properties = read_properties(body, "UNSUBACK")
    reason_codes = [check_reason("UNSUBACK", code, ALLOWED["UNSUBACK"]) for code in body.rest()]  # MQTT-3.11.3-2
    if not reason_codes:  # MQTT-3.11.3-1
        raise protocol_error("UNSUBACK has no reason code")
    return Unsuback(packet_id, reason_codes, properties)


def write(packet: Unsuback, version: int) -> bytes:
    identifier = packet.packet_id.to_bytes(2, "big")
    if version != 5:
        return encode_frame(0xB0, identifier)
    return encode_frame(0xB0, identifier, encode_properties(packet.properties, "UNSUBACK"), bytes(packet.reason_codes))

"""SUBACK: the granted QoS, or a failure, per filter of a SUBSCRIBE (MQTT 5 and 3.1.1, section 3.9)."""

import msgspec

from uns.link import Properties
from uns.mqtt.properties import encode_properties, read_properties
from uns.mqtt.reason import ALLOWED, protocol_error
from uns.mqtt.wire import Body, check_reason, encode_frame

_RETURN_CODES = frozenset([0x00, 0x01, 0x02, 0x80])


class Suback(msgspec.Struct):
    """reason_codes: in the order of the filters; before MQTT 5 every failure is 0x80."""

    packet_id: int
    reason_codes: list[int]
    properties: Properties | None = None


def read(body: Body, flags: int) -> Suback:
    packet_id = body.packet_id()
    properties = read_properties(body, "SUBACK") if body.version == 5 else None
    allowed = ALLOWED["SUBACK"] if body.version == 5 else _RETURN_CODES  # MQTT-3.9.3-2
    reason_codes = [check_reason("SUBACK", code, allowed) for code in body.rest()]
    if not reason_codes:  # MQTT-3.9.3-1
        raise protocol_error("SUBACK has no reason code")
    return Suback(packet_id, reason_codes, properties)


def write(packet: Suback, version: int) -> bytes:
    identifier = packet.packet_id.to_bytes(2, "big")
    if version == 5:
        properties = encode_properties(packet.properties, "SUBACK")
        return encode_frame(0x90, identifier, properties, bytes(packet.reason_codes))
    return encode_frame(0x90, identifier, bytes(min(code, 0x80) for code in packet.reason_codes))

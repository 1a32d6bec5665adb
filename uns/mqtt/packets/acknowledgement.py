"""The layout that PUBACK, PUBREC, PUBREL and PUBCOMP share (MQTT 5, sections 3.4.2 to 3.7.2)."""

from uns.link import Properties
from uns.mqtt.properties import encode_properties, read_properties
from uns.mqtt.reason import ALLOWED
from uns.mqtt.wire import Body, check_reason, encode_frame


def read(body: Body, packet: str) -> tuple[int, int, Properties | None]:
    """Packet id, reason code and properties; what MQTT 5 leaves out at the end is 0 and None."""
    packet_id = body.packet_id()
    if body.version != 5 or not body:
        return packet_id, 0, None
    reason_code = check_reason(packet, body.byte(), ALLOWED[packet])
    return packet_id, reason_code, read_properties(body, packet) if body else None


def write(
    first: int, packet: str, packet_id: int, reason_code: int, properties: Properties | None, version: int
) -> bytes:
    """As short as it can be: without properties no property length, without a reason no reason code."""
    identifier = packet_id.to_bytes(2, "big")
    if version != 5 or not (reason_code or properties):
        return bytes((first, 2)) + identifier
    if not properties:
        return bytes((first, 3)) + identifier + bytes((reason_code,))
    return encode_frame(first, identifier, bytes((reason_code,)), encode_properties(properties, packet))

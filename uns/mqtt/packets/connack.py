"""CONNACK: the server takes or refuses a connection (MQTT 5 and 3.1.1, section 3.2)."""

import msgspec

from uns.link import Properties
from uns.mqtt.properties import check_authentication, encode_properties, read_properties
from uns.mqtt.reason import ALLOWED, connack_return_code, malformed, protocol_error, reason_of_return_code
from uns.mqtt.wire import Body, check_reason, encode_frame


class Connack(msgspec.Struct):
    """reason_code: of MQTT 5 in every version; a return code of MQTT 3.1.1 is translated on the wire."""

    session_present: bool
    reason_code: int = 0
    properties: Properties | None = None


def read(body: Body, flags: int) -> Connack:
    acknowledge_flags = body.byte()
    if acknowledge_flags > 1 and body.version != 3:  # MQTT-3.2.2-1; the byte is unused in 3.1
        raise malformed("CONNACK sets reserved acknowledge flags")
    session_present = acknowledge_flags == 1 and body.version != 3
    reason_code = body.byte()
    properties = None
    if body.version == 5:
        check_reason("CONNACK", reason_code, ALLOWED["CONNACK"])
        properties = read_properties(body, "CONNACK")
        check_authentication(properties, "CONNACK")
    else:
        reason_code = int(reason_of_return_code(reason_code))
    if reason_code and session_present:  # MQTT-3.2.2-6; in 3.1.1 MQTT-3.2.2-4
        raise protocol_error("CONNACK refuses the connection and claims a present session")
    return Connack(session_present, reason_code, properties)


def write(packet: Connack, version: int) -> bytes:
    if version == 5:
        head = bytes((packet.session_present, packet.reason_code))
        return encode_frame(0x20, head, encode_properties(packet.properties, "CONNACK"))
    return encode_frame(0x20, bytes((packet.session_present and version != 3, connack_return_code(packet.reason_code))))

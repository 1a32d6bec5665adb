"""AUTH: one step of an extended authentication (MQTT 5, section 3.15)."""

import msgspec

from uns.link import Properties
from uns.mqtt.properties import encode_properties, read_properties
from uns.mqtt.reason import ALLOWED, protocol_error
from uns.mqtt.wire import Body, check_reason, encode_frame


class Auth(msgspec.Struct):
    reason_code: int = 0
    properties: Properties | None = None


def read(body: Body, flags: int) -> Auth:
    if not body:  # section 3.15.2.1: success without properties may be left out
        return Auth()
    reason_code = check_reason("AUTH", body.byte(), ALLOWED["AUTH"])
    properties = read_properties(body, "AUTH") if body else None
    if not properties or "authentication_method" not in properties:  # section 3.15.2.2.2
        raise protocol_error("AUTH has no authentication method")
    return Auth(reason_code, properties)


def write(packet: Auth, version: int) -> bytes:
    if version != 5:
        raise ValueError("AUTH exists in MQTT 5 only")
    if not (packet.reason_code or packet.properties):
        return b"\xf0\0"
    return encode_frame(0xF0, bytes((packet.reason_code,)), encode_properties(packet.properties, "AUTH"))

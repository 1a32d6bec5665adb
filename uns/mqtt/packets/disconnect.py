"""DISCONNECT: the last packet, and why (MQTT 5 and 3.1.1, section 3.14)."""

import msgspec

from uns.link import Properties
from uns.mqtt.properties import encode_properties, read_properties
from uns.mqtt.reason import (
    ALLOWED,
    DISCONNECT_FROM_CLIENT_ONLY,
    DISCONNECT_FROM_SERVER_ONLY,
    protocol_error,
)
from uns.mqtt.wire import Body, Side, check_reason, encode_frame

DISCONNECT_TAKEN = {
    Side.SERVER: ALLOWED["DISCONNECT"] - DISCONNECT_FROM_SERVER_ONLY,
    Side.CLIENT: ALLOWED["DISCONNECT"] - DISCONNECT_FROM_CLIENT_ONLY,
}
"""By the side that reads."""


class Disconnect(msgspec.Struct):
    """Before MQTT 5 only a client sends it, and it says nothing more."""

    reason_code: int = 0
    properties: Properties | None = None


def read(body: Body, flags: int) -> Disconnect:
    if body.version != 5 or not body:
        return Disconnect()
    reason_code = check_reason("DISCONNECT", body.byte(), DISCONNECT_TAKEN[body.side])
    properties = read_properties(body, "DISCONNECT") if body else None
    if body.side is Side.CLIENT and properties and "session_expiry_interval" in properties:  # MQTT-3.14.2-2
        raise protocol_error("a server may not send a Session Expiry Interval in DISCONNECT")
    return Disconnect(reason_code, properties)


def write(packet: Disconnect, version: int) -> bytes:
    if version != 5 or not (packet.reason_code or packet.properties):
        return b"\xe0\0"
    reason = bytes((packet.reason_code,))
    if not packet.properties:
        return b"\xe0\1" + reason
    return encode_frame(0xE0, reason, encode_properties(packet.properties, "DISCONNECT"))

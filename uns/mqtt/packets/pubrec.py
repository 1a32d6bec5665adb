"""PUBREC: the first answer to a PUBLISH of QoS 2 (MQTT 5 and 3.1.1, section 3.5)."""

import msgspec

from uns.link import Properties
from uns.mqtt.packets import acknowledgement
from uns.mqtt.wire import Body


class Pubrec(msgspec.Struct):
    packet_id: int
    reason_code: int = 0
    properties: Properties | None = None


def read(body: Body, flags: int) -> Pubrec:
    return Pubrec(*acknowledgement.read(body, "PUBREC"))


def write(packet: Pubrec, version: int) -> bytes:
    return acknowledgement.write(0x50, "PUBREC", packet.packet_id, packet.reason_code, packet.properties, version)

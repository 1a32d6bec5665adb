"""PUBACK: the answer to a PUBLISH of QoS 1 (MQTT 5 and 3.1.1, section 3.4)."""

import msgspec

from uns.link import Properties
from uns.mqtt.packets import acknowledgement
from uns.mqtt.wire import Body


class Puback(msgspec.Struct):
    packet_id: int
    reason_code: int = 0
    properties: Properties | None = None


def read(body: Body, flags: int) -> Puback:
    return Puback(*acknowledgement.read(body, "PUBACK"))


def write(packet: Puback, version: int) -> bytes:
    return acknowledgement.write(0x40, "PUBACK", packet.packet_id, packet.reason_code, packet.properties, version)

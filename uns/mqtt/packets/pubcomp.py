"""PUBCOMP: the end of a QoS 2 exchange (MQTT 5 and 3.1.1, section 3.7)."""

import msgspec

from uns.link import Properties
from uns.mqtt.packets import acknowledgement
from uns.mqtt.wire import Body


class Pubcomp(msgspec.Struct):
    packet_id: int
    reason_code: int = 0
    properties: Properties | None = None


def read(body: Body, flags: int) -> Pubcomp:
    return Pubcomp(*acknowledgement.read(body, "PUBCOMP"))


def write(packet: Pubcomp, version: int) -> bytes:
    return acknowledgement.write(0x70, "PUBCOMP", packet.packet_id, packet.reason_code, packet.properties, version)

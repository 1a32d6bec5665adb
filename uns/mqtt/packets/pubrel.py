"""PUBREL: the publisher releases a QoS 2 message (MQTT 5 and 3.1.1, section 3.6)."""

import msgspec

from uns.link import Properties
from uns.mqtt.packets import acknowledgement
from uns.mqtt.wire import Body


class Pubrel(msgspec.Struct):
    packet_id: int
    reason_code: int = 0
    properties: Properties | None = None


def read(body: Body, flags: int) -> Pubrel:
    return Pubrel(*acknowledgement.read(body, "PUBREL"))


def write(packet: Pubrel, version: int) -> bytes:
    return acknowledgement.write(0x62, "PUBREL", packet.packet_id, packet.reason_code, packet.properties, version)

"""PINGRESP: the server is alive (MQTT 5 and 3.1.1, section 3.13)."""

import msgspec

from uns.mqtt.wire import Body


class Pingresp(msgspec.Struct):
    """Nothing but its type."""


def read(body: Body, flags: int) -> Pingresp:
    return Pingresp()


def write(packet: Pingresp, version: int) -> bytes:
    return b"\xd0\0"

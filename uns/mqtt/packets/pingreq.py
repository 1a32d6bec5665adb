"""PINGREQ: the client is alive, and asks the server the same (MQTT 5 and 3.1.1, section 3.12)."""

import msgspec

from uns.mqtt.wire import Body


class Pingreq(msgspec.Struct):
    """Nothing but its type."""


def read(body: Body, flags: int) -> Pingreq:
    return Pingreq()


def write(packet: Pingreq, version: int) -> bytes:
    return b"\xc0\0"

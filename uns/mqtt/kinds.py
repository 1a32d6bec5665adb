"""Which packets exist, who may send them in which version, and what reads and writes them? (MQTT 5, section 2.1)"""

from collections.abc import Callable
from typing import Any

import msgspec

from uns.mqtt.packets import (
    auth,
    connack,
    connect,
    disconnect,
    pingreq,
    pingresp,
    puback,
    pubcomp,
    publish,
    pubrec,
    pubrel,
    suback,
    subscribe,
    unsuback,
    unsubscribe,
)
from uns.mqtt.wire import Body, PacketType, Side

Packet = (
    connect.Connect
    | connack.Connack
    | publish.Publish
    | puback.Puback
    | pubrec.Pubrec
    | pubrel.Pubrel
    | pubcomp.Pubcomp
    | subscribe.Subscribe
    | suback.Suback
    | unsubscribe.Unsubscribe
    | unsuback.Unsuback
    | pingreq.Pingreq
    | pingresp.Pingresp
    | disconnect.Disconnect
    | auth.Auth
)

_ALL = frozenset([3, 4, 5])
_MQTT_5 = frozenset([5])
_NEVER: frozenset[int] = frozenset()


class Kind(msgspec.Struct, frozen=True):
    """One packet type.

    flags: what the lower four bits of the first byte must be, or None where the packet reads them itself.
    from_client, from_server: the versions in which that side may send it.
    """

    number: PacketType
    struct: type[Packet]
    read: Callable[[Body, int], Packet]
    write: Callable[[Any, int], bytes]
    from_client: frozenset[int]
    from_server: frozenset[int]
    flags: int | None = 0


KINDS = [
    Kind(PacketType.CONNECT, connect.Connect, connect.read, connect.write, _ALL, _NEVER, None),
    Kind(PacketType.CONNACK, connack.Connack, connack.read, connack.write, _NEVER, _ALL),
    Kind(PacketType.PUBLISH, publish.Publish, publish.read, publish.write, _ALL, _ALL, None),
    Kind(PacketType.PUBACK, puback.Puback, puback.read, puback.write, _ALL, _ALL),
    Kind(PacketType.PUBREC, pubrec.Pubrec, pubrec.read, pubrec.write, _ALL, _ALL),
    Kind(PacketType.PUBREL, pubrel.Pubrel, pubrel.read, pubrel.write, _ALL, _ALL, 0b0010),
    Kind(PacketType.PUBCOMP, pubcomp.Pubcomp, pubcomp.read, pubcomp.write, _ALL, _ALL),
    Kind(PacketType.SUBSCRIBE, subscribe.Subscribe, subscribe.read, subscribe.write, _ALL, _NEVER, 0b0010),
    Kind(PacketType.SUBACK, suback.Suback, suback.read, suback.write, _NEVER, _ALL),
    Kind(PacketType.UNSUBSCRIBE, unsubscribe.Unsubscribe, unsubscribe.read, unsubscribe.write, _ALL, _NEVER, 0b0010),
    Kind(PacketType.UNSUBACK, unsuback.Unsuback, unsuback.read, unsuback.write, _NEVER, _ALL),
    Kind(PacketType.PINGREQ, pingreq.Pingreq, pingreq.read, pingreq.write, _ALL, _NEVER),
    Kind(PacketType.PINGRESP, pingresp.Pingresp, pingresp.read, pingresp.write, _NEVER, _ALL),
    Kind(PacketType.DISCONNECT, disconnect.Disconnect, disconnect.read, disconnect.write, _ALL, _MQTT_5),
    Kind(PacketType.AUTH, auth.Auth, auth.read, auth.write, _MQTT_5, _MQTT_5),
]


def first_bytes(side: Side, version: int | None) -> dict[int, Kind]:
    """The first bytes that this side takes, each with its kind. Version None: CONNECT is still to come.

    MQTT-2.1.3-1, in 3.1.1 MQTT-2.2.2-2: reserved bits are what they must be. In 3.1 they mean nothing.
    """
    taken = {}
    for kind in KINDS:
        if version is None:
            welcome = kind.number is PacketType.CONNECT
        else:
            senders = kind.from_client if side is Side.SERVER else kind.from_server
            welcome = version in senders and kind.number is not PacketType.CONNECT  # MQTT-3.1.0-2
        if welcome:
            for flags in range(16):
                if kind.flags is None or flags == kind.flags or version == connect.MQTT_3_1:
                    taken[kind.number << 4 | flags] = kind
    return taken


_WRITERS = {kind.struct: kind.write for kind in KINDS}


def encode(packet: Packet, version: int) -> bytes:
    """The bytes of a packet in MQTT 3.1 (3), 3.1.1 (4) or 5.

    Before 5, reason codes and properties are left out or translated as that standard demands. Raises ValueError or
    OverflowError when a field does not fit, a property does not belong here, or the version has no such packet.
    """
    return _WRITERS[type(packet)](packet, version)

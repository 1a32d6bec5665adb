"""Which properties exist, where they may stand, and how they are read and written (MQTT 5, section 2.2.2)."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from uns.link import Properties
from uns.mqtt.reason import PacketError, ReasonCode, malformed, protocol_error, too_many
from uns.mqtt.wire import Body, encode_binary, encode_text, encode_varint


class Property(msgspec.Struct, frozen=True):
    """One row of table 2-4.

    packets: the packets that may carry it; WILL stands for the will properties of a CONNECT.
    repeatable: the packets in which it may stand more than once; there its value is a list.
    values: the numbers allowed, when not all are; anything else is `fault`.
    """

    identifier: int
    name: str
    read: Callable[[Body], Any]
    write: Callable[[Any], bytes]
    packets: frozenset[str]
    repeatable: frozenset[str]
    values: range | None
    fault: ReasonCode


def _read_pair(body: Body) -> tuple[str, str]:
    return body.text(), body.text()


def _write_pair(pair: tuple[str, str]) -> bytes:
    return encode_text(pair[0]) + encode_text(pair[1])


def _write_integer(size: int) -> Callable[[int], bytes]:
    return lambda value: value.to_bytes(size, "big")


_BYTE = (Body.byte, _write_integer(1))
_TWO_BYTE = (Body.uint16, _write_integer(2))
_FOUR_BYTE = (Body.uint32, _write_integer(4))
_VARINT = (Body.varint, encode_varint)
_BINARY = (Body.binary, encode_binary)
_TEXT = (Body.text, encode_text)
_PAIR = (_read_pair, _write_pair)

_FLAG = range(2)
_NOT_0 = range(1, 1 << 32)
_ACKS = "PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK"
_EVERY = f"CONNECT CONNACK PUBLISH WILL SUBSCRIBE UNSUBSCRIBE DISCONNECT AUTH {_ACKS}"


def _row(
    identifier: int,
    name: str,
    kind: tuple[Callable[[Body], Any], Callable[[Any], bytes]],
    packets: str,
    *,
    repeatable: str = "",
    values: range | None = None,
    fault: ReasonCode = ReasonCode.PROTOCOL_ERROR,
) -> Property:
    read, write = kind
    carriers, repeaters = frozenset(packets.split()), frozenset(repeatable.split())
    return Property(identifier, name, read, write, carriers, repeaters, values, fault)


MOST_PROPERTIES = 10_000
"""In one packet: a megabyte of them would hold up every other client for a tenth of a second."""

PROPERTIES = [
    _row(0x01, "payload_format_indicator", _BYTE, "PUBLISH WILL", values=_FLAG),
    _row(0x02, "message_expiry_interval", _FOUR_BYTE, "PUBLISH WILL"),
    _row(0x03, "content_type", _TEXT, "PUBLISH WILL"),
    _row(0x08, "response_topic", _TEXT, "PUBLISH WILL"),
    _row(0x09, "correlation_data", _BINARY, "PUBLISH WILL"),
    _row(0x0B, "subscription_identifier", _VARINT, "PUBLISH SUBSCRIBE", repeatable="PUBLISH", values=_NOT_0),
    _row(0x11, "session_expiry_interval", _FOUR_BYTE, "CONNECT CONNACK DISCONNECT"),
    _row(0x12, "assigned_client_identifier", _TEXT, "CONNACK"),
    _row(0x13, "server_keep_alive", _TWO_BYTE, "CONNACK"),
    _row(0x15, "authentication_method", _TEXT, "CONNECT CONNACK AUTH"),
    _row(0x16, "authentication_data", _BINARY, "CONNECT CONNACK AUTH"),
    _row(0x17, "request_problem_information", _BYTE, "CONNECT", values=_FLAG),
    _row(0x18, "will_delay_interval", _FOUR_BYTE, "WILL"),
    _row(0x19, "request_response_information", _BYTE, "CONNECT", values=_FLAG),
    _row(0x1A, "response_information", _TEXT, "CONNACK"),
    _row(0x1C, "server_reference", _TEXT, "CONNACK DISCONNECT"),
    _row(0x1F, "reason_string", _TEXT, f"CONNACK DISCONNECT AUTH {_ACKS}"),
    _row(0x21, "receive_maximum", _TWO_BYTE, "CONNECT CONNACK", values=_NOT_0),
    _row(0x22, "topic_alias_maximum", _TWO_BYTE, "CONNECT CONNACK"),
    # MQTT-3.3.2-8: alias 0 has a reason code of its own
    _row(0x23, "topic_alias", _TWO_BYTE, "PUBLISH", values=_NOT_0, fault=ReasonCode.TOPIC_ALIAS_INVALID),
    _row(0x24, "maximum_qos", _BYTE, "CONNACK", values=_FLAG),
    _row(0x25, "retain_available", _BYTE, "CONNACK", values=_FLAG),
    _row(0x26, "user_property", _PAIR, _EVERY, repeatable=_EVERY),
    _row(0x27, "maximum_packet_size", _FOUR_BYTE, "CONNECT CONNACK", values=_NOT_0),
    _row(0x28, "wildcard_subscription_available", _BYTE, "CONNACK", values=_FLAG),
    _row(0x29, "subscription_identifier_available", _BYTE, "CONNACK", values=_FLAG),
    _row(0x2A, "shared_subscription_available", _BYTE, "CONNACK", values=_FLAG),
]
_BY_IDENTIFIER = {row.identifier: row for row in PROPERTIES}
_BY_NAME = {row.name: row for row in PROPERTIES}


def read_properties(body: Body, packet: str) -> Properties | None:
    """The property length and the properties; None when there are none. One pass, linear in their number.

    A value that cannot be read is malformed before anything is said about whether the property may stand here.
    """
    length = body.varint()
    if not length:
        return None
    after, body.end = body.end, body.pos + length
    if body.end > after:
        raise malformed("the properties are longer than the packet")
    properties: Properties = {}
    for _ in range(MOST_PROPERTIES):
        if not body:
            break
        _read_property(body, packet, properties)
    else:
        if body:
            raise too_many("properties", MOST_PROPERTIES)
    body.end = after
    return properties


def _read_property(body: Body, packet: str, properties: Properties) -> None:
    identifier = body.byte()
    row = _BY_IDENTIFIER.get(identifier)
    if row is None:  # section 2.2.2.2; identifiers of two and more bytes do not exist
        raise malformed(f"property 0x{identifier:02X} does not exist")
    name = row.name
    value = row.read(body)
    if packet in row.repeatable:
        properties.setdefault(name, []).append(value)
    elif packet not in row.packets:
        raise protocol_error(f"{packet} may not carry the property {name}")
    elif name in properties:
        raise protocol_error(f"{packet} carries the property {name} twice")
    else:
        properties[name] = value
    if row.values is not None and value not in row.values:
        raise PacketError(row.fault, f"{packet} has the property {name} = {value}, which is not allowed")


def encode_properties(properties: Properties | None, packet: str) -> bytes:
    """The property length and the properties. ValueError when one does not exist or may not stand in this packet."""
    if not properties:
        return b"\0"  # MQTT-2.2.2-1
    parts: list[bytes] = []
    for name, value in properties.items():
        row = _BY_NAME.get(name)
        if row is None or packet not in row.packets:
            raise ValueError(f"{packet} has no property {name}")
        if packet not in row.repeatable:
            parts += (encode_varint(row.identifier), row.write(value))
        elif type(value) is tuple:
            parts.append(_encode_each(row, value))
        else:
            parts += (encode_varint(row.identifier) + row.write(each) for each in value)
    encoded = b"".join(parts)
    return encode_varint(len(encoded)) + encoded


@lru_cache(maxsize=64)
def _encode_each(row: Property, values: tuple[Any, ...]) -> bytes:
    """What comes as a tuple comes again: a message may carry thousands of subscription identifiers, and so does the
    next one."""
    identifier = encode_varint(row.identifier)
    return b"".join(identifier + row.write(each) for each in values)


def check_authentication(properties: Properties | None, packet: str) -> None:
    """Authentication Data needs an Authentication Method (MQTT 5, sections 3.1.2.11.10 and 3.15.2.2.3)."""
    if properties and "authentication_data" in properties and "authentication_method" not in properties:
        raise protocol_error(f"{packet} carries authentication data without an authentication method")

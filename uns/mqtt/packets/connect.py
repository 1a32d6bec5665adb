"""CONNECT: the client introduces itself (MQTT 5 and 3.1.1, section 3.1; MQTT 3.1 differs where said)."""

import msgspec

from uns.link import Properties
from uns.mqtt.packets import will
from uns.mqtt.packets.will import ConnectWill
from uns.mqtt.properties import check_authentication, encode_properties, read_properties
from uns.mqtt.reason import PacketError, ReasonCode, malformed
from uns.mqtt.topic_text import check_name
from uns.mqtt.wire import Body, encode_binary, encode_frame, encode_text
from uns.topics import has_unwanted

MQTT_3_1, MQTT_3_1_1, MQTT_5 = 3, 4, 5
_PROTOCOL_NAMES = {MQTT_3_1: b"MQIsdp", MQTT_3_1_1: b"MQTT", MQTT_5: b"MQTT"}

_RESERVED, _CLEAN_START, _WILL, _WILL_RETAIN, _PASSWORD, _USER_NAME = 0x01, 0x02, 0x04, 0x20, 0x40, 0x80
_WILL_QOS_SHIFT = 3


class Connect(msgspec.Struct):
    """version: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. keep_alive: seconds, 0 is none."""

    client_id: str
    version: int = MQTT_5
    clean_start: bool = True
    keep_alive: int = 0
    username: str | None = None
    password: bytes | None = None
    will: ConnectWill | None = None
    properties: Properties | None = None


def read_version(body: Body) -> int:
    """Protocol name and level, the part that says how to read the rest."""
    name = body.binary()
    version = body.byte()
    if _PROTOCOL_NAMES.get(version) != name:  # MQTT-3.1.2-1, MQTT-3.1.2-2
        raise PacketError(
            ReasonCode.UNSUPPORTED_PROTOCOL_VERSION, "CONNECT asks for a protocol that is none of MQTT 3.1, 3.1.1 and 5"
        )
    return version


def read(body: Body, flags: int) -> Connect:
    """The rest of a CONNECT, after `read_version`; `body.version` is what that returned."""
    version = body.version
    if flags and version != MQTT_3_1:  # MQTT-2.1.3-1; 3.1 has no reserved bits here
        raise malformed("CONNECT sets reserved bits of the first byte")
    connect_flags = body.byte()
    _check_flags(connect_flags, version)
    keep_alive = body.uint16()
    properties = read_properties(body, "CONNECT") if version == MQTT_5 else None
    check_authentication(properties, "CONNECT")
    client_id = _read_client_id(body, bool(connect_flags & _CLEAN_START))
    connect_will = None
    if connect_flags & _WILL:  # MQTT-3.1.2-9
        qos = connect_flags >> _WILL_QOS_SHIFT & 3
        connect_will = will.read(body, qos, bool(connect_flags & _WILL_RETAIN))
    username = body.text() if connect_flags & _USER_NAME and _is_there(body) else None
    if username is not None:
        check_name(username, "user name")
    password = body.binary() if connect_flags & _PASSWORD and _is_there(body) else None
    return Connect(
        client_id,
        version,
        bool(connect_flags & _CLEAN_START),
        keep_alive,
        username,
        password,
        connect_will,
        properties,
    )


def _check_flags(connect_flags: int, version: int) -> None:
    if connect_flags & _RESERVED and version != MQTT_3_1:  # MQTT-3.1.2-3
        raise malformed("CONNECT sets the reserved connect flag")
    will_qos = connect_flags >> _WILL_QOS_SHIFT & 3
    if not connect_flags & _WILL and (will_qos or connect_flags & _WILL_RETAIN):  # MQTT-3.1.2-11, MQTT-3.1.2-13
        raise malformed("CONNECT sets will QoS or will retain without a will")
    if will_qos == 3:  # MQTT-3.1.2-12; in 3.1.1 MQTT-3.1.2-14
        raise malformed("CONNECT asks for will QoS 3")
    if connect_flags & _PASSWORD and not connect_flags & _USER_NAME and version != MQTT_5:  # 3.1.1: MQTT-3.1.2-22
        raise malformed("CONNECT has a password without a user name, which needs MQTT 5")


def _read_client_id(body: Body, clean_start: bool) -> str:
    """Zero bytes mean "choose one for me": not in 3.1, and in 3.1.1 for a clean session only."""
    client_id = body.text()  # MQTT-3.1.3-3, MQTT-3.1.3-4
    if not client_id and (body.version == MQTT_3_1 or (body.version == MQTT_3_1_1 and not clean_start)):
        # 3.1.1: MQTT-3.1.3-7, MQTT-3.1.3-8
        raise PacketError(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID, "an empty client id needs a clean session")
    if has_unwanted(client_id):
        # a valid string that is not allowed: just what 0x85 says in table 3-1
        raise PacketError(
            ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
            "the client id holds a control character or a Unicode non-character",
        )
    return client_id


def _is_there(body: Body) -> bool:
    """In MQTT 3.1 (section 3.1) the remaining length overrules the user name and password flags."""
    return body.version != MQTT_3_1 or bool(body)


def write(packet: Connect, version: int) -> bytes:
    """The packet's own version counts; a client speaks no other before its CONNECT."""
    version = packet.version
    flags = _CLEAN_START * packet.clean_start
    parts = [encode_text(packet.client_id)]
    if packet.will is not None:
        flags |= _WILL | packet.will.qos << _WILL_QOS_SHIFT | _WILL_RETAIN * packet.will.retain
        parts.append(will.write(packet.will, version))
    if packet.username is not None:
        flags |= _USER_NAME
        parts.append(encode_text(packet.username))
    if packet.password is not None:
        flags |= _PASSWORD
        parts.append(encode_binary(packet.password))
    if version == MQTT_5:
        parts.insert(0, encode_properties(packet.properties, "CONNECT"))
    return encode_frame(
        0x10,
        encode_binary(_PROTOCOL_NAMES[version]),
        bytes((version, flags)),
        packet.keep_alive.to_bytes(2, "big"),
        *parts,
    )

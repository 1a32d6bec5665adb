"""Which reason codes exist, which packet may carry which, and what they become in MQTT 3.1.1 (MQTT 5, section 2.4)."""

from enum import IntEnum

import msgspec


class ReasonCode(IntEnum):
    """All codes of MQTT 5, table 2-6. From 0x80 on they mean failure."""

    SUCCESS = 0x00
    NORMAL_DISCONNECTION = 0x00
    GRANTED_QOS_0 = 0x00
    GRANTED_QOS_1 = 0x01
    GRANTED_QOS_2 = 0x02
    DISCONNECT_WITH_WILL_MESSAGE = 0x04
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    CONTINUE_AUTHENTICATION = 0x18
    RE_AUTHENTICATE = 0x19
    UNSPECIFIED_ERROR = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83
    UNSUPPORTED_PROTOCOL_VERSION = 0x84
    CLIENT_IDENTIFIER_NOT_VALID = 0x85
    BAD_USER_NAME_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    BANNED = 0x8A
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_IDENTIFIER_IN_USE = 0x91
    PACKET_IDENTIFIER_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    MESSAGE_RATE_TOO_HIGH = 0x96
    QUOTA_EXCEEDED = 0x97
    ADMINISTRATIVE_ACTION = 0x98
    PAYLOAD_FORMAT_INVALID = 0x99
    RETAIN_NOT_SUPPORTED = 0x9A
    QOS_NOT_SUPPORTED = 0x9B
    USE_ANOTHER_SERVER = 0x9C
    SERVER_MOVED = 0x9D
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E
    CONNECTION_RATE_EXCEEDED = 0x9F
    MAXIMUM_CONNECT_TIME = 0xA0
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xA2


class Failure(msgspec.Struct, frozen=True):
    """Why a decoder stopped: the code the standard names and one sentence, fit for a Reason String."""

    reason_code: ReasonCode
    text: str


class PacketError(Exception):
    """Raised by the packet readers and turned into a `Failure` by the decoder; it never leaves the decoder."""

    def __init__(self, reason_code: ReasonCode, text: str) -> None:
        super().__init__(text)
        self.reason_code = reason_code


def malformed(text: str) -> PacketError:
    """The bytes cannot be parsed (MQTT 5, section 1.2, Malformed Packet)."""
    return PacketError(ReasonCode.MALFORMED_PACKET, text)


def protocol_error(text: str) -> PacketError:
    """The bytes parse, and say what the protocol does not allow (MQTT 5, section 1.2, Protocol Error)."""
    return PacketError(ReasonCode.PROTOCOL_ERROR, text)


def too_many(what: str, most: int) -> PacketError:
    """One packet asks for more work than fits into a turn of the loop."""
    return PacketError(ReasonCode.QUOTA_EXCEEDED, f"one packet holds more than {most} {what}")


_PUBLISH_ANSWERS = frozenset([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])

# Which packet may carry which code: the rightmost column of table 2-6, one row per packet.
ALLOWED: dict[str, frozenset[int]] = {
    "CONNACK": frozenset([0x00, *range(0x80, 0x8B), 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F]),
    "PUBACK": _PUBLISH_ANSWERS,
    "PUBREC": _PUBLISH_ANSWERS,
    "PUBREL": frozenset([0x00, 0x92]),
    "PUBCOMP": frozenset([0x00, 0x92]),
    "SUBACK": frozenset([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2]),
    "UNSUBACK": frozenset([0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91]),
    "DISCONNECT": frozenset(
        [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, *range(0x93, 0xA3)]
    ),
    "AUTH": frozenset([0x00, 0x18, 0x19]),
}

# Table 3-10 says of some who may send them in DISCONNECT.
DISCONNECT_FROM_SERVER_ONLY = frozenset([0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, *range(0x9A, 0xA3)])
DISCONNECT_FROM_CLIENT_ONLY = frozenset([0x04])

_RETURN_CODES: dict[int, int] = {
    ReasonCode.UNSUPPORTED_PROTOCOL_VERSION: 1,
    ReasonCode.CLIENT_IDENTIFIER_NOT_VALID: 2,
    ReasonCode.SERVER_UNAVAILABLE: 3,
    ReasonCode.SERVER_BUSY: 3,
    ReasonCode.BAD_USER_NAME_OR_PASSWORD: 4,
    ReasonCode.NOT_AUTHORIZED: 5,
    ReasonCode.BANNED: 5,
    ReasonCode.BAD_AUTHENTICATION_METHOD: 5,
}
_REASON_CODES = [
    ReasonCode.SUCCESS,
    ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
    ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
    ReasonCode.SERVER_UNAVAILABLE,
    ReasonCode.BAD_USER_NAME_OR_PASSWORD,
    ReasonCode.NOT_AUTHORIZED,
]


def connack_return_code(reason_code: int) -> int:
    """The CONNACK return code of MQTT 3.1.1 (table 3.1) nearest to a reason code: 0 to 5.

    A number below 0x80 already is one. What 3.1.1 has no word for is 3, server unavailable.
    """
    if reason_code < ReasonCode.UNSPECIFIED_ERROR:
        return reason_code
    return _RETURN_CODES.get(reason_code, 3)


def reason_of_return_code(return_code: int) -> ReasonCode:
    """The reason code that says the same as a CONNACK return code; 6 to 255 are reserved (MQTT 3.1.1, table 3.1)."""
    if return_code >= len(_REASON_CODES):
        raise malformed(f"CONNACK return code {return_code} is reserved in MQTT 3.1.1")
    return _REASON_CODES[return_code]

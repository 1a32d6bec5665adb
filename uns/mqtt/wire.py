"""How do the data types of MQTT stand on the wire? (MQTT 5, section 1.5)"""

from enum import Enum, IntEnum

from uns.mqtt.reason import PacketError, ReasonCode, malformed, protocol_error

MAX_TEXT_BYTES = 65_535
MAX_VARINT = 268_435_455


class Side(Enum):
    """Who decodes: a server reads what clients send, a client what the server sends."""

    SERVER = "server"
    CLIENT = "client"


class PacketType(IntEnum):
    """The upper four bits of the first byte (MQTT 5, table 2-1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Body:
    """What follows the fixed header of one complete packet, read from front to end.

    Every reading method raises PacketError 0x81 when the packet ends too early.
    """

    __slots__ = ("data", "end", "pos", "side", "version")

    def __init__(self, data: bytes, pos: int, end: int, version: int, side: Side) -> None:
        self.data = data
        self.pos = pos
        self.end = end
        self.version = version
        self.side = side

    def byte(self) -> int:
        return self.data[self._take(1)]

    def uint16(self) -> int:
        pos = self._take(2)
        return self.data[pos] << 8 | self.data[pos + 1]

    def uint32(self) -> int:
        pos = self._take(4)
        return int.from_bytes(self.data[pos : pos + 4], "big")

    def varint(self) -> int:
        """A variable byte integer of one to four bytes, as short as it can be (MQTT-1.5.5-1)."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if not byte and shift:
                    raise malformed("a variable byte integer is longer than needed")
                return value
        raise malformed("a variable byte integer is longer than four bytes")

    def binary(self) -> bytes:
        length = self.uint16()
        pos = self._take(length)
        return self.data[pos : pos + length]

    def text(self) -> str:
        """A UTF-8 string. Surrogates, over-long forms and U+0000 are malformed (MQTT-1.5.4-1, MQTT-1.5.4-2)."""
        return decode_text(self.binary())

    def packet_id(self) -> int:
        """Never 0 (MQTT-2.2.1-3, MQTT-2.2.1-4; in 3.1.1 MQTT-2.3.1-1)."""
        packet_id = self.uint16()
        if not packet_id:
            raise protocol_error("the packet identifier is 0")
        return packet_id

    def rest(self) -> bytes:
        pos, self.pos = self.pos, self.end
        return self.data[pos : self.end]

    def __bool__(self) -> bool:
        """Is there anything left?"""
        return self.pos < self.end

    def _take(self, count: int) -> int:
        pos = self.pos
        if pos + count > self.end:
            raise malformed("the packet ends within a field")
        self.pos = pos + count
        return pos


def decode_text(raw: bytes) -> str:
    """The string of UTF-8 bytes; PacketError 0x81 when they are none or hold U+0000."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise malformed("a string is not well-formed UTF-8") from None  # MQTT-1.5.4-1
    if "\0" in text:
        raise malformed("a string holds the null character U+0000")  # MQTT-1.5.4-2
    return text


def check_reason(packet: str, reason_code: int, allowed: frozenset[int]) -> int:
    """The code, when this packet may carry it (MQTT-3.2.2-8, 3.4.2-1, 3.5.2-1, 3.6.2-1, 3.7.2-1, 3.14.2-1, 3.15.2-1).

    Otherwise PacketError 0x82: the byte can be read, and says what this packet may not say.
    """
    if reason_code not in allowed:
        raise PacketError(ReasonCode.PROTOCOL_ERROR, f"{packet} may not carry reason code 0x{reason_code:02X}")
    return reason_code


def encode_varint(value: int) -> bytes:
    """ValueError above 268,435,455, which four bytes cannot hold."""
    if value < 0x80:
        return _ONE_BYTE[value]
    if value > MAX_VARINT:
        raise ValueError(f"{value} does not fit into a variable byte integer")
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def encode_binary(data: bytes) -> bytes:
    if len(data) > MAX_TEXT_BYTES:
        raise ValueError(f"{len(data)} bytes do not fit into a field of {MAX_TEXT_BYTES}")
    return len(data).to_bytes(2, "big") + data


def encode_text(text: str) -> bytes:
    return encode_binary(text.encode())


def encode_frame(first: int, *parts: bytes) -> bytes:
    """A whole packet: the first byte, the remaining length, then the parts."""
    body = b"".join(parts)
    return b"".join((_FIRST_BYTE[first], encode_varint(len(body)), body))


_FIRST_BYTE = [bytes((value,)) for value in range(256)]
_ONE_BYTE = _FIRST_BYTE[:0x80]

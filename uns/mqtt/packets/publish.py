"""PUBLISH: an application message on its way (MQTT 5 and 3.1.1, section 3.3).

The decoder reads a QoS 0 PUBLISH without properties by itself, for speed; every other one is read here.
"""

from typing import Any

from uns.link import Properties
from uns.mqtt.properties import encode_properties, read_properties
from uns.mqtt.reason import malformed, protocol_error
from uns.mqtt.topic_text import check_topic, topic_name
from uns.mqtt.wire import Body, Side, encode_binary, encode_varint


class Publish:
    """packet_id: of QoS 1 and 2. topic: empty only in MQTT 5 and together with the property `topic_alias`."""

    __slots__ = ("dup", "packet_id", "payload", "properties", "qos", "retain", "topic")

    def __init__(
        self,
        topic: str,
        payload: bytes,
        qos: int = 0,
        retain: bool = False,
        dup: bool = False,
        packet_id: int | None = None,
        properties: Properties | None = None,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.dup = dup
        self.packet_id = packet_id
        self.properties = properties

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Publish) and self._fields() == other._fields()

    def __repr__(self) -> str:
        return f"Publish{self._fields()!r}"

    def _fields(self) -> tuple[object, ...]:
        return self.topic, self.payload, self.qos, self.retain, self.dup, self.packet_id, self.properties

    __hash__ = None  # type: ignore[assignment]


class PublishRun:
    """Neighbouring PUBLISH packets of QoS 0, not retained, without properties, and the bytes that they came in.

    data: the chunk; start, stop: where the first packet begins in it and the last one ends. messages: what the reader
    knows of the topic, payload, and where the packet ends, which is where the next one begins: `data[start:stop]` are
    packets that may go to another client as they are.
    """

    __slots__ = ("data", "messages", "start", "stop")

    def __init__(self, data: bytes, start: int) -> None:
        self.data = data
        self.start = start
        self.stop = start
        self.messages: list[tuple[Any, bytes, int]] = []


def read(body: Body, flags: int) -> Publish:
    qos = flags >> 1 & 3
    if qos == 3:  # MQTT-3.3.1-4
        raise malformed("PUBLISH has QoS 3")
    dup = flags >= 8
    if dup and not qos and body.version != 3:  # MQTT-3.3.1-2; 3.1 does not say so
        raise malformed("PUBLISH has the DUP flag at QoS 0")
    raw_topic = body.binary()
    packet_id = body.packet_id() if qos else None  # MQTT-2.2.1-2
    properties = _read_properties(body) if body.version == 5 else None
    if not raw_topic and body.version == 5:
        if not properties or "topic_alias" not in properties:  # section 3.3.2.1
            raise protocol_error("PUBLISH has neither a topic name nor a topic alias")
        topic = ""
    else:
        topic = topic_name(raw_topic)
    return Publish(topic, body.rest(), qos, bool(flags & 1), dup, packet_id, properties)


def _read_properties(body: Body) -> Properties | None:
    properties = read_properties(body, "PUBLISH")
    if properties is None:
        return None
    if body.side is Side.SERVER and "subscription_identifier" in properties:  # MQTT-3.3.4-6
        raise protocol_error("a client may not send a Subscription Identifier in PUBLISH")
    if "response_topic" in properties:  # MQTT-3.3.2-14
        check_topic(properties["response_topic"])
    return properties


def write(packet: Publish, version: int) -> bytes:
    topic = packet.topic.encode()
    qos = packet.qos
    if not qos and not packet.properties:
        flags = packet.dup << 3 | packet.retain
        return encode_publish_head(topic, len(packet.payload), flags, version) + packet.payload
    if qos and not packet.packet_id:
        raise ValueError("a PUBLISH of QoS 1 or 2 needs a packet id")
    head = encode_binary(topic)
    if packet.packet_id and qos:
        head += packet.packet_id.to_bytes(2, "big")
    if version == 5:
        head += encode_properties(packet.properties, "PUBLISH")
    first = 0x30 | packet.dup << 3 | qos << 1 | packet.retain
    return b"".join((bytes((first,)), encode_varint(len(head) + len(packet.payload)), head, packet.payload))


def encode_publish_head(topic: bytes, payload_length: int, flags: int, version: int) -> bytes:
    """All of a QoS 0 PUBLISH without properties but its payload: head + payload is the frame.

    flags: the lower four bits of the first byte, so 1 for retain. The head depends on nothing but the arguments and
    may be kept.
    """
    length = len(topic)
    if length > 65_535:
        raise ValueError("the topic is longer than 65,535 bytes")
    remaining = 2 + length + payload_length + (version == 5)
    tail = b"\0" if version == 5 else b""
    if remaining < 0x80:
        return bytes((0x30 | flags, remaining, length >> 8, length & 0xFF)) + topic + tail
    return b"".join((bytes((0x30 | flags,)), encode_varint(remaining), length.to_bytes(2, "big"), topic, tail))

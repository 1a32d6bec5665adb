"""Which numbers stand for which topics on the way to one MQTT 5 client? (MQTT 5, 3.3.2.3.4)

The first message of a topic carries topic and alias, every later one the alias alone. Aliases are given in the order in
which topics come and kept: a client that hears of more topics than it has aliases for gets the rest with their names.
They belong to one connection and die with it (MQTT-3.3.2-7); what a publisher uses is never passed on.
"""

from uns.mqtt import Publish, encode
from uns.mqtt.wire import encode_binary, encode_varint

LONGEST_NAME = 1024
"""In characters. A longer name gets no alias: what a connection keeps stays small, whatever others publish."""
_ALIAS = b"\x03\x23"
"""Property length and identifier of a Topic Alias that is the only property."""


class OutgoingAliases:
    """maximum: what the client takes, no more than the broker grants; never 0 (MQTT-3.1.2-26, -27)."""

    __slots__ = ("_maximum", "_tails")

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._tails: dict[str, bytes] = {}
        """Topic to what stands between remaining length and payload of its plain messages."""

    def frame(self, topic: str, payload: bytes) -> bytes | None:
        """The frame of a QoS 0 PUBLISH without other properties, which will be sent; None when no alias is left."""
        tail = self._tails.get(topic)
        if tail is None:
            if len(self._tails) >= self._maximum or len(topic) > LONGEST_NAME:
                return None
            alias = self._set(topic)
            tail = encode_binary(topic.encode()) + _ALIAS + alias
        length = len(tail) + len(payload)
        if length < 0x80:
            return bytes((0x30, length)) + tail + payload
        return b"".join((b"\x30", encode_varint(length), tail, payload))

    def encode(self, packet: Publish, max_bytes: int) -> bytes:
        """The frame of any PUBLISH, which will be sent unless it is longer than `max_bytes` (0: any length).

        The packet is used up.

        A message that fits only without its new alias goes without; one that is not sent sets none.
        """
        topic = packet.topic
        tail = self._tails.get(topic)
        if tail is None and (len(self._tails) >= self._maximum or len(topic) > LONGEST_NAME):
            return encode(packet, 5)
        number = len(self._tails) + 1 if tail is None else int.from_bytes(tail[-2:], "big")
        plain = packet.properties
        packet.properties = {**(plain or {}), "topic_alias": number}
        if tail is not None:
            packet.topic = ""
            return encode(packet, 5)
        frame = encode(packet, 5)
        if max_bytes and len(frame) > max_bytes:
            packet.properties = plain
            return encode(packet, 5)
        self._set(topic)
        return frame

    def _set(self, topic: str) -> bytes:
        alias = (len(self._tails) + 1).to_bytes(2, "big")
        self._tails[topic] = b"\0\0" + _ALIAS + alias
        return alias

"""Which packets do these bytes hold, and where do they break the standard?

One pass over each chunk. A packet goes through three gates: is its type welcome here (known from its first byte),
is it small enough (known from its length), does its body read (known when it is complete). What fails at a gate ends
the connection: the decoder keeps the failure and ignores whatever follows. Because each gate looks at the shortest
prefix that decides, the result does not depend on how the bytes were cut into chunks.
"""

from typing import Any, Final

from uns.mqtt.kinds import Kind, Packet, first_bytes
from uns.mqtt.packets import connect
from uns.mqtt.packets.publish import Publish, PublishRun
from uns.mqtt.reason import Failure, PacketError, ReasonCode, malformed, protocol_error
from uns.mqtt.topic_text import known_topics
from uns.mqtt.wire import Body, PacketType, Side

LARGEST_PACKET_BYTES = 268_435_460
"""What the remaining length can announce, with the fixed header (MQTT 5, section 2.1.4)."""

_FIRST_BYTES = {(side, version): first_bytes(side, version) for side in Side for version in (None, 3, 4, 5)}
_PLAIN_PUBLISH: Final = 0x30
_NEVER: Final = -1
_NOT_INLINE: Final = 1 << 40
_INCOMPLETE: Final = -1
_NO_BOUND: Final = 1 << 40
_NOTHING_KNOWN: dict[bytes, Any] = {}


class Decoder:
    """One direction of one connection.

    side: who reads. max_packet_bytes: the largest packet taken, with its fixed header; may be changed at any time.
    version: 3, 4 or 5; a server learns it from the CONNECT, and given one it takes the CONNECT for done.
    failure: why decoding stopped, or None. `version` stays None when CONNECT asks for a version that does not exist.
    control_packets, control_bytes: how many packets other than PUBLISH were read; the reader may set them back.
    known: what the reader knows of topics, by their bytes. Neighbouring plain PUBLISH packets on these topics are
    handed over as one `PublishRun` with what is known of each, for a reader that passes them on in bulk.
    """

    __slots__ = (
        "_data",
        "_first_bytes",
        "_held",
        "_known",
        "_needed",
        "_plain",
        "_pos",
        "_property_bytes",
        "control_bytes",
        "control_packets",
        "failure",
        "max_packet_bytes",
        "side",
        "version",
    )

    def __init__(
        self,
        side: Side,
        *,
        max_packet_bytes: int = LARGEST_PACKET_BYTES,
        version: int | None = None,
        known: dict[bytes, Any] | None = None,
    ) -> None:
        if side is Side.CLIENT and version is None:
            raise ValueError("a client's decoder must be told the version of its CONNECT")
        self.side = side
        self.max_packet_bytes = max_packet_bytes
        self.version = version
        self.failure: Failure | None = None
        self.control_packets = 0
        self.control_bytes = 0
        self._known = _NOTHING_KNOWN if known is None else known
        self._data = b""
        self._pos = 0
        self._held = bytearray()
        self._needed = 0
        self._first_bytes = _FIRST_BYTES[side, None]
        self._plain = _NEVER
        self._property_bytes = 0
        if version is not None:
            self._connected(version)

    @property
    def held_bytes(self) -> int:
        """What has come and is not read: the part of a packet, and what there was no room for."""
        return len(self._held) + len(self._data) - self._pos

    def receive(self, data: bytes | bytearray | memoryview) -> list[Packet | PublishRun]:
        """The packets that are complete with this chunk, those before a failure included. Never raises."""
        self.feed(data)
        return self.read()

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take a chunk for `read`."""
        if self.failure is not None:
            return
        if self._needed:
            if len(self._held) + len(data) < self._needed:
                self._held += data
                return
            self._data = b"".join((self._held, data))
            self._held = bytearray()
            self._needed = 0
        elif self._pos < len(self._data):
            self._data = b"".join((self._data[self._pos :], data))
        else:
            self._data = data if isinstance(data, bytes) else bytes(data)
        self._pos = 0

    @property
    def behind(self) -> bool:
        """There are bytes that `read` had no room for."""
        return self._pos < len(self._data)

    def read(self, room: int = _NO_BOUND) -> list[Packet | PublishRun]:
        """The next packets that are complete, at most `room` of them, each of a run counted. Never raises."""
        packets: list[Packet | PublishRun] = []
        try:
            self._scan(packets, room)
        except PacketError as error:
            self.failure = Failure(error.reason_code, str(error))
            self._data = b""
            self._pos = 0
        return packets

    def _scan(self, packets: list[Packet | PublishRun], room: int) -> None:
        """Read complete packets and hold what is left.

        A PUBLISH of QoS 0 without properties on a known topic, the bulk of all traffic, is read right here; whatever
        looks unusual about it sends it through `_read_packet`, which alone judges.
        """
        data, pos = self._data, self._pos
        end = len(data)
        plain, property_bytes, limit = self._plain, self._property_bytes, self.max_packet_bytes
        runs = bool(self._known)
        while pos < end and room > 0:
            first = data[pos]
            if runs and first == plain:
                run = self._read_run(data, pos, room)
                count = len(run.messages)
                if count:
                    packets.append(run)
                    pos = run.stop
                    room -= count
                    continue
            room -= 1
            if first & 0xFE == plain and end - pos > 4:
                length, body = data[pos + 1], pos + 2
                if length > 0x7F:
                    high, body = data[body], pos + 3
                    length = (high << 7) + length - 0x80 if 0 < high < 0x80 else _NOT_INLINE
                stop = body + length
                topic_end = body + 2 + (data[body] << 8 | data[body + 1])
                if topic_end + property_bytes <= stop <= end and stop - pos <= limit:
                    topic = known_topics.get(data[body + 2 : topic_end])
                    if topic is not None and not (property_bytes and data[topic_end]):
                        packets.append(Publish(topic, data[topic_end + property_bytes : stop], 0, first == 0x31))
                        pos = stop
                        continue
            stop = self._read_packet(data, pos, packets)
            if stop == _INCOMPLETE:
                self._held = bytearray(data[pos:])
                pos = end
                break
            pos = stop
            plain, property_bytes = self._plain, self._property_bytes
        if pos == end:
            self._data = b""
            pos = 0
        self._pos = pos

    def _read_run(self, data: bytes, pos: int, room: int) -> PublishRun:
        """As many plain PUBLISH packets on known topics as follow each other here, maybe none."""
        run = PublishRun(data, pos)
        messages, known = run.messages, self._known
        end, limit, property_bytes = len(data), self.max_packet_bytes, self._property_bytes
        last = end - 4
        for _ in range(min(room, end)):
            if pos > last or data[pos] != _PLAIN_PUBLISH:
                break
            length, body = data[pos + 1], pos + 2
            if length > 0x7F:
                high, body = data[body], pos + 3
                if not 0 < high < 0x80 or pos == last:
                    break
                length = (high << 7) + length - 0x80
            topic_end = body + 2 + (data[body] << 8 | data[body + 1])
            start, stop = topic_end + property_bytes, body + length
            if start > stop or stop > end or stop - pos > limit:
                break
            about = known.get(data[body + 2 : topic_end])
            if about is None or (property_bytes and data[topic_end]):
                break
            messages.append((about, data[start:stop], stop))
            pos = stop
        run.stop = pos
        return run

    def _read_packet(self, data: bytes, pos: int, packets: list[Packet | PublishRun]) -> int:
        """Read one packet and return where it ends, or _INCOMPLETE, with `_needed` the bytes to wait for."""
        kind = self._first_bytes.get(data[pos])
        if kind is None:
            raise self._unwelcome(data[pos])
        length, body_pos = 0, pos + 1
        for shift in (0, 7, 14, 21):
            if body_pos >= len(data):
                self._needed = body_pos - pos + 1
                return _INCOMPLETE
            byte = data[body_pos]
            body_pos += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        else:  # section 1.5.5
            raise malformed("the remaining length is longer than four bytes")
        stop = body_pos + length
        if stop - pos > self.max_packet_bytes:  # MQTT-3.1.2-24; nothing was reserved for it
            raise PacketError(
                ReasonCode.PACKET_TOO_LARGE,
                f"{kind.number.name} announces {stop - pos} bytes, more than the {self.max_packet_bytes} allowed",
            )
        if stop > len(data):
            self._needed = stop - pos
            return _INCOMPLETE
        packets.append(self._read_body(kind, data, pos, body_pos, stop))
        if kind.number is not PacketType.PUBLISH:
            self.control_packets += 1
            self.control_bytes += stop - pos
        return stop

    def _unwelcome(self, first: int) -> PacketError:
        number = first >> 4
        if self.version is None:  # MQTT-3.1.0-1
            return protocol_error("the first packet is not a CONNECT")
        if not number:  # section 2.1.2
            return protocol_error("packet type 0 is reserved")
        name = PacketType(number).name
        if any(taken >> 4 == number for taken in self._first_bytes):  # MQTT-2.1.3-1, in 3.1.1 MQTT-2.2.2-2
            return malformed(f"{name} has wrong reserved bits in its first byte")
        if number == PacketType.CONNECT and self.side is Side.SERVER:  # MQTT-3.1.0-2
            return protocol_error("CONNECT came twice")
        return protocol_error(f"a {self.side.value} takes no {name} in this version of MQTT")

    def _read_body(self, kind: Kind, data: bytes, pos: int, body_pos: int, stop: int) -> Packet:
        body = Body(data, body_pos, stop, self.version or 0, self.side)
        if kind.number is PacketType.CONNECT:
            # kept before the rest is judged, so that a CONNACK can refuse it in the client's own version
            body.version = self.version = connect.read_version(body)
        if body.version == connect.MQTT_5 and body_pos - pos > 2 and not data[body_pos - 1]:  # MQTT-1.5.5-1
            raise malformed("the remaining length is longer than needed")
        packet = kind.read(body, data[pos] & 0x0F)
        if body:
            raise malformed(f"{kind.number.name} goes on behind its last field")
        if kind.number is PacketType.CONNECT:
            self._connected(body.version)
        return packet

    def _connected(self, version: int) -> None:
        self._first_bytes = _FIRST_BYTES[self.side, version]
        self._plain = _PLAIN_PUBLISH
        self._property_bytes = 1 if version == connect.MQTT_5 else 0

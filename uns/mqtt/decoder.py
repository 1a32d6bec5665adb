"""Which packets do these bytes hold, and where do they break the standard?

One pass over each chunk. A packet goes through three gates: is its type welcome here (known from its first byte),
is it small enough (known from its length), does its body read (known when it is complete). What fails at a gate ends
the connection: the decoder keeps the failure and ignores whatever follows. Because each gate looks at the shortest
prefix that decides, the result does not depend on how the bytes were cut into chunks.
"""

from struct import Struct

from uns.mqtt.kinds import Kind, Packet, first_bytes
from uns.mqtt.packets import connect
from uns.mqtt.packets.publish import Publish, PublishRun
from uns.mqtt.reason import Failure, PacketError, ReasonCode, malformed, protocol_error
from uns.mqtt.topic_text import known_topics
from uns.mqtt.wire import Body, PacketType, Side

LARGEST_PACKET_BYTES = 268_435_460
"""What the remaining length can announce, with the fixed header (MQTT 5, section 2.1.4)."""

_FIRST_BYTES = {(side, version): first_bytes(side, version) for side in Side for version in (None, 3, 4, 5)}
_PLAIN_PUBLISH = 0x30
_NEVER = -1
_NOT_INLINE = 1 << 40
_INCOMPLETE = -1
_HEAD = Struct(">BBH")
"""First byte, remaining length when it is one byte, length of the topic."""


class Decoder:
    """One direction of one connection.

    side: who reads. max_packet_bytes: the largest packet taken, with its fixed header; may be changed at any time.
    version: 3, 4 or 5; a server learns it from the CONNECT, and given one it takes the CONNECT for done.
    failure: why decoding stopped, or None. `version` stays None when CONNECT asks for a version that does not exist.
    control_packets, control_bytes: how many packets other than PUBLISH were read; the reader may set them back.
    runs: hand over neighbouring plain PUBLISH packets as one `PublishRun`, for a reader that passes them on in bulk.
    """

    __slots__ = (
        "_first_bytes",
        "_held",
        "_needed",
        "_plain",
        "_property_bytes",
        "control_bytes",
        "control_packets",
        "failure",
        "max_packet_bytes",
        "runs",
        "side",
        "version",
    )

    def __init__(
        self,
        side: Side,
        *,
        max_packet_bytes: int = LARGEST_PACKET_BYTES,
        version: int | None = None,
        runs: bool = False,
    ) -> None:
        if side is Side.CLIENT and version is None:
            raise ValueError("a client's decoder must be told the version of its CONNECT")
        self.side = side
        self.runs = runs
        self.max_packet_bytes = max_packet_bytes
        self.version = version
        self.failure: Failure | None = None
        self.control_packets = 0
        self.control_bytes = 0
        self._held = bytearray()
        self._needed = 0
        self._first_bytes = _FIRST_BYTES[side, None]
        self._plain = _NEVER
        self._property_bytes = 0
        if version is not None:
            self._connected(version)

    @property
    def held_bytes(self) -> int:
        """What has come of a packet that is not complete."""
        return len(self._held)

    def receive(self, data: bytes) -> list[Packet | PublishRun]:
        """The packets that are complete with this chunk, those before a failure included. Never raises."""
        if self.failure is not None:
            return []
        if self._held:
            if len(self._held) + len(data) < self._needed:
                self._held += data
                return []
            data = b"".join((self._held, data))
            self._held = bytearray()
        elif type(data) is not bytes:
            data = bytes(data)
        packets: list[Packet | PublishRun] = []
        try:
            self._scan(data, packets)
        except PacketError as error:
            self.failure = Failure(error.reason_code, str(error))
        return packets

    def _scan(self, data: bytes, packets: list[Packet | PublishRun]) -> None:
        """Read every complete packet and hold what is left.

        A PUBLISH of QoS 0 without properties on a known topic, the bulk of all traffic, is read right here; whatever
        looks unusual about it sends it through `_read_packet`, which alone judges.
        """
        pos, end = 0, len(data)
        plain, property_bytes, limit = self._plain, self._property_bytes, self.max_packet_bytes
        append, topic_of = packets.append, known_topics.get
        run_first = plain if self.runs else _NEVER
        while pos < end:
            first = data[pos]
            if first == run_first:
                run, pos = self._read_run(data, pos)
                if run.messages:
                    append(run)
                    continue
            if first & 0xFE == plain and end - pos > 4:
                length, body = data[pos + 1], pos + 2
                if length > 0x7F:
                    high, body = data[body], pos + 3
                    length = (high << 7) + length - 0x80 if 0 < high < 0x80 else _NOT_INLINE
                stop = body + length
                topic_end = body + 2 + (data[body] << 8 | data[body + 1])
                if topic_end + property_bytes <= stop <= end and stop - pos <= limit:
                    topic = topic_of(data[body + 2 : topic_end])
                    if topic is not None and not (property_bytes and data[topic_end]):
                        append(Publish(topic, data[topic_end + property_bytes : stop], 0, first == 0x31))
                        pos = stop
                        continue
            stop = self._read_packet(data, pos, packets)
            if stop == _INCOMPLETE:
                self._held = bytearray(data[pos:])
                return
            pos = stop
            plain, property_bytes = self._plain, self._property_bytes
            run_first = plain if self.runs else _NEVER

    def _read_run(self, data: bytes, pos: int) -> tuple[PublishRun, int]:
        """As many plain PUBLISH packets as follow each other here, maybe none, and where they end."""
        run = PublishRun(data, pos, [])
        add, topic_of, head_of = run.messages.append, known_topics.get, _HEAD.unpack_from
        last, end, limit, property_bytes = (
            len(data) - _HEAD.size,
            len(data),
            self.max_packet_bytes,
            self._property_bytes,
        )
        while pos <= last:
            first, length, topic_bytes = head_of(data, pos)
            if first != _PLAIN_PUBLISH:
                break
            body = pos + 4
            if length > 0x7F:  # a length of two bytes shifts the topic by one
                high = data[pos + 2]
                if not 0 < high < 0x80 or pos == last:
                    break
                length, topic_bytes, body = (high << 7) + length - 0x80, data[pos + 3] << 8 | data[pos + 4], pos + 5
            topic_end = body + topic_bytes
            start, stop = topic_end + property_bytes, body - 2 + length
            if start > stop or stop > end or stop - pos > limit:
                break
            topic = topic_of(data[body:topic_end])
            if topic is None or (property_bytes and data[topic_end]):
                break
            add((topic, data[start:stop], stop))
            pos = stop
        return run, pos

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

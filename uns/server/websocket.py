"""How does MQTT travel in a WebSocket? In binary frames whose borders mean nothing. (MQTT 5, section 6)

    HTTP request ──▶ upgrade.py ──101──▶ frames ──▶ MqttProtocol, as over TCP
                         └─ refused: answered and closed

Framing is `websockets`' protocol without I/O; compression is never offered. Received bytes are unwrapped in slices,
because a chunk may hold ten thousand frames of one byte each, and as long as the connection wants them.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import cast

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State as Phase
from websockets.server import ServerProtocol

from uns.broker import Broker, Connection, State
from uns.mqtt import ReasonCode
from uns.server.driver import CHUNK_BYTES, MqttProtocol, peer_address
from uns.server.upgrade import OPENED, Gate, answer_upgrade
from uns.server.writes import Writes

PATH = "/mqtt"
SLICE_BYTES = 4096
TURN_S = 0.005
SMALLEST_BOUND_BYTES = 65_536
"""A client may put many packets into one frame, also where the largest packet is small."""

LATE_BYTES = 16_384
"""More than this that was under way after our goodbye is not looked through for the client's, as over TCP."""

_log = logging.getLogger(__name__)
_log.setLevel(logging.WARNING)  # the library tells of every connection


class MqttWebSocket(MqttProtocol):
    """One WebSocket. `upgrade` begins it."""

    over = "WebSocket"

    def __init__(self, broker: Broker, writes: Writes, gate: Gate, *, names_user: bool = False) -> None:
        super().__init__(broker, writes, names_user=names_user)
        self._gate = gate
        bound = max(broker.limits.max_packet_bytes, SMALLEST_BOUND_BYTES)
        self._frames = ServerProtocol(state=Phase.OPEN, max_size=bound, logger=_log)
        self._unread_at = 0
        self._close_code, self._close_reason = CloseCode.NORMAL_CLOSURE, ""

    def upgrade(self, transport: asyncio.Transport, path: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Answer the request; the transport's protocol is this one from now on."""
        transport.set_protocol(cast(asyncio.Protocol, self))
        if transport.get_extra_info("sslcontext") is not None:
            self.over = "WebSocket and TLS"
        response, address = answer_upgrade(path, headers, peer_address(transport), self._gate)
        transport.write(response.serialize())
        if response.status_code == OPENED:
            self._open(transport, address)
            if self._connection is not None and self._connection.state is not State.CLOSED:
                self._connection.unread = self._unread_bytes
        else:
            self._transport = transport
            super().close()

    def _unread_bytes(self) -> int:
        """What came and has not reached the connection: what waits, and the part of a frame that is not whole yet."""
        return len(self._unread) - self._unread_at + len(self._frames.reader.buffer)

    def data_received(self, data: bytes) -> None:
        if self._connection is None:
            return  # it was refused
        if self._connection.state is not State.CLOSED:
            self._broker.laden.add(self._connection)
        self._unread = self._unread[self._unread_at :] + data if self._unread else data
        self._unread_at = 0
        if self._frames.close_sent is not None:
            self._limit_late()
        self._writes.begin()
        try:
            self._proceed_unread()
        finally:
            self._writes.end()
        self._regulate(yields=len(data) >= CHUNK_BYTES)

    def _proceed_unread(self) -> None:
        """Unwrap what was received, for one turn, while the connection wants it; after our goodbye, to see theirs."""
        connection = self._connection
        assert connection is not None
        due_s = time.monotonic() + TURN_S
        while self._unread and self._wants_input(connection):
            piece = self._unread[self._unread_at : self._unread_at + SLICE_BYTES]
            self._unread_at += len(piece)
            if self._unread_at >= len(self._unread):
                self._unread, self._unread_at = b"", 0
            self._unwrap(piece, connection)
            if time.monotonic() >= due_s:
                break

    def _wants_input(self, connection: Connection) -> bool:
        if connection.state is State.CLOSED:
            return self._writable and not self._frames.eof_sent
        return connection.wants_input

    def _unwrap(self, piece: bytes, connection: Connection) -> None:
        if connection.state is State.CLOSED:
            self._await_close(piece)
            return
        self._frames.receive_data(piece)
        payloads: list[bytes] = []
        text = ended = False
        for event in self._frames.events_received():
            assert isinstance(event, Frame)
            text = event.opcode is Opcode.TEXT
            ended = event.opcode is Opcode.CLOSE
            if text or ended:
                break
            if event.opcode in (Opcode.BINARY, Opcode.CONT):
                payloads.append(bytes(event.data))
        if payloads:
            connection.receive(b"".join(payloads))  # MQTT-6.0.0-2: packets and frames need not be aligned
        if text:
            self._refuse_text(connection)
        elif self._frames.parser_exc is not None:
            connection.broker.stats.protocol_errors += 1
            ended = True
        self._write_frames()
        if ended:
            connection.lost()  # without a DISCONNECT: its will is due

    def _refuse_text(self, connection: Connection) -> None:
        """MQTT-6.0.0-1: anything but a binary frame ends the connection."""
        self._close_code = CloseCode.UNSUPPORTED_DATA
        self._close_reason = "MQTT is sent in binary frames"
        connection.disconnect(ReasonCode.PROTOCOL_ERROR, "a text frame came: MQTT is sent in binary frames")

    def _write(self, data: bytes) -> None:
        if self._frames.state is Phase.OPEN:
            self._frames.send_binary(data)
            self._write_frames()

    def _write_frames(self) -> None:
        assert self._transport is not None
        data = b"".join(self._frames.data_to_send())  # its end-of-stream mark is the empty string
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Say goodbye and wait for the answer, or cut a peer that does not answer in time."""
        if self._transport is None or self._abort is not None:
            return
        self._cut_later()
        if self._frames.state is Phase.OPEN:
            self._frames.send_close(self._close_code, self._close_reason)
            self._write_frames()
            self._limit_late()
            self._regulate()
        else:
            self._transport.close()

    def _limit_late(self) -> None:
        assert self._transport is not None
        if len(self._unread) - self._unread_at > LATE_BYTES:
            self._unread, self._unread_at = b"", 0
            self._transport.close()

    def _await_close(self, data: bytes) -> None:
        """After our goodbye nothing counts but the client's."""
        assert self._transport is not None
        self._frames.receive_data(data)
        self._frames.events_received()
        self._write_frames()
        if self._frames.eof_sent:
            self._transport.close()

"""MQTT over sockets: who listens for the broker, who wakes it, and who says goodbye to its clients.

TCP ────────────────────────────────┐
TLS ─▶ tls.py, handshake ───────────┤─▶ driver.py ─▶ Connection
HTTP, upgraded ─▶ websocket.py ─────┘   one driver, three transports
"""

import asyncio
import logging
from functools import partial
from typing import cast

from uns.broker import Broker
from uns.server.driver import MqttProtocol
from uns.server.renewal import Served
from uns.server.tls import Handshakes, TlsListener
from uns.server.upgrade import Gate
from uns.server.websocket import MqttWebSocket
from uns.server.writes import Writes

log = logging.getLogger(__name__)

TICK_S = 0.05


class MqttListener:
    """Serves one broker on any number of addresses. `start` raises OSError when an address is taken.

    busy_poll_us: how long the loop looks for the next message before it sleeps.
    """

    def __init__(self, broker: Broker, busy_poll_us: int = 0) -> None:
        self._broker = broker
        self._servers: list[asyncio.Server] = []
        self._secure: list[TlsListener] = []
        self.handshakes = Handshakes(broker.limits.connect_timeout_s)
        self._loop = asyncio.get_running_loop()
        self._tick = self._loop.call_later(TICK_S, self._on_tick)
        self._writes = Writes(broker, self._loop, busy_ns=busy_poll_us * 1000)
        broker.turns.on_begin = self._on_turn

    async def start(self, host: str, port: int, tls: Served | None = None, *, names_user: bool = False) -> int:
        """Listen, with TLS if it is given; returns the port, which differs from `port` when that is 0.

        names_user: the certificate of a client says who it is.
        """
        if tls is not None:
            secure = TlsListener(self.handshakes, tls, partial(self._secured, names_user))
            port = await secure.start(host, port)
            self._secure.append(secure)
            return port
        server = await self._loop.create_server(self._protocol, host, port, backlog=1024)
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    def is_serving(self) -> bool:
        """Does every address that was started still listen?"""
        plain = all(server.is_serving() for server in self._servers)
        return plain and all(secure.is_serving() for secure in self._secure)

    async def stop(self) -> None:
        """Accept nobody more, say goodbye to everybody, close."""
        for server in self._servers:
            server.close()
        for secure in self._secure:
            await secure.stop()
        await self.handshakes.stop()
        self._broker.shut_down()
        while self._broker.ready:
            self._writes.flush()
        self._tick.cancel()
        leaving = []
        for protocol in list(self._writes.protocols.values()):
            protocol.close()
            leaving.append(protocol.closed)
        if leaving:
            await asyncio.wait(leaving)  # within GRACE_S: then they are cut
        for server in self._servers:
            await server.wait_closed()

    def web_socket(self, gate: Gate, *, names_user: bool = False) -> MqttWebSocket:
        """The protocol of one connection that an HTTP listener upgrades; it takes the request, then frames."""
        return MqttWebSocket(self._broker, self._writes, gate, names_user=names_user)

    def _protocol(self) -> asyncio.Protocol:
        return cast(asyncio.Protocol, MqttProtocol(self._broker, self._writes))

    def _secured(self, names_user: bool) -> asyncio.Protocol:
        return cast(asyncio.Protocol, MqttProtocol(self._broker, self._writes, over="TLS", names_user=names_user))

    def _on_turn(self) -> None:
        self._loop.call_soon(self._broker.turns.run)

    def _on_tick(self) -> None:
        self._tick = self._loop.call_later(TICK_S, self._on_tick)  # first, so that a failing timer stops no other
        due_ms = self._broker.tick()
        clock = self._broker.clock
        if due_ms is not None and due_ms <= clock.monotonic_ms() - clock.grain_ms:
            self._tick.cancel()
            self._tick = self._loop.call_later(0, self._on_tick)  # more is due than one turn of the loop takes

"""How does an edge node reach a server over the network? One MQTT connection at a time, to the servers in turn.

A connection is a client of its own: the will holds the number of the session, so it is made anew for each CONNECT. The
client library runs in a thread; everything it tells comes back on the event loop.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from uns.edge import faults
from uns.edge.backoff import Backoff
from uns.edge.servers import MqttServer
from uns.edge.uplink import UplinkUser
from uns.errors import Finding
from uns.link import Acknowledge, Message, Receive, Will
from uns.topics import matches

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10.0
SYNC_FILTER = "uns/sync"
"""Unsubscribed from, and never subscribed to: its UNSUBACK says that everything sent before has been taken."""
DISCONNECT_WITH_WILL = 0x04


class MqttOptions(msgspec.Struct, frozen=True, kw_only=True):
    """version: 5 or 4 (3.1.1). tls: for servers with TLS, None trusts the public authorities.

    sync_timeout_s: a server that does not answer for so long, while the connection stands, is as good as gone.
    """

    client_id: str
    version: int = 5
    keep_alive_s: int = 30
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None
    sync_timeout_s: float = 10.0


class MqttUplink:
    """`uns.edge.uplink.Uplink` over MQTT. `start` makes a task; await `closed` after `close`."""

    def __init__(
        self,
        servers: Sequence[MqttServer],
        options: MqttOptions,
        *,
        random: Random | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.dies_by_will = options.version == 5
        self.walks = len(servers) > 1
        self._servers = servers
        self._options = options
        self._random = random or Random()
        self._backoff = backoff or Backoff()
        self._connection: _Connection | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def server(self) -> MqttServer | None:
        """The one it is connected to."""
        return None if self._connection is None else self._connection.server

    def start(self, user: UplinkUser) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(user), name=f"uplink {self._options.client_id}")

    def publish(self, message: Message, acknowledge: Acknowledge | None = None) -> None:
        if self._connection is not None:
            self._connection.publish(message)

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        if self._connection is not None:
            self._connection.subscribe(topic_filter, receive)

    def sync(self, call: Callable[[], None]) -> None:
        if self._connection is not None:
            self._connection.sync(call)

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.end(left=True)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.end(left=True)
        if self._task is not None:
            self._task.cancel()

    async def closed(self) -> None:
        """Wait until the goodbye is out."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=CONNECT_TIMEOUT_S)

    async def _run(self, user: UplinkUser) -> None:
        failures = turn = 0
        while True:
            server = self._servers[turn % len(self._servers)]
            try:
                finding = await self._connect(server, user)
                if self._connection is not None:
                    failures = 0
                    finding = await self._stay(self._connection, user)
            except Exception as error:  # a defect of ours or of the client library must not end the connecting
                log.exception("%s: the connection to %s failed", self._options.client_id, server)
                finding = _unreachable(server, error)
                if self._connection is not None:
                    connection, self._connection = self._connection, None
                    await connection.stop()
                    user.lost()
            turn += 1  # the next server, also after a loss: who was reachable a moment ago may not be
            if finding is not None:
                user.trouble(finding)
                failures += 1
            if turn % len(self._servers) == 0 or finding is None:
                await asyncio.sleep(self._backoff.delay_s(max(0, failures // len(self._servers) - 1), self._random))

    async def _stay(self, connection: "_Connection", user: UplinkUser) -> Finding | None:
        """Until the end of the connection; why it ended, None when it was left."""
        try:
            if await connection.over:
                return None
        finally:
            self._connection = None
            await connection.stop()
        user.lost()
        return _lost(connection.server)

    async def _connect(self, server: MqttServer, user: UplinkUser) -> Finding | None:
        try:
            will = user.begin()
        except OSError as error:
            return faults.not_stored(error)
        connection = _Connection(server, self._options, will)
        try:
            await connection.start()
        except (OSError, TimeoutError, _Refused) as error:
            await connection.stop()
            return _unreachable(server, error)
        except asyncio.CancelledError:
            await connection.stop()
            raise
        log.info("%s: connected to %s", self._options.client_id, server)
        self._connection = connection
        user.trouble(None)
        user.opened()
        return None


class _Refused(Exception):
    """The server answered CONNECT with a refusal."""


class _Connection:
    """One CONNECT and what follows. over: resolves at its end, to whether it was left on purpose."""

    def __init__(self, server: MqttServer, options: MqttOptions, will: Will) -> None:
        self.server = server
        self.over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._receivers: list[tuple[str, Receive]] = []
        self._syncs: dict[int, tuple[Callable[[], None], asyncio.TimerHandle]] = {}
        self._is_5 = options.version == 5
        self._client = self._make(will)

    async def start(self) -> None:
        """Raises OSError, TimeoutError or _Refused."""
        options = self._options
        connect = partial(self._client.connect, self.server.host, self.server.port, options.keep_alive_s)
        if self._is_5:
            connect = partial(connect, clean_start=True)  # and session expiry 0, which is what none means
        await asyncio.to_thread(connect)
        self._client.loop_start()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await self._connected

    def publish(self, message: Message) -> None:
        self._client.publish(message.topic, message.payload, message.qos, message.retain)

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        """At QoS 1 (tck-id-message-flow-edge-node-ncmd-subscribe)."""
        self._receivers.append((topic_filter, receive))
        if self._is_5:
            self._client.subscribe(topic_filter, options=SubscribeOptions(qos=1))
        else:
            self._client.subscribe(topic_filter, 1)

    def sync(self, call: Callable[[], None]) -> None:
        result, mid = self._client.unsubscribe(SYNC_FILTER)
        if result is MQTTErrorCode.MQTT_ERR_SUCCESS and mid is not None:
            self._syncs[mid] = call, self._loop.call_later(self._options.sync_timeout_s, self._stalled)

    def end(self, *, left: bool) -> None:
        """Disconnect; on MQTT 5 the server publishes the will."""
        if self.over.done():
            return
        self.over.set_result(left)
        if self._is_5:
            self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, identifier=DISCONNECT_WITH_WILL))
        else:
            self._client.disconnect()

    async def stop(self) -> None:
        """End the thread of the client; a goodbye is out before."""
        if not self.over.done():
            self.end(left=True)
        for _, timer in self._syncs.values():
            timer.cancel()
        self._syncs.clear()
        await asyncio.to_thread(self._client.loop_stop)
        socket = self._client.socket()
        if socket is not None:
            socket.close()  # it was lost without an end: the server finds out, and publishes the will
        # Nothing holds the client now, so its other sockets go at once, not when garbage is collected.
        self._client.on_connect = self._client.on_disconnect = None
        self._client.on_message = self._client.on_unsubscribe = None

    def _make(self, will: Will) -> paho.Client:
        options = self._options
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            options.client_id,
            clean_session=None if self._is_5 else True,
            protocol=MQTTProtocolVersion(options.version),
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.will_set(will.topic, will.payload, will.qos, will.retain)
        if options.user:
            client.username_pw_set(options.user, options.password)
        if self.server.tls:
            client.tls_set_context(options.tls or ssl.create_default_context())
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_unsubscribe = self._on_unsubscribe
        return client

    # --- in the thread of the client ----------------------------------------------------------------------------------

    def _on_connect(
        self, client: paho.Client, userdata: Any, flags: Any, reason: ReasonCode, properties: PahoProperties | None
    ) -> None:
        self._tell(self._answered, str(reason) if reason.is_failure else "")

    def _on_disconnect(
        self, client: paho.Client, userdata: Any, flags: Any, reason: ReasonCode, properties: PahoProperties | None
    ) -> None:
        self._tell(self._gone, str(reason))

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        self._tell(self._received, Message(message.topic, bytes(message.payload), message.qos, message.retain))

    def _on_unsubscribe(
        self,
        client: paho.Client,
        userdata: Any,
        mid: int,
        reasons: list[ReasonCode],
        properties: PahoProperties | None,
    ) -> None:
        self._tell(self._synced, mid)

    def _tell(self, call: Callable[..., None], *arguments: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    # --- on the event loop --------------------------------------------------------------------------------------------

    def _answered(self, refusal: str) -> None:
        if self._connected.done():
            return
        if refusal:
            self._connected.set_exception(_Refused(refusal))
        else:
            self._connected.set_result(None)

    def _gone(self, reason: str) -> None:
        if not self._connected.done():
            self._connected.set_exception(_Refused(reason))
        if not self.over.done():
            self.over.set_result(False)

    def _received(self, message: Message) -> None:
        for topic_filter, receive in self._receivers:
            if matches(topic_filter, message.topic):
                receive(message)
                return

    def _synced(self, mid: int) -> None:
        waiting = self._syncs.pop(mid, None)
        if waiting is not None and not self.over.done():
            call, timer = waiting
            timer.cancel()
            call()

    def _stalled(self) -> None:
        if not self.over.done():
            log.warning("%s: %s does not answer", self._options.client_id, self.server)
            self.over.set_result(False)


def _unreachable(server: MqttServer, error: Exception) -> Finding:
    return Finding(
        id="unreachable.server",
        what=f"{server} takes no connection: {error or type(error).__name__}.",
        hint="Check the address, the network and the login. It is tried again; values are kept until then.",
    )


def _lost(server: MqttServer) -> Finding:
    return Finding(
        id="unreachable.server",
        what=f"the connection to {server} was lost.",
        hint="It is taken up again; values are kept until then.",
    )

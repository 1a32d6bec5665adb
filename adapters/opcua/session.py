"""How is one OPC UA session opened, read and subscribed to? Only this file calls the client of asyncua.

asyncua's own reconnecting is not used: after a pause of the server it reports success and delivers nothing. Every
session is new, requests respect the server's operation limits, and notifications are taken whole from the publish
responses, since the library's queue drops silently.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from asyncua import Client, ua
from asyncua.crypto import security_policies

from adapters.opcua.faults import translated
from adapters.opcua.options import Options, SecurityPolicy, Setup

# Whatever it has to say is raised to us and stands in the source's status.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)

SESSION_TIMEOUT_MS = 30_000
GOODBYE_S = 1.0
KEEP_ALIVE_MS = 1000
DEFAULT_CHUNK = 500  # where the server names no limit; S7-1200 takes 1000
_LIFETIMES = 20  # the server drops the subscription after this many keep-alives without us

Publish = Callable[[ua.PublishResult], None]
T = TypeVar("T")


class MonitoredNode(msgspec.Struct, frozen=True):
    """What to create an item for. handle: comes back with each notification."""

    node: ua.NodeId
    handle: int
    sampling_ms: int


class Session:
    """An open session. Every failure is raised as Retriable or Fatal."""

    def __init__(self, client: Client, setup: Setup) -> None:
        self._client = client
        self._endpoint = setup.endpoint
        self._options = setup.options
        self._read_chunk = DEFAULT_CHUNK
        self._monitor_chunk = DEFAULT_CHUNK
        self.namespaces: list[str] = []

    async def learn_limits(self) -> None:
        """Read the namespace table and OperationLimits (Part 5, section 6.3.11)."""
        ids = ua.ObjectIds
        nodes = [
            ua.NodeId(ids.Server_NamespaceArray),
            ua.NodeId(ids.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead),
            ua.NodeId(ids.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall),
        ]
        namespaces, read, monitor = await self.read(nodes)
        self.namespaces = list(_value(namespaces) or [])
        self._read_chunk = _limit(read)
        self._monitor_chunk = _limit(monitor)

    def node_id(self, uri: str, text: str) -> ua.NodeId | None:
        """A NodeId in a namespace given by URI (or in the text); None when the server has no such namespace."""
        node: ua.NodeId = ua.NodeId.from_string(text)
        if not uri:
            return node
        if uri not in self.namespaces:
            return None
        return ua.NodeId(node.Identifier, self.namespaces.index(uri), node.NodeIdType)

    async def read(
        self, nodes: Sequence[ua.NodeId], attribute: ua.AttributeIds = ua.AttributeIds.Value
    ) -> list[ua.DataValue]:
        """One DataValue per node, with its own status."""
        values: list[ua.DataValue] = []
        with translated(self._endpoint):
            for chunk in _chunks(nodes, self._read_chunk):
                values += await self._client.uaclient.read_attributes(list(chunk), attribute)
        return values

    async def write(self, node: ua.NodeId, value: ua.Variant) -> ua.StatusCode:
        """Write a value, without times or status, which many servers refuse to take."""
        with translated(self._endpoint):
            results = await self._client.uaclient.write_attributes([node], [ua.DataValue(value, StatusCode=None)])
        return results[0]

    async def subscribe(self, nodes: Sequence[MonitoredNode], publish: Publish) -> tuple[list[int], float]:
        """Create the subscription and its items; returns a status per item and the keep-alive time in ms.

        `publish` is called with each publish response, keep-alives included.
        """
        interval = float(self._options.publishing_interval)
        keep_alives = max(1, round(KEEP_ALIVE_MS / interval))
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=interval,
            RequestedMaxKeepAliveCount=keep_alives,
            RequestedLifetimeCount=_LIFETIMES * keep_alives,
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
        )
        with translated(self._endpoint):
            made = await self._client.uaclient.create_subscription(parameters, publish)
            statuses: list[int] = []
            for chunk in _chunks(nodes, self._monitor_chunk):
                request = ua.CreateMonitoredItemsParameters(
                    SubscriptionId=made.SubscriptionId,
                    TimestampsToReturn=ua.TimestampsToReturn.Both,
                    ItemsToCreate=[self._item(node) for node in chunk],
                )
                results = await self._client.uaclient.create_monitored_items(request)
                statuses += [result.StatusCode.value for result in results]
        return statuses, made.RevisedPublishingInterval * made.RevisedMaxKeepAliveCount

    def _item(self, node: MonitoredNode) -> ua.MonitoredItemCreateRequest:
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=node.node, AttributeId=ua.AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(
                ClientHandle=node.handle,
                SamplingInterval=float(node.sampling_ms),
                QueueSize=self._options.queue_size,
                DiscardOldest=True,
            ),
        )


@asynccontextmanager
async def open_session(setup: Setup, on_lost: Callable[[], None]) -> AsyncIterator[Session]:
    """Connect, log in and learn the limits; `on_lost` is called when the connection breaks. Closes at the end."""
    options = setup.options
    client = Client(setup.endpoint, timeout=options.timeout / 1000, watchdog_intervall=options.timeout / 1000)
    client.name = client.description = "uns-platform"
    client.application_uri = options.application_uri
    client.session_timeout = SESSION_TIMEOUT_MS

    async def lost(_error: Exception) -> None:
        on_lost()

    client.connection_lost_callback = lost
    with translated(setup.endpoint, opening_secure=options.security_policy is not SecurityPolicy.NONE):
        await _secure(client, options)
        await client.connect(auto_reconnect=False)
    try:
        session = Session(client, setup)
        await session.learn_limits()
        yield session
    finally:
        await _close(client)


async def _close(client: Client) -> None:
    """Say goodbye, but not for long: a server that hangs must not hold up the next attempt."""
    try:
        async with asyncio.timeout(GOODBYE_S):
            await client.disconnect()
    except TimeoutError:
        client.disconnect_socket()


async def _secure(client: Client, options: Options) -> None:
    if options.username:
        client.set_user(options.username)
        client.set_password(options.password)
    if options.security_policy is not SecurityPolicy.NONE:
        await client.set_security(
            getattr(security_policies, f"SecurityPolicy{options.security_policy}"),
            options.certificate,
            options.private_key,
            server_certificate=options.server_certificate,
            mode=ua.MessageSecurityMode[options.security_mode],
        )


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _limit(value: ua.DataValue) -> int:
    """A limit of 0, or none, means that the server names none."""
    return _value(value) or DEFAULT_CHUNK


def _value(value: ua.DataValue) -> Any:
    return value.Value.Value if value.Value is not None else None

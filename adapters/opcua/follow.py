"""Which of the configured nodes exist, and how do their notifications become readings?"""

import asyncio
from collections.abc import Mapping

import msgspec
from asyncua import ua

from adapters.opcua import faults
from adapters.opcua.options import Setup, split_namespace
from adapters.opcua.session import MonitoredNode, Session
from adapters.opcua.values import (
    TYPES,
    datatype_of_node,
    datatype_of_value,
    overflowed,
    quality,
    timestamp_ms,
    to_python,
    to_variant,
)
from uns.adapter import Fatal, Point, Reading, Retriable, Sink
from uns.adapter_faults import write_refused
from uns.errors import Finding
from uns.samples import DataType, Quality

SILENT_AFTER_S = 5.0
"""The least time without any publish response after which the subscription counts as dead."""


class Followed(msgspec.Struct, frozen=True):
    """The points that exist. first: the values read while looking for them."""

    nodes: Mapping[Point, ua.NodeId]
    datatypes: Mapping[Point, DataType]
    first: list[Reading]


async def find_nodes(session: Session, setup: Setup, sink: Sink) -> Followed:
    """Read every node once: it tells which exist, their datatypes and their present values. Reports the others."""
    wanted = _resolve(session, setup, sink)
    nodes: dict[Point, ua.NodeId] = {}
    datatypes: dict[Point, DataType] = {}
    first: dict[Point, Reading] = {}
    untyped: list[Point] = []
    for (point, node), value in zip(wanted.items(), await session.read(list(wanted.values())), strict=True):
        finding = faults.absent(point, setup.nodes[point].node, _status(value), session.namespaces)
        if finding is not None:
            sink.missing(point, finding)
            continue
        nodes[point] = node
        first[point] = to_reading(point, value)
        datatype = point.datatype or datatype_of_value(value.Value)
        if datatype is None:
            untyped.append(point)
        else:
            datatypes[point] = datatype
    for point, datatype in await _declared_types(session, {point: nodes[point] for point in untyped}):
        if datatype is None:
            sink.missing(point, faults.untyped(point, setup.nodes[point].node))
            del nodes[point], first[point]
        else:
            datatypes[point] = datatype
    return Followed(nodes, datatypes, list(first.values()))


def to_reading(point: Point, value: ua.DataValue) -> Reading:
    """One DataValue as a reading; Good without a value is GoodNoData, Bad carries none."""
    trust = quality(_status(value))
    content = to_python(value.Value) if trust in (Quality.GOOD, Quality.UNCERTAIN) else None
    if content is None and trust is Quality.GOOD:
        trust = Quality.GOOD_NO_DATA
    return Reading(point, content, trust, timestamp_ms(value))


class Inbox:
    """Takes publish responses, hands readings on, and notices when no response comes any more."""

    def __init__(self, endpoint: str, sink: Sink) -> None:
        self._endpoint = endpoint
        self._sink = sink
        self._points: list[Point] = []
        self._arrived = asyncio.Event()
        self._failure: Exception | None = None

    def lost(self) -> None:
        """The connection is gone."""
        self._fail(Retriable(faults.connection_lost(self._endpoint)))

    async def follow(self, session: Session, setup: Setup, followed: Followed) -> None:
        """Announce the points, subscribe, and run until something breaks off."""
        self._sink.connected(followed.datatypes)
        self._sink.emit(followed.first)
        self._points = list(followed.nodes)
        items = [
            MonitoredNode(node, handle, setup.sampling_ms(setup.nodes[point]))
            for handle, (point, node) in enumerate(followed.nodes.items())
        ]
        statuses, keep_alive_ms = await session.subscribe(items, self.publish)
        for point, status in zip(self._points, statuses, strict=True):
            if quality(status) is Quality.BAD:
                self._sink.missing(point, _unmonitored(point, setup, status, session))
        await self._watch(max(SILENT_AFTER_S, 2.5 * keep_alive_ms / 1000))

    def publish(self, result: ua.PublishResult) -> None:
        """One publish response, perhaps a keep-alive: what it does not name has not changed.

        Exceptions would be swallowed by the caller, so they are kept.
        """
        try:
            for notification in result.NotificationMessage.NotificationData or ():
                if isinstance(notification, ua.DataChangeNotification):
                    self._take(notification)
                elif isinstance(notification, ua.StatusChangeNotification):
                    self.lost()
            if self._failure is None:
                self._sink.alive()
        except Exception as error:
            self._fail(error)
        self._arrived.set()

    def _take(self, notification: ua.DataChangeNotification) -> None:
        points = self._points
        items = notification.MonitoredItems
        self._sink.emit([to_reading(points[item.ClientHandle], item.Value) for item in items])
        drops = sum(overflowed(_status(item.Value)) for item in items)
        if drops:
            self._sink.dropped(drops)

    def _fail(self, failure: Exception) -> None:
        self._failure = self._failure or failure
        self._arrived.set()

    async def _watch(self, patience_s: float) -> None:
        while True:
            try:
                async with asyncio.timeout(patience_s):
                    await self._arrived.wait()
            except TimeoutError as error:
                raise Retriable(faults.silent(self._endpoint, patience_s)) from error
            self._arrived.clear()
            if self._failure is not None:
                raise self._failure


async def write_value(session: Session, followed: Followed, point: Point, value: object) -> None:
    """Write in the type of the node's present value. Raises Fatal when the server or the type refuses."""
    node = followed.nodes.get(point)
    if node is None:
        raise Fatal(_unwritable(point, "the server does not know this node"))
    present = (await session.read([node]))[0].Value
    like = present.VariantType if present is not None and present.VariantType in TYPES else None
    if like is None:
        raise Fatal(_unwritable(point, "the type of the node is not known"))
    try:
        variant = to_variant(value, like)
    except (ValueError, OverflowError) as error:
        raise Fatal(_unwritable(point, str(error))) from error
    status = await session.write(node, variant)
    if not status.is_good():
        raise Fatal(_unwritable(point, f"the server answers {status.name}"))


def _resolve(session: Session, setup: Setup, sink: Sink) -> dict[Point, ua.NodeId]:
    wanted: dict[Point, ua.NodeId] = {}
    for point, address in setup.nodes.items():
        uri, text = split_namespace(address.node)
        node = session.node_id(uri, text)
        if node is None:
            known = ", ".join(session.namespaces)
            sink.missing(
                point,
                Finding(
                    id="source.node_unknown",
                    what=f"{point.device}/{point.name}: the server has no namespace '{uri}'.",
                    where=point.where("node"),
                    hint=f"Write one of its namespaces: {known}.",
                ),
            )
        else:
            wanted[point] = node
    return wanted


async def _declared_types(session: Session, nodes: Mapping[Point, ua.NodeId]) -> list[tuple[Point, DataType | None]]:
    """The datatypes of nodes that have no (scalar) value, by their attributes DataType and ValueRank."""
    types = await session.read(list(nodes.values()), ua.AttributeIds.DataType)
    ranks = await session.read(list(nodes.values()), ua.AttributeIds.ValueRank)
    return [
        (point, None if _array(rank) or kind.Value is None else datatype_of_node(kind.Value.Value))
        for point, kind, rank in zip(nodes, types, ranks, strict=True)
    ]


def _array(rank: ua.DataValue) -> bool:
    return rank.Value is not None and isinstance(rank.Value.Value, int) and rank.Value.Value >= 0


def _status(value: ua.DataValue) -> int:
    return 0 if value.StatusCode is None else int(value.StatusCode.value)


def _unmonitored(point: Point, setup: Setup, status: int, session: Session) -> Finding:
    node = setup.nodes[point].node
    return faults.absent(point, node, status, session.namespaces) or Finding(
        id="source.node_denied",
        what=f"{point.device}/{point.name}: the server does not monitor '{node}' ({ua.StatusCode(status).name}).",
        where=point.where("node"),
        hint="Look at the server's limits on monitored items.",
    )


def _unwritable(point: Point, why: str) -> Finding:
    return write_refused(
        point, "node", why, "Write a value of the node's type, and give this user write access in the server."
    )

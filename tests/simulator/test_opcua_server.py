"""The OPC UA server as a client sees it: nodes, types, timestamps, subscriptions, writes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from asyncua import Client, Node, ua

from tests.simulator.conftest import Simulator
from tests.simulator.plant_files import attributes, points
from uns.simulator.opcua_server import NAMESPACE_URI
from uns.simulator.process.plant import Plant

NODES = {tag: point["node"] for tag, point in points().items() if "node" in point}


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[Client]:
    async with Client(simulator.opcua_endpoint) as client:
        yield client


class Changes:
    """Collects data changes and lets a test wait for one."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[Node, ua.DataValue]] = asyncio.Queue()

    def datachange_notification(self, node: Node, _value: object, data: object) -> None:
        self.queue.put_nowait((node, data.monitored_item.Value))  # type: ignore[attr-defined]


async def test_every_node_of_the_sources_has_a_value_that_keeps_its_contract(client):
    values = await client.read_values([client.get_node(node) for node in NODES.values()])
    for tag, value in zip(NODES, values, strict=True):
        attribute = attributes()[tag]
        assert value is not None, tag
        assert not attribute.enum or value in attribute.enum, tag
        if attribute.type in ("number", "integer"):
            assert attribute.min <= value, tag
            assert attribute.max is None or value <= attribute.max, tag


@pytest.mark.parametrize(
    ("tag", "variant_type"),
    [
        ("line1/filler/temperature", ua.VariantType.Double),
        ("line1/filler/speed/actual", ua.VariantType.Float),
        ("line1/filler/speed/setpoint", ua.VariantType.Float),
        ("line1/filler/count/good", ua.VariantType.UInt32),
        ("line1/filler/alarm/fault", ua.VariantType.Boolean),
        ("line2/palletiser/layer", ua.VariantType.UInt16),
        ("line2/capper/state", ua.VariantType.String),
    ],
)
async def test_types_timestamps_and_quality(client, tag, variant_type):
    data = await client.get_node(NODES[tag]).read_data_value()
    assert data.Value.VariantType is variant_type
    assert data.StatusCode.is_good()
    assert datetime.now(UTC) - data.SourceTimestamp < timedelta(minutes=5)


async def test_the_namespace_of_the_nodes_is_the_third(client):
    assert await client.get_namespace_index(NAMESPACE_URI) == 2


async def test_the_tree_can_be_browsed(client):
    filler = await client.nodes.objects.get_child(["2:line1", "2:filler"])
    children = {(await child.read_browse_name()).Name for child in await filler.get_children()}
    assert {"state", "speed", "count", "temperature", "alarm"} <= children
    speed = await filler.get_child(["2:speed", "2:setpoint"])
    assert speed.nodeid.to_string() == NODES["line1/filler/speed/setpoint"]


async def test_changes_arrive_with_newer_source_timestamps(client):
    changes = Changes()
    subscription = await client.create_subscription(100, changes)
    await subscription.subscribe_data_change(client.get_node(NODES["line1/filler/volume"]))
    async with asyncio.timeout(10):
        seen = [(await changes.queue.get())[1] for _ in range(3)]
    assert seen[0].SourceTimestamp < seen[1].SourceTimestamp < seen[2].SourceTimestamp
    assert len({data.Value.Value for data in seen}) > 1
    await subscription.delete()


async def test_a_setpoint_is_taken_and_the_machine_follows(client):
    setpoint = client.get_node(NODES["line2/filler/speed/setpoint"])
    actual = client.get_node(NODES["line2/filler/speed/actual"])
    await setpoint.write_value(ua.Variant(370.0, ua.VariantType.Float))
    assert await setpoint.read_value() == 370.0
    async with asyncio.timeout(20):
        changes = Changes()
        subscription = await client.create_subscription(100, changes)
        await subscription.subscribe_data_change(actual)
        while abs((await changes.queue.get())[1].Value.Value - 370.0) > 2.0:
            pass
        await subscription.delete()
    assert await setpoint.read_value() == 370.0


@pytest.mark.parametrize(
    ("tag", "value", "variant_type", "error"),
    [
        ("line1/filler/speed/setpoint", 481.0, ua.VariantType.Float, ua.uaerrors.BadOutOfRange),
        ("line1/filler/speed/setpoint", float("nan"), ua.VariantType.Float, ua.uaerrors.BadOutOfRange),
        ("line1/filler/speed/setpoint", 100.0, ua.VariantType.Double, ua.uaerrors.BadTypeMismatch),
        ("line1/filler/speed/setpoint", "fast", ua.VariantType.String, ua.uaerrors.BadTypeMismatch),
        ("line1/filler/speed/setpoint", None, ua.VariantType.Null, ua.uaerrors.BadTypeMismatch),
        ("line1/filler/speed/setpoint", [1.0, 2.0], ua.VariantType.Float, ua.uaerrors.BadTypeMismatch),
        ("line1/filler/temperature", 5.0, ua.VariantType.Double, ua.uaerrors.BadUserAccessDenied),
    ],
)
async def test_other_writes_are_refused_and_change_nothing(client, tag, value, variant_type, error):
    node = client.get_node(NODES["line1/filler/speed/setpoint"])
    before = await node.read_value()
    with pytest.raises(error):
        await client.get_node(NODES[tag]).write_value(ua.Variant(value, variant_type))
    assert await node.read_value() == before


async def test_a_failed_sensor_reads_bad_without_a_value_and_recovers():
    """In this process, where the moment of the failure can be chosen."""
    from uns.simulator.opcua_server import OpcUaServer

    plant = Plant(Random(1))
    server, tag, now = OpcUaServer(plant), "line1/filler/temperature", datetime.now(UTC)
    await server.start("127.0.0.1", 0)
    try:
        async with Client(server.endpoint) as client:
            node = client.get_node(NODES[tag])
            await server.publish(plant.values(), {tag}, now)
            data = await node.read_data_value(raise_on_bad_status=False)
            assert (data.StatusCode.name, data.Value.Value) == ("BadSensorFailure", None)
            await server.publish(plant.values(), set(), now + timedelta(seconds=1))
            data = await node.read_data_value()
            assert data.StatusCode.is_good()
            assert data.Value.VariantType is ua.VariantType.Double
    finally:
        await server.stop()

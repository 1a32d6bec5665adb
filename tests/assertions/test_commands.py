"""Commands of the host: NCMD and DCMD as they go out."""

import pytest

from tests.host.test_application import GROUP, TREE, Edge, Plant
from tests.support.real_broker import RealBroker
from uns.errors import UnsError
from uns.link import Message
from uns.samples import DataType
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.decode import decode
from uns.sparkplug.payload import REBIRTH, Payload


class Commands:
    """A host and an edge node with a writable metric of its own and of a device; what the host sent them."""

    def __init__(self) -> None:
        self.plant = Plant(RealBroker)
        self.plant.host.start()
        self.plant.clock.advance(10)
        self.edge = Edge(self.plant, goal=DataType.INT16)
        self.edge.node.declare("", "rate", DataType.UINT32)
        self.edge.connect()
        self.plant.clock.advance(1000)
        self.plant.host.command(f"{TREE}/filler/goal", -5)
        self.plant.host.command(f"{TREE}/rate", 7)
        self.plant.host.request_rebirth(GROUP, "line1")

    def on(self, kind: str) -> list[tuple[Message, Payload]]:
        found = []
        for message in self.plant.broker.on(f"spBv1.0/{GROUP}/{kind}/"):
            payload, findings = decode(message.payload)
            assert payload is not None
            assert not findings
            found.append((message, payload))
        return found


@pytest.fixture(scope="module")
def commands() -> Commands:
    return Commands()


@pytest.mark.assertion(
    "topics-ncmd-topic",
    "topics-dcmd-topic",
    "operational-behavior-data-commands-ncmd-verb",
    "operational-behavior-data-commands-dcmd-verb",
    "operational-behavior-data-commands-ncmd-rebirth-verb",
)
def test_nodes_are_written_with_ncmd_and_devices_with_dcmd(commands: Commands):
    assert [message.topic for message, _ in commands.on("NCMD")] == [f"spBv1.0/{GROUP}/NCMD/line1"] * 2
    assert [message.topic for message, _ in commands.on("DCMD")] == [f"spBv1.0/{GROUP}/DCMD/line1/filler"]


@pytest.mark.assertion(
    "topics-ncmd-mqtt",
    "topics-dcmd-mqtt",
    "payloads-ncmd-qos",
    "payloads-ncmd-retain",
    "payloads-dcmd-qos",
    "payloads-dcmd-retain",
)
def test_commands_go_at_qos_0_and_are_not_retained(commands: Commands):
    sent = [message for kind in ("NCMD", "DCMD") for message, _ in commands.on(kind)]
    assert len(sent) == 3
    assert {(message.qos, message.retain) for message in sent} == {(0, False)}


@pytest.mark.assertion(
    "topics-ncmd-timestamp",
    "topics-dcmd-timestamp",
    "payloads-ncmd-timestamp",
    "payloads-dcmd-timestamp",
    "payloads-ncmd-seq",
    "payloads-dcmd-seq",
    "payloads-name-cmd-requirement",
)
def test_commands_tell_their_time_and_have_no_seq(commands: Commands):
    now_ms = commands.plant.clock.wall_ms()
    for kind in ("NCMD", "DCMD"):
        for _, payload in commands.on(kind):
            assert (payload.timestamp_ms, payload.seq) == (now_ms, None)
            assert all(metric.timestamp_ms in (None, now_ms) for metric in payload.metrics)


@pytest.mark.assertion(
    "topics-ncmd-payload",
    "topics-dcmd-payload",
    "operational-behavior-data-commands-ncmd-metric-name",
    "operational-behavior-data-commands-dcmd-metric-name",
    "operational-behavior-data-commands-ncmd-metric-value",
    "operational-behavior-data-commands-dcmd-metric-value",
)
def test_commands_hold_the_metric_of_the_birth_with_a_value_of_its_type(commands: Commands):
    [(_, node), _] = commands.on("NCMD")
    [(_, device)] = commands.on("DCMD")
    assert [(each.datatype, each.value) for each in node.metrics] == [(DataType.UINT32, 7)]
    assert [(each.datatype, each.value) for each in device.metrics] == [(DataType.INT16, -5)]
    born = {metric.alias for _, payload in commands.on("DBIRTH") for metric in payload.metrics}
    assert device.metrics[0].alias in born
    assert [(write.device, write.metric, write.value) for write in commands.edge.writes] == [
        ("filler", "goal", -5),
        ("", "rate", 7),
    ]
    for topic, value in ((f"{TREE}/filler/goal", 40_000), (f"{TREE}/filler/goal", "x"), (f"{TREE}/filler/no", 1)):
        with pytest.raises(UnsError):
            commands.plant.host.command(topic, value)


@pytest.mark.assertion(
    "operational-behavior-data-commands-ncmd-rebirth-name", "operational-behavior-data-commands-ncmd-rebirth-value"
)
def test_a_rebirth_is_asked_for_by_name_with_true(commands: Commands):
    _, (_, payload) = commands.on("NCMD")
    [metric] = payload.metrics
    assert (metric.name, metric.datatype, metric.value) == (REBIRTH, SparkplugType.BOOLEAN, True)

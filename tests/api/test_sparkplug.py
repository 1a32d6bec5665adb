"""Sparkplug edge nodes over HTTP: a real host on the real broker, an edge node beside it."""

import asyncio
from base64 import b64decode

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from tests.api.conftest import Connect, error_of
from tests.api.plant import PASSWORD, TEMPERATURE
from tests.support.clock import FakeClock
from tests.support.until import until_async
from uns.api import Platform, create_app
from uns.broker import Broker
from uns.host.application import SparkplugHost
from uns.link import Message
from uns.samples import DataType, Quality, Sample
from uns.server.link import BrokerLink
from uns.sparkplug.command import RebirthRequested, Write
from uns.sparkplug.edge import EdgeNode
from uns.sparkplug.events import Values
from uns.sparkplug.host import HostSession
from uns.sparkplug.topic import parse_topic

GROUP = "acme:ghent:packaging"
NODE = f"/api/v1/sparkplug/nodes/{GROUP}/line1"


class Edge:
    """An edge node on the broker; asked: what commands asked of it."""

    def __init__(self, broker: Broker, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[RebirthRequested | Write] = []
        self.link = BrokerLink(broker, "plc-7")
        self.node = EdgeNode(GROUP, "line1", on_finding=lambda finding: pytest.fail(str(finding)))
        self.node.declare("filler", "temperature", DataType.DOUBLE, unit="Cel")
        self.node.declare("filler", "speed/setpoint", DataType.INT32)
        now_ms = clock.wall_ms()
        self.node.data("filler", [("temperature", Sample(21.5, Quality.GOOD, now_ms))], now_ms)
        self.node.join("filler", now_ms)
        self.link.open(self.node.will(now_ms))
        for topic_filter in self.node.subscriptions:
            self.link.subscribe(topic_filter, self.receive)
        for message in self.node.births(now_ms):
            self.link.publish(message.topic, message.payload)

    def receive(self, message: Message) -> None:
        self.asked += self.node.receive(message.topic, message.payload, self.clock.wall_ms())


@pytest.fixture
def platform(platform: Platform, broker: Broker, clock: FakeClock) -> Platform:
    host = SparkplugHost(
        BrokerLink(broker, "sparkplug-host"), clock, "uns", lambda finding, message: pytest.fail(str(finding))
    )
    host.start()
    clock.advance(10)
    return msgspec.structs.replace(platform, sparkplug=host)


@pytest.fixture
def app(platform: Platform) -> FastAPI:
    return create_app(platform)


@pytest.fixture
def edge(platform: Platform, broker: Broker, clock: FakeClock) -> Edge:
    made = Edge(broker, clock)
    clock.advance(2000)
    return made


@pytest.fixture
async def ida(connect: Connect):
    """May publish commands of Sparkplug."""
    async with connect(auth=("ida", PASSWORD)) as client:
        yield client


async def test_nodes_are_listed_with_their_session(client: httpx.AsyncClient, edge: Edge) -> None:
    [node] = (await client.get("/api/v1/sparkplug/nodes")).json()["nodes"]
    assert (node["group"], node["node"], node["state"], node["bd_seq"]) == (GROUP, "line1", "online", 0)
    assert node["client"] == "plc-7"
    assert node["counts"] == {"NBIRTH": 1, "DBIRTH": 1}
    assert [(device["name"], device["online"], device["metrics"]) for device in node["devices"]] == [
        ("filler", True, 2)
    ]
    assert node["rebirths"] == {"requests": 0, "unanswered": 0, "cause": ""}


async def test_nodes_are_listed_by_state(client: httpx.AsyncClient, edge: Edge) -> None:
    async def names(state: str) -> list[str]:
        answer = await client.get("/api/v1/sparkplug/nodes", params={"state": state})
        return [node["node"] for node in answer.json()["nodes"]]

    assert (await names("online"), await names("offline")) == (["line1"], [])
    edge.link.close(send_will=True)
    assert (await names("online"), await names("offline")) == ([], ["line1"])
    assert (await client.get("/api/v1/sparkplug/nodes", params={"state": "lost"})).status_code == 422


async def test_a_node_is_shown_with_what_it_was_born_with(client: httpx.AsyncClient, edge: Edge) -> None:
    shown = (await client.get(NODE)).json()
    by_name = {metric["name"]: metric for metric in shown["born"]}
    assert set(by_name) == {"bdSeq", "Node Control/Rebirth", "temperature", "speed/setpoint"}
    temperature = by_name["temperature"]
    assert temperature | {"alias": 0, "timestamp": ""} == {
        "device": "filler", "name": "temperature", "alias": 0, "datatype": "Double", "unit": "Cel", "template": None,
        "topic": TEMPERATURE, "value": 21.5, "quality": "Good", "timestamp": "",
    }  # fmt: skip
    assert by_name["bdSeq"]["topic"] is None


async def test_values_that_a_user_may_not_read_are_left_out(connect: Connect, edge: Edge, broker: Broker) -> None:
    other = Edge.__new__(Edge)
    other.clock, other.link = edge.clock, BrokerLink(broker, "plc-8")
    node = EdgeNode("acme:ghent:packaging", "line2", on_finding=lambda finding: None)
    node.declare("filler", "temperature", DataType.DOUBLE)
    now_ms = edge.clock.wall_ms()
    node.data("filler", [("temperature", Sample(5.5, Quality.GOOD, now_ms))], now_ms)
    node.join("filler", now_ms)
    other.link.open(node.will(now_ms))
    for message in node.births(now_ms):
        other.link.publish(message.topic, message.payload)
    async with connect(auth=("ann", PASSWORD)) as ann:
        shown = [(await ann.get(f"/api/v1/sparkplug/nodes/{GROUP}/{name}")).json() for name in ("line1", "line2")]
    values = [metric["value"] for each in shown for metric in each["born"] if metric["name"] == "temperature"]
    assert values == [21.5, None]


async def test_a_rebirth_reaches_the_node_and_a_second_one_waits(ida: httpx.AsyncClient, edge: Edge) -> None:
    assert (await ida.post(f"{NODE}/rebirth")).json() == {"sent": True}
    assert edge.asked == [RebirthRequested()]
    assert (await ida.post(f"{NODE}/rebirth")).json() == {"sent": False}
    rebirths = (await ida.get(NODE)).json()["rebirths"]
    assert rebirths == {"requests": 1, "unanswered": 1, "cause": "asked for by an operator"}


async def test_a_command_is_typed_from_the_birth(ida: httpx.AsyncClient, edge: Edge) -> None:
    body = {"device": "filler", "metric": "speed/setpoint", "value": 120}
    answer = await ida.post(f"{NODE}/commands", json=body)
    assert answer.json() == {"topic": f"spBv1.0/{GROUP}/DCMD/line1/filler"}
    assert edge.asked == [Write("filler", "speed/setpoint", DataType.INT32, 120)]


@pytest.mark.parametrize(
    ("body", "status", "id_", "nearest"),
    [
        ({"device": "filler", "metric": "speed/setpont", "value": 1}, 404, "unknown.metric", "speed/setpoint"),
        ({"device": "filer", "metric": "speed/setpoint", "value": 1}, 404, "unknown.device", "filler"),
        ({"device": "filler", "metric": "speed/setpoint", "value": "fast"}, 422, "sparkplug.datatype", ""),
        ({"device": "filler", "metric": "speed/setpoint", "value": 2**31}, 422, "sparkplug.datatype", ""),
        ({"device": "a/b", "metric": "x", "value": 1}, 422, "sparkplug.topic", ""),
        ({"device": "filler", "value": 1}, 422, "request.missing", ""),
    ],
)
async def test_a_command_that_cannot_be_sent_says_why(
    ida: httpx.AsyncClient, edge: Edge, body: dict[str, object], status: int, id_: str, nearest: str
) -> None:
    answer = await ida.post(f"{NODE}/commands", json=body)
    found = error_of(answer)
    assert (answer.status_code, found.id, found.nearest) == (status, id_, nearest)
    assert edge.asked == []


async def test_a_dead_node_is_not_written(ida: httpx.AsyncClient, edge: Edge) -> None:
    edge.link.close(send_will=True)
    answer = await ida.post(f"{NODE}/commands", json={"device": "filler", "metric": "temperature", "value": 1})
    assert error_of(answer).id == "unreachable.node"


async def test_commands_take_the_right_to_publish_them(client: httpx.AsyncClient, edge: Edge) -> None:
    for answer in (
        await client.post(f"{NODE}/rebirth"),
        await client.post(f"{NODE}/commands", json={"metric": "x", "value": 1}),
    ):
        assert (answer.status_code, error_of(answer).id) == (403, "access.publish")
    assert edge.asked == []


async def test_an_unknown_node_is_named_with_the_nearest(ida: httpx.AsyncClient, edge: Edge) -> None:
    for method, path in (("GET", ""), ("POST", "/rebirth")):
        answer = await ida.request(method, f"/api/v1/sparkplug/nodes/{GROUP}/line7{path}")
        assert answer.status_code == 404
        assert (error_of(answer).id, error_of(answer).nearest) == ("unknown.node", f"{GROUP}/line1")


async def test_a_server_without_a_host_says_so(platform: Platform, connect: Connect, app: FastAPI) -> None:
    app.state.context = msgspec.structs.replace(
        app.state.context, platform=msgspec.structs.replace(platform, sparkplug=None)
    )
    async with connect() as client:
        assert error_of(await client.get("/api/v1/sparkplug/nodes")).id == "unknown.host"


async def test_a_recording_holds_what_was_said_and_can_be_played_again(ida: httpx.AsyncClient, edge: Edge) -> None:
    asked = asyncio.create_task(ida.post(f"{NODE}/recording", json={"seconds": 0.4, "rebirth": True}))
    await until_async(lambda: edge.asked == [RebirthRequested()])
    now_ms = edge.clock.wall_ms()
    for message in edge.node.births(now_ms):
        edge.link.publish(message.topic, message.payload)
    data = edge.node.data("filler", [("temperature", Sample(22.5, Quality.GOOD, now_ms))], now_ms)
    assert data is not None
    edge.link.publish(data.topic, data.payload)
    answer = (await asked).json()
    assert answer["full"] is False
    assert [message["topic"].split("/")[2] for message in answer["messages"]] == ["NCMD", "NBIRTH", "DBIRTH", "DDATA"]
    session = HostSession("played", on_finding=lambda finding: pytest.fail(str(finding)))
    values = {
        metric.name: sample.value
        for message in answer["messages"]
        for event in session.receive(parse_topic(message["topic"]), b64decode(message["payload"]), now_ms, 0)
        if isinstance(event, Values)
        for metric, sample, _ in event.values
    }
    assert values["temperature"] == 22.5


async def test_recording_takes_the_right_to_read_and_to_command(connect: Connect, edge: Edge) -> None:
    async with connect(auth=("ann", PASSWORD)) as ann:
        answer = await ann.post(f"{NODE}/recording", json={"seconds": 1})
        assert error_of(answer).id == "access.subscribe"
    async with connect() as operator:
        answer = await operator.post(f"{NODE}/recording", json={"seconds": 1, "rebirth": True})
        assert error_of(answer).id == "access.publish"
        answer = await operator.post(f"{NODE}/recording", json={"seconds": 1000})
        assert answer.status_code == 422

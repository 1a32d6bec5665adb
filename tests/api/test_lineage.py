"""uns.api.lineage and its route: origin, rule, contract, rate, last error, history and subscribers of a topic."""

from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from tests.api.conftest import Connect, Put, error_of
from tests.api.plant import FILLER, NAMESPACE, PASSWORD, ROLES, TEMPERATURE, make_policy
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.api import Platform, create_app, replace_policy
from uns.broker import Broker
from uns.link import Message
from uns.policy.file_lines import FileLine, FileLines

LINES = FileLines(
    equipment={"namespace.yaml": {"/tree/acme/ghent/packaging/line1/filler": 7}},
    attributes={("filler@2", "temperature"): FileLine("models/filler.v2.yaml", 5)},
    points={("line1", "filler", "temperature"): FileLine("sources/line1.yaml", 9)},
    open_filters={"acme/+/_raw/#": FileLine("namespace.yaml", 20)},
)


class Recording:
    retention_days = 30

    def filter_of(self, topic: str) -> str | None:
        return "acme/#" if topic.startswith("acme/") else None


@pytest.fixture
def platform(platform: Platform) -> Platform:
    return msgspec.structs.replace(platform, recording=Recording(), file_lines=lambda: LINES)


@pytest.fixture
def app(platform: Platform) -> FastAPI:
    return create_app(platform)


async def lineage(client: httpx.AsyncClient, topic: str) -> Any:
    response = await client.get(f"/api/v1/lineage/{topic}")
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_value_of_a_source_is_followed_to_its_device_and_its_files(client: httpx.AsyncClient, put: Put) -> None:
    put(TEMPERATURE, 21.4)
    answer = await lineage(client, TEMPERATURE)
    assert answer["source"] == {
        "name": "line1", "adapter": "opcua", "endpoint": "opc.tcp://127.0.0.1:4840",
        "address": {"node": "ns=2;s=filler.temperature"}, "state": "retrying", "finding": "unreachable.device",
        "written": {"file": "sources/line1.yaml", "line": 9},
        "group": "acme:ghent:packaging", "node": "line1", "device": "filler", "metric": "temperature",
    }  # fmt: skip
    assert answer["equipment"] == {
        "path": FILLER, "pattern": None, "written": {"file": "namespace.yaml", "line": 7},
    }  # fmt: skip
    written = {"file": "models/filler.v2.yaml", "line": 5}
    assert answer["contract"] == {
        "model": "filler@2", "attribute": "temperature", "stated_by": "filler@2", "written": written,
    }  # fmt: skip
    assert answer["admitted"] == {"by": "model", "rule": "filler@2: temperature", "written": written}
    assert (answer["mode"], answer["mode_source"]) == ("reject", "")
    assert answer["publisher"]["client_id"] == "plc"
    assert answer["history"] == {"recorded": True, "filter": "acme/#", "retention_days": 30}
    assert (answer["error"], answer["subscribers"]) == (None, [])


async def test_the_rate_is_told_from_the_second_look_on(
    client: httpx.AsyncClient, put: Put, clock: FakeClock, app: FastAPI
) -> None:
    put(TEMPERATURE, 1)
    assert (await lineage(client, TEMPERATURE))["rate"] is None
    for number in range(4):
        put(TEMPERATURE, number)
    replace_policy(app, make_policy(), ROLES.get)
    clock.advance(2000)
    assert (await lineage(client, TEMPERATURE))["rate"] == {"per_s": 2.0, "over_ms": 2000}


async def test_who_hears_it_and_by_which_filter(client: httpx.AsyncClient, broker: Broker) -> None:
    for name, topic_filter in (("screen", "acme/#"), ("worker", f"$share/group/{TEMPERATURE}"), ("other", "else/#")):
        peer = Peer(broker)
        peer.connect(name)
        peer.subscribe(topic_filter)
    broker.local("history").subscribe("acme/#", lambda message: None)
    found = (await lineage(client, TEMPERATURE))["subscribers"]
    assert sorted((each["client_id"], each["filter"], each["inner"]) for each in found) == [
        ("history", "acme/#", True),
        ("screen", "acme/#", False),
        ("worker", f"$share/group/{TEMPERATURE}", False),
    ]


async def test_the_last_error_is_the_one_that_is_kept(client: httpx.AsyncClient, broker: Broker) -> None:
    broker.publish(Message(TEMPERATURE, b'{"value": 999}', publisher="plc"), "operator")
    error = (await lineage(client, TEMPERATURE))["error"]
    assert (error["finding_id"], error["client_id"], error["outcome"]) == ("payload.range", "plc", "rejected")


ADMITTED = {
    "acme/ghent/_raw/box": ("open", "acme/+/_raw/#", {"file": "namespace.yaml", "line": 20}),
    "acme/ghent/packaging/line10/spare/x": ("mode", "warn: delivered, though nothing declares it", None),
    "spBv1.0/g/NDATA/n": ("access", "roles that may publish here: admin, integrator, internal", None),
}


@pytest.mark.parametrize("topic", ADMITTED)
async def test_what_lets_in_a_topic_without_contract(client: httpx.AsyncClient, broker: Broker, topic: str) -> None:
    broker.publish(Message(topic, b"{}", publisher="plc"), "internal")
    answer = await lineage(client, topic)
    assert tuple(answer["admitted"].values()) == ADMITTED[topic]
    assert answer["contract"] is None
    assert answer["history"]["recorded"] is False, "the payload holds no value"


async def test_equipment_that_a_pattern_admits(
    client: httpx.AsyncClient, app: FastAPI, put: Put, broker: Broker
) -> None:
    policy = make_policy({**NAMESPACE, "tree": {"acme": {"~agv-[0-9]+": {"model": "filler@2"}}}})
    broker.replace_admission(policy)
    replace_policy(app, policy, ROLES.get)
    put("acme/agv-7/temperature", 20)
    equipment = (await lineage(client, "acme/agv-7/temperature"))["equipment"]
    assert (equipment["path"], equipment["pattern"]) == ("acme/agv-7", "~agv-[0-9]+")


async def test_unknown_and_unreadable_topics(client: httpx.AsyncClient, connect: Connect) -> None:
    finding = error_of(await client.get(f"/api/v1/lineage/{FILLER}/temprature"))
    assert (finding.id, finding.nearest) == ("unknown.topic", TEMPERATURE)
    async with connect(auth=("ann", PASSWORD)) as ann:
        refused = await ann.get(f"/api/v1/lineage/{TEMPERATURE.replace('line1', 'line2')}")
    assert (refused.status_code, error_of(refused).id) == (403, "access.subscribe")

"""uns.api.routes of the server itself: info, health, clients, sources, violations, metrics."""

from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import Connect, Put, error_of
from tests.api.plant import PASSWORD, TEMPERATURE
from uns.api import Platform, create_app
from uns.broker import Broker, is_compiled
from uns.errors import Finding
from uns.link import Message
from uns.policy.catalog import CATALOG


async def test_info(client: httpx.AsyncClient, put: Put) -> None:
    put(TEMPERATURE, 21.4)
    assert (await client.get("/api/v1/info")).json() == {
        "name": "test plant",
        "version": "0.1.0",
        "compiled": is_compiled(),
        "started_at": "2026-09-21T14:11:49.500Z",
        "uptime_s": 90.5,
        "mqtt": {"host": "127.0.0.1", "port": 1883, "tls_port": 8883, "websocket": "/mqtt"},
        "counts": {"topics": 1, "clients": 0, "messages_in": 1, "messages_out": 0, "violations": 0, "sources": 1},
    }


async def test_sources(client: httpx.AsyncClient) -> None:
    (source,) = (await client.get("/api/v1/sources")).json()["sources"]
    assert (source["name"], source["state"], source["points_missing"]) == ("line1", "retrying", 1)
    assert source["next_attempt"] == "2026-09-21T14:13:22.000Z"
    assert (source["last_value_at"], source["finding"]["id"]) == (None, "unreachable.device")


async def test_clients(client: httpx.AsyncClient, broker: Broker) -> None:
    local = broker.local("historian")
    local.subscribe("acme/#", lambda message: None)
    (shown,) = (await client.get("/api/v1/clients")).json()["clients"]
    assert (shown["client_id"], shown["subscriptions"], shown["role"]) == ("historian", ["acme/#"], "internal")


@pytest.fixture
def refused(broker: Broker) -> None:
    """Five violations: four payloads on line1, the last of them long; one topic that does not exist."""
    for number in range(3):
        broker.publish(
            Message(TEMPERATURE, b'{"value": %d}' % (500 + number), publisher="plc1"), "internal", "10.0.0.7:1"
        )
    broker.publish(Message(TEMPERATURE, b"<script>\xff" + b"x" * 5000, qos=1, publisher="plc2"), "internal")
    broker.publish(Message("acme/gent/x", b"1", publisher="plc2"), "internal")


@pytest.mark.usefixtures("refused")
async def test_violations_newest_first(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/v1/violations")).json()
    first, second, *_, last = answer["violations"]
    assert (answer["total"], answer["shed"], answer["next"], len(answer["violations"])) == (5, 0, None, 5)
    assert (first["topic"], first["finding"]["id"]) == ("acme/gent/x", "topic.undeclared")
    assert (second["payload_bytes"], len(second["payload"]), second["qos"]) == (5009, 2048, 1)
    assert second["payload"].startswith("<script>\ufffdx")
    assert (last["payload"], last["client_id"], last["address"]) == ('{"value": 500}', "plc1", "10.0.0.7:1")
    assert (last["outcome"], last["time"]) == ("rejected", "2026-09-21T14:13:20.000Z")


FILTERS = {
    "topic": ({"topic": "acme/ghent/#"}, 4),
    "family": ({"finding": "topic"}, 1),
    "client": ({"client": "plc2"}, 2),
    "two": ({"client": "plc2", "topic": TEMPERATURE}, 1),
    "none": ({"client": "nobody"}, 0),
}


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize("name", FILTERS)
async def test_violations_by(client: httpx.AsyncClient, name: str) -> None:
    query, count = FILTERS[name]
    assert len((await client.get("/api/v1/violations", params=query)).json()["violations"]) == count


@pytest.mark.usefixtures("refused")
async def test_violations_page_by_page(client: httpx.AsyncClient) -> None:
    ids: list[int] = []
    before: Any = None
    for _ in range(3):
        query = {"limit": 2} | ({"before": before} if before is not None else {})
        page = (await client.get("/api/v1/violations", params=query)).json()
        ids += [violation["id"] for violation in page["violations"]]
        before = page["next"]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), before) == (5, None)


OTHER_LINE = TEMPERATURE.replace("line1", "line2")
SECRETS = [b'{"value": "SECRET"}', b'{"value": 31337}', b'{"value": 1, "SECRET": 31337}', b"SECRET 31337"]


async def test_what_the_role_may_not_read_is_withheld(client: httpx.AsyncClient, connect: Connect, put: Put) -> None:
    broker_refuses = [{"topic": OTHER_LINE, "payload_text": payload.decode()} for payload in SECRETS]
    broker_refuses += [{"topic": TEMPERATURE, "value": "warm"}]
    for body in broker_refuses:
        assert (await client.post("/api/v1/publish", json=body)).status_code == 422
    async with connect(auth=("ann", PASSWORD)) as ann:
        response = await ann.get("/api/v1/violations")
    readable, *withheld = response.json()["violations"]
    assert "SECRET" not in response.text
    assert "31337" not in response.text
    assert ("warm" in readable["payload"], "warm" in readable["finding"]["what"]) == (True, True)
    for row, payload in zip(withheld, reversed(SECRETS), strict=True):
        assert (row["topic"], row["payload"], row["payload_bytes"]) == (OTHER_LINE, None, len(payload))
        assert row["finding"]["id"].startswith("payload.")
        assert row["finding"] == {
            "id": row["finding"]["id"],
            "what": CATALOG[row["finding"]["id"]],
            "where": "",
            "hint": "",
            "nearest": "",
        }
        assert (row["client_id"], row["time"]) == ("http:anonymous", "2026-09-21T14:13:20.000Z")


async def test_violations_bad_requests(client: httpx.AsyncClient) -> None:
    assert error_of(await client.get("/api/v1/violations", params={"topic": "a/#/b"})).id == "request.filter"
    assert error_of(await client.get("/api/v1/violations", params={"before": 2**63})).id == "request.invalid"


async def test_probes_answer_without_credentials(connect: Connect) -> None:
    async with connect("10.0.0.7", "plant.example") as stranger:
        assert (await stranger.get("/livez")).json() == {"status": "ok", "checks": {}}
        ready = await stranger.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            200,
            {"status": "ok", "checks": {"broker": {"status": "ok", "finding": None}}},
        )


async def test_not_ready_says_what_is_wrong(platform: Platform) -> None:
    finding = Finding(id="unreachable.store", what="the disk is full.")
    app = create_app(msgspec.structs.replace(platform, checks=lambda: {"broker": None, "history": finding}))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "failed")
    assert response.json()["checks"]["history"]["finding"]["what"] == "the disk is full."


async def test_metrics_count_and_name_no_topic(client: httpx.AsyncClient, put: Put, refused: None) -> None:
    put(TEMPERATURE, 21.4)
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    values = {sample.name: sample.value for family in families.values() for sample in family.samples}
    assert (values["uns_broker_messages_in_total"], values["uns_broker_violations_total"]) == (6, 5)
    assert (values["uns_http_streams"], values["uns_history_pending"]) == (0, 3)
    assert values["uns_history_shed_total"] == 2
    assert families["uns_history_pending"].documentation == "Values that wait to be written to the history."
    assert "process_resident_memory_bytes" in values
    states = {sample.labels["state"]: sample.value for sample in families["uns_source_state"].samples}
    assert [name for name, value in states.items() if value] == ["retrying"]
    assert TEMPERATURE not in response.text


async def test_two_servers_in_one_process_count_for_themselves(app: FastAPI, platform: Platform) -> None:
    assert create_app(platform).state.metrics is not app.state.metrics

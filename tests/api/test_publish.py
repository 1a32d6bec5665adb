"""uns.api.routes.publish and check: one door, and a question about it."""

import json
from typing import Any

import httpx
import pytest

from tests.api.conftest import Connect, error_of
from tests.api.plant import ENVIRON, FILLER, PASSWORD, TEMPERATURE
from uns.broker import Broker

RAW = "acme/ghent/_raw/box"


async def test_value_becomes_a_retained_sample(client: httpx.AsyncClient, broker: Broker) -> None:
    response = await client.post("/api/v1/publish", json={"topic": TEMPERATURE, "value": 21.5})
    assert response.json() == {"topic": TEMPERATURE, "outcome": "accepted", "finding": None}
    current = broker.current(TEMPERATURE)
    assert current is not None
    assert json.loads(current.payload) == {"value": 21.5, "quality": "Good", "timestamp": "2026-09-21T14:13:20.000Z"}
    assert current.retained is not None
    assert current.publisher is not None
    publisher = current.publisher
    assert (publisher.client_id, publisher.role, publisher.protocol) == ("http:anonymous", "operator", "HTTP")
    assert publisher.address == "127.0.0.1:50000"


PAYLOADS: dict[str, tuple[dict[str, Any], bytes, bool]] = {
    "document": ({"payload": {"kind": "start"}}, b'{"kind":"start"}', False),
    "null document": ({"payload": None}, b"null", False),
    "text": ({"payload_text": "grüß <b>"}, "grüß <b>".encode(), False),
    "retained when asked": ({"payload_text": "x", "retain": True, "qos": 1}, b"x", True),
    "large integer": ({"payload": 2**63}, b"9223372036854775808", False),
}


@pytest.mark.parametrize("name", PAYLOADS)
async def test_other_payloads_go_as_they_are(client: httpx.AsyncClient, broker: Broker, name: str) -> None:
    body, payload, retained = PAYLOADS[name]
    assert (await client.post("/api/v1/publish", json={"topic": RAW, **body})).status_code == 200
    current = broker.current(RAW)
    assert current is not None
    assert (current.payload, current.retained is not None) == (payload, retained)


async def test_empty_text_clears_a_declared_topic(client: httpx.AsyncClient, broker: Broker) -> None:
    await client.post("/api/v1/publish", json={"topic": TEMPERATURE, "value": 21.5})
    response = await client.post("/api/v1/publish", json={"topic": TEMPERATURE, "payload_text": ""})
    assert response.status_code == 200
    current = broker.current(TEMPERATURE)
    assert current is not None
    assert current.retained is None


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "contract": ({"topic": TEMPERATURE, "value": 999}, 422, "payload."),
    "quarantined": ({"topic": TEMPERATURE.replace("line1", "line2"), "value": "warm"}, 422, "payload."),
    "hierarchy": ({"topic": "acme/gent/x", "value": 1}, 422, "topic.undeclared"),
    "folder": ({"topic": "acme/ghent", "value": 1}, 422, "topic.folder"),
    "access": ({"topic": "other/x", "value": 1}, 403, "access.publish"),
    "broker's own": ({"topic": "$SYS/x", "value": 1}, 403, "access.reserved"),
    "wildcard": ({"topic": "acme/#", "value": 1}, 422, "request.topic"),
    "empty topic": ({"topic": "", "value": 1}, 422, "request.topic"),
    "nothing": ({"topic": RAW}, 422, "request.missing"),
    "two forms": ({"topic": RAW, "value": 1, "payload": 1}, 422, "request.invalid"),
    "text that is none": ({"topic": RAW, "payload_text": 1}, 422, "request.invalid"),
    "null text": ({"topic": RAW, "payload_text": None}, 422, "request.invalid"),
    "no topic": ({"value": 1}, 422, "request.missing"),
    "misspelt key": ({"topic": RAW, "vlaue": 1}, 422, "request.invalid"),
    "qos 3": ({"topic": RAW, "value": 1, "qos": 3}, 422, "request.invalid"),
}


OUTCOMES = {
    "contract": "rejected",
    "quarantined": "quarantined",
    "hierarchy": "rejected",
    "folder": "rejected",
    "access": "rejected",
    "broker's own": "rejected",
}
"""Of the refusals that came to the door; the others have none."""


@pytest.mark.parametrize("name", REFUSED)
async def test_refusals(client: httpx.AsyncClient, name: str) -> None:
    body, status, finding_id = REFUSED[name]
    response = await client.post("/api/v1/publish", json=body)
    assert response.status_code == status, response.text
    assert error_of(response).id.startswith(finding_id)
    assert response.json().get("outcome") == OUTCOMES.get(name)


async def test_warned_message_is_delivered_with_its_finding(client: httpx.AsyncClient, broker: Broker) -> None:
    topic = TEMPERATURE.replace("line1", "line10")
    answer = (await client.post("/api/v1/publish", json={"topic": topic, "value": 999})).json()
    assert answer["outcome"] == "warned"
    assert answer["finding"]["id"].startswith("payload.")
    current = broker.current(topic)
    assert current is not None
    assert current.updates == 1


BODIES = {
    "no JSON": b"{topic",
    "NaN": b'{"topic": "acme/ghent/_raw/x", "value": NaN}',
    "beyond double": b'{"topic": "acme/ghent/_raw/x", "value": 1e999}',
    "lone surrogate": b'{"topic": "acme/ghent/_raw/x", "value": "\\ud800 "}',
    "bottomless": b'{"topic": "acme/ghent/_raw/x", "value": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "no UTF-8": b'{"topic": "acme/ghent/_raw/x", "value": "\xff"}',
}


@pytest.mark.parametrize("name", BODIES)
async def test_bodies_that_are_no_strict_json(client: httpx.AsyncClient, name: str) -> None:
    response = await client.post("/api/v1/publish", content=BODIES[name], headers={"content-type": "application/json"})
    assert (response.status_code, error_of(response).id) == (422, "request.json")


async def test_a_form_of_a_foreign_page_is_no_request(client: httpx.AsyncClient) -> None:
    body = json.dumps({"topic": RAW, "value": 1})
    plain = await client.post("/api/v1/publish", content=body, headers={"content-type": "text/plain"})
    assert (plain.status_code, error_of(plain).family) == (422, "request")
    foreign = await client.post(
        "/api/v1/publish", content=body, headers={"content-type": "application/json", "origin": "http://evil.example"}
    )
    assert (foreign.status_code, error_of(foreign).id) == (403, "access.origin")


@pytest.mark.parametrize("announced", [True, False])
async def test_huge_body_is_refused(client: httpx.AsyncClient, announced: bool) -> None:
    async def chunks() -> Any:
        for _ in range(20):
            yield b"x" * 65_536

    content = b"x" * 1_048_577 if announced else chunks()
    response = await client.post("/api/v1/publish", content=content, headers={"content-type": "application/json"})
    assert (response.status_code, error_of(response).id) == (413, "quota.body")


async def test_users_publish_with_their_own_role(connect: Connect, broker: Broker) -> None:
    body = {"topic": TEMPERATURE, "value": 1}
    async with connect(auth=("ann", PASSWORD)) as ann:
        refused = await ann.post("/api/v1/publish", json=body)
        assert (refused.status_code, error_of(refused).id) == (403, "access.publish")
    async with connect("10.0.0.7", "plant.example", auth=("bob", ENVIRON["BOB_PASSWORD"])) as bob:
        assert (await bob.post("/api/v1/publish", json=body)).status_code == 200
    current = broker.current(TEMPERATURE)
    assert current is not None
    assert current.publisher is not None
    assert current.publisher.client_id == "http:bob"


CHECKED: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "good": ({"topic": TEMPERATURE, "value": 21}, "accepted", None),
    "topic alone": ({"topic": TEMPERATURE}, "accepted", None),
    "clearing": ({"topic": TEMPERATURE, "payload_text": ""}, "accepted", None),
    "range": ({"topic": TEMPERATURE, "value": 999}, "rejected", "payload"),
    "document": ({"topic": TEMPERATURE, "payload": {"temperature": 3}}, "rejected", "payload"),
    "text": ({"topic": f"{FILLER}/count", "payload_text": "twelve"}, "rejected", "payload"),
    "typo": ({"topic": f"{FILLER}/temprature", "value": 1}, "rejected", "topic"),
    "quarantine": ({"topic": TEMPERATURE.replace("line1", "line2"), "value": None}, "quarantined", "payload"),
    "other role": ({"topic": TEMPERATURE, "value": 21, "role": "line1-viewer"}, "rejected", "access"),
    "no such role": ({"topic": TEMPERATURE, "value": 21, "role": "king"}, "rejected", "access"),
}


@pytest.mark.parametrize("name", CHECKED)
async def test_check_tells_and_changes_nothing(client: httpx.AsyncClient, broker: Broker, name: str) -> None:
    body, outcome, family = CHECKED[name]
    response = await client.post("/api/v1/check", json=body)
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer["outcome"] == outcome == answer["explanation"]["verdict"]["outcome"]
    assert (answer["finding"] or {"id": "None."})["id"].partition(".")[0] == str(family)
    assert len(broker.topics) == 0
    assert broker.stats.violations == 0


async def test_explain_names_every_rule_and_the_nearest_topic(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/v1/explain", params={"topic": f"{FILLER}/temprature"})).json()
    assert answer["nearest"] == TEMPERATURE
    assert answer["verdict"]["finding"]["id"] == "topic.attribute"
    assert {"rule": "open: acme/+/_raw/#", "matched": False, "why": "does not match the topic."} in answer["rules"]
    good = (await client.get("/api/v1/explain", params={"topic": TEMPERATURE, "role": "operator"})).json()
    assert (good["attribute"]["unit"], good["verdict"]["outcome"]) == ("Cel", "accepted")
    assert error_of(await client.get("/api/v1/explain", params={"topic": "a/+"})).id == "request.topic"

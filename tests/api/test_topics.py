"""uns.api.routes.topics: one topic in every state it can be in."""

from urllib.parse import quote

import httpx
import pytest

from tests.api.conftest import Put, error_of
from tests.api.plant import FILLER, TEMPERATURE
from tests.support.clock import FakeClock
from uns.broker import Broker
from uns.link import Message


async def detail(client: httpx.AsyncClient, topic: str) -> dict:
    response = await client.get(f"/api/v1/topics/{quote(topic)}")
    assert response.status_code == 200, response.text
    return response.json()


async def test_value_with_everything_known_about_it(client: httpx.AsyncClient, put: Put) -> None:
    put(TEMPERATURE, 21.4)
    shown = await detail(client, TEMPERATURE)
    assert (shown["value"], shown["quality"], shown["stale"], shown["age_ms"]) == (21.4, "Good", False, 0)
    assert shown["timestamp"] == shown["received_at"] == "2026-09-21T14:13:20.000Z"
    assert shown["payload"] == {"value": 21.4, "quality": "Good", "timestamp": shown["timestamp"]}
    assert shown["retained"] is True
    assert shown["updates"] == 1
    assert shown["levels"] == {
        "enterprise": "acme", "site": "ghent", "area": "packaging", "line": "line1", "cell": "filler",
    }  # fmt: skip
    assert (shown["model"], shown["owner"], shown["mode"]) == ("filler@2", "packaging-team", "reject")
    assert shown["attribute"] == {
        "path": "temperature", "type": "number", "unit": "Cel", "min": -10, "max": 120, "enum": None,
        "max_age_ms": 5000, "writable": False, "description": "Product in the bowl",
    }  # fmt: skip
    assert shown["source"]["name"] == "line1"
    assert shown["source"]["address"] == {"node": "ns=2;s=filler.temperature"}
    assert shown["publisher"] == {"client_id": "plc", "role": "internal", "address": "", "protocol": "internal"}
    assert shown["finding"] is None


async def test_value_turns_uncertain_once_max_age_has_passed(
    client: httpx.AsyncClient, put: Put, clock: FakeClock
) -> None:
    put(TEMPERATURE, 21.4)
    clock.advance(5000)
    assert (await detail(client, TEMPERATURE))["quality"] == "Good"
    clock.advance(1)
    shown = await detail(client, TEMPERATURE)
    assert (shown["quality"], shown["stale"], shown["value"], shown["age_ms"]) == ("Uncertain", True, 21.4, 5001)


async def test_declared_and_never_seen_is_good_no_data(client: httpx.AsyncClient) -> None:
    shown = await detail(client, f"{FILLER}/speed/setpoint")
    assert (shown["value"], shown["quality"], shown["timestamp"]) == (None, "GoodNoData", None)
    assert (shown["payload"], shown["publisher"], shown["received_at"]) == (None, None, None)
    assert shown["attribute"]["writable"] is True


async def test_cleared_topic_has_no_value_any_more(client: httpx.AsyncClient, put: Put) -> None:
    put(TEMPERATURE, 21.4)
    put(TEMPERATURE, b"")
    shown = await detail(client, TEMPERATURE)
    assert (shown["quality"], shown["retained"], shown["updates"]) == ("GoodNoData", False, 2)


async def test_last_refusal_is_shown_and_the_value_stays(client: httpx.AsyncClient, put: Put, broker: Broker) -> None:
    put(TEMPERATURE, 21.4)
    broker.publish(Message(TEMPERATURE, b'{"value": 999}', publisher="plc"), "internal")
    shown = await detail(client, TEMPERATURE)
    assert shown["value"] == 21.4
    assert shown["finding"]["id"].startswith("payload.")


async def test_retained_value_past_its_expiry_is_not_retained(
    client: httpx.AsyncClient, broker: Broker, clock: FakeClock
) -> None:
    properties = {"message_expiry_interval": 10}
    broker.publish(Message("acme/ghent/_raw/x", b"1", retain=True, properties=properties), "internal")
    assert (await detail(client, "acme/ghent/_raw/x"))["retained"] is True
    clock.advance(10_000)
    assert (await detail(client, "acme/ghent/_raw/x"))["retained"] is False


PAYLOADS = {
    "text": (b"hello <script>alert(1)</script>", None, None, "hello <script>alert(1)</script>"),
    "bytes": (b"\xff\x00", None, None, "�\x00"),
    "list": (b"[1,2]", None, None, [1, 2]),
    "event": (b'{"kind": "start"}', None, None, {"kind": "start"}),
    "bare": (b"7", 7, "Good", 7),
    "long integer": (b'{"value": 9007199254740993}', 9007199254740993, "Good", {"value": 9007199254740993}),
    "deep": (b"[" * 5000, None, None, "[" * 5000),
}


@pytest.mark.parametrize("name", PAYLOADS)
async def test_payload_of_any_kind(client: httpx.AsyncClient, put: Put, name: str) -> None:
    payload, value, quality, shown_payload = PAYLOADS[name]
    put("acme/ghent/_raw/box", payload)
    shown = await detail(client, "acme/ghent/_raw/box")
    assert (shown["value"], shown["quality"], shown["payload"]) == (value, quality, shown_payload)
    assert shown["payload_bytes"] == len(payload)


ODD_TOPICS = [
    "acme/ghent/_raw/with blank",
    "acme/ghent/_raw/100%25",
    "acme/ghent/_raw/what?now",
    "acme/ghent/_raw/über/größe",
    "acme/ghent/_raw/<b>bold</b>",
    "acme/ghent/_raw//double",
    "acme/ghent/_raw/trailing/",
    "acme/ghent/_raw/../up",
    "acme/ghent/_raw/a&b=c;d",
    'acme/ghent/_raw/"quoted"',
]


@pytest.mark.parametrize("topic", ODD_TOPICS)
async def test_odd_characters_in_a_topic(client: httpx.AsyncClient, put: Put, topic: str) -> None:
    put(topic, 1)
    encoded = topic.replace("%", "%25").replace("?", "%3F").replace("..", "%2E%2E")
    response = await client.get(httpx.URL(f"http://localhost:8080/api/v1/topics/{encoded}"))
    assert response.status_code == 200, response.text
    assert response.json()["topic"] == topic


async def test_unknown_topic_says_which_one_was_meant(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/api/v1/topics/{FILLER}/temprature")
    finding = error_of(response)
    assert (response.status_code, finding.id, finding.nearest) == (404, "unknown.topic", TEMPERATURE)


async def test_topic_that_only_refused_messages_is_not_known(client: httpx.AsyncClient, broker: Broker) -> None:
    broker.publish(Message("acme/gent/x", b"1", publisher="plc"), "internal")
    assert (await client.get("/api/v1/topics/acme/gent/x")).status_code == 404


@pytest.mark.parametrize("topic", ["acme/%23", "acme/+/x", "acme/%00"])
async def test_what_is_no_topic_name_is_told_so(client: httpx.AsyncClient, topic: str) -> None:
    response = await client.get(f"/api/v1/topics/{topic}")
    assert (response.status_code, error_of(response).id) == (422, "request.topic")

"""uns.api.routes of the inbox: groups, what is decided about them, replay and blocks."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import Connect, error_of
from tests.api.plant import FILLER, NAMESPACE, PASSWORD, TEMPERATURE, make_policy
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker
from uns.link import Message

HELD = "acme/ghent/packaging/line2/filler/temperature"
GROUPS, REPLAY, BLOCKS = "/api/v1/violations/groups", "/api/v1/violations/replay", "/api/v1/blocks"


@pytest.fixture
async def steward(connect: Connect) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(auth=("eve", PASSWORD)) as steward:
        yield steward


@pytest.fixture
async def viewer(connect: Connect) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(auth=("ann", PASSWORD)) as viewer:
        yield viewer


def publish(broker: Broker, topic: str, payload: bytes, client: str = "plc1", role: str = "operator") -> None:
    broker.publish(Message(topic, payload, retain=True, publisher=client), role, "10.0.0.7:1")


@pytest.fixture
def refused(broker: Broker, clock: FakeClock) -> None:
    """Group 1: three of plc1 out of range; 2: an undeclared topic of plc2; 3: one that quarantine holds."""
    for number in range(3):
        publish(broker, TEMPERATURE, b'{"value": %d}' % (500 + number))
        clock.advance(1000)
    publish(broker, "acme/gent/x", b"1", "plc2")
    clock.advance(1000)
    publish(broker, HELD, b'{"value": 400}')


async def get(asker: httpx.AsyncClient, path: str, /, **query: Any) -> Any:
    response = await asker.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.usefixtures("refused")
async def test_a_group_tells_everything(client: httpx.AsyncClient) -> None:
    answer = await get(client, GROUPS, sort="count")
    assert (answer["total"], answer["next"]) == (3, None)
    assert answer["by_state"] == {"open": 3, "muted": 0, "resolved": 0}
    first, *_ = answer["groups"]
    assert first.pop("finding")["id"] == "payload.range"
    assert first == {
        "id": first["id"],
        "rule": "filler@2/temperature",
        "branch": FILLER,
        "client_id": "plc1",
        "state": "open",
        "muted_until": None,
        "assigned": "",
        "note": "",
        "reopened": 0,
        "count": 3,
        "delivered": 0,
        "quarantined": 0,
        "rejected": 3,
        "kept": 3,
        "held": 0,
        "first": "2026-09-21T14:13:20.000Z",
        "last": "2026-09-21T14:13:22.000Z",
        "topic": TEMPERATURE,
        "nearest": [],
        "addresses": ["10.0.0.7"],
    }


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 3),
        ({"state": "resolved"}, 0),
        ({"topic": "acme/ghent/#"}, 2),
        ({"finding": "topic"}, 1),
        ({"client": "plc2"}, 1),
        ({"branch": "acme/ghent/packaging/line2"}, 1),
        ({"limit": 2}, 2),
        ({"limit": 2, "offset": 2}, 1),
    ],
)
async def test_filters(client: httpx.AsyncClient, query: dict[str, Any], found: int) -> None:
    assert len((await get(client, GROUPS, **query))["groups"]) == found


@pytest.mark.usefixtures("refused")
async def test_samples_with_the_place_and_only_for_readers(
    client: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    (group,) = (await get(client, GROUPS, branch="acme/ghent/packaging/line2"))["groups"]
    detail = await get(client, f"{GROUPS}/{group['id']}")
    (sample,) = detail["samples"]
    assert (sample["payload"], sample["finding"]["where"], sample["group"]) == ('{"value": 400}', "/value", group["id"])
    assert detail["journal"] == []
    (proposal,) = detail["proposals"]
    assert (
        proposal["sentence"] == "filler@3 (after filler@2): 'temperature' widens its limits: max goes from 120 to 400."
    )
    assert proposal["versions"][0]["edits"][1] == {"pointer": "/attributes/temperature/max", "value": 400}
    hidden = await get(viewer, f"{GROUPS}/{group['id']}")
    assert hidden["samples"][0]["payload"] is None
    assert hidden["proposals"] == []
    assert "400" not in str(hidden)


@pytest.mark.usefixtures("refused")
async def test_decisions_are_written_down(
    client: httpx.AsyncClient, steward: httpx.AsyncClient, broker: Broker
) -> None:
    (group,) = (await get(client, GROUPS, client="plc2"))["groups"]
    path = f"{GROUPS}/{group['id']}"
    for action in (
        {"action": "assign", "to": "bob"},
        {"action": "mute", "until": "2026-09-22T00:00:00Z", "note": "known"},
        {"action": "resolve", "note": "renamed"},
    ):
        assert (await steward.post(f"{path}/actions", json=action)).status_code == 200, action
    publish(broker, "acme/gent/x", b"1", "plc2")
    detail = await get(client, path)
    assert (detail["group"]["state"], detail["group"]["reopened"], detail["group"]["assigned"]) == ("open", 1, "bob")
    assert [(entry["who"], entry["what"], entry["note"]) for entry in detail["journal"]] == [
        ("", "recurred", ""),
        ("eve", "resolve", "renamed"),
        ("eve", "mute", "known"),
        ("eve", "assign", "to bob"),
    ]


@pytest.mark.usefixtures("refused")
async def test_muted_ones_leave_the_list(client: httpx.AsyncClient, steward: httpx.AsyncClient, broker: Broker) -> None:
    (group,) = (await get(client, GROUPS, client="plc2"))["groups"]
    answer = await steward.post(f"{GROUPS}/{group['id']}/actions", json={"action": "mute"})
    assert answer.json()["group"]["state"] == "muted"
    publish(broker, "acme/gent/x", b"1", "plc2")
    assert len((await get(client, "/api/v1/violations", client="plc2"))["violations"]) == 0
    assert len((await get(client, "/api/v1/violations", group=group["id"]))["violations"]) == 1
    assert (await get(client, f"{GROUPS}/{group['id']}"))["group"]["count"] == 2


REFUSED = [
    (f"{GROUPS}/1/actions", {"action": "resolve"}, "client", "access.govern", 403),
    (REPLAY, {"topic": "#"}, "client", "access.govern", 403),
    (BLOCKS, {"client": "plc1"}, "client", "access.govern", 403),
    (f"{GROUPS}/99/actions", {"action": "resolve"}, "steward", "unknown.group", 404),
    (f"{GROUPS}/1/actions", {"action": "mute", "until": "soon"}, "steward", "request.time", 422),
    (f"{GROUPS}/1/actions", {"action": "explode"}, "steward", "request.invalid", 422),
    (REPLAY, {}, "steward", "request.invalid", 422),
    (REPLAY, {"group": 99}, "steward", "unknown.group", 404),
    (REPLAY, {"topic": "a/#/b"}, "steward", "request.filter", 422),
    (REPLAY, {"start": "soon"}, "steward", "request.time", 422),
    (BLOCKS, {}, "steward", "request.invalid", 422),
    (BLOCKS, {"client": "auto-1f"}, "steward", "request.block", 422),
    (BLOCKS, {"client": "http:bob"}, "steward", "request.block", 422),
    (BLOCKS, {"client": "historian"}, "steward", "request.block", 422),
    (BLOCKS, {"group": 99}, "steward", "unknown.group", 404),
]


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize(("path", "body", "who", "finding", "status"), REFUSED)
async def test_refusals(
    client: httpx.AsyncClient,
    steward: httpx.AsyncClient,
    broker: Broker,
    path: str,
    body: Any,
    who: str,
    finding: str,
    status: int,
) -> None:
    broker.local("historian")
    response = await {"client": client, "steward": steward}[who].post(path, json=body)
    assert (error_of(response).id, response.status_code) == (finding, status)


@pytest.mark.usefixtures("refused")
async def test_replay_of_what_is_still_wrong(steward: httpx.AsyncClient) -> None:
    report = (await steward.post(REPLAY, json={"finding": "payload"})).json()
    assert (report["delivered"], report["refused"], report["by_finding"]) == (0, 1, {"payload.range": 1})
    assert report["refusals"][0]["topic"] == HELD


async def test_replay_of_what_the_new_rules_take(
    steward: httpx.AsyncClient, client: httpx.AsyncClient, broker: Broker, clock: FakeClock
) -> None:
    strange = "acme/ghent/packaging/line2/filler/_raw"
    publish(broker, strange, b"1")
    group = (await get(client, GROUPS))["groups"][0]
    broker.replace_admission(make_policy({**NAMESPACE, "open": [f"{strange}/#"]}))
    clock.advance(60_000)
    body = {"group": group["id"]}
    assert (await steward.post(REPLAY, json={**body, "dry_run": True})).json()["delivered"] == 1
    assert broker.current(strange) is None
    assert (await steward.post(REPLAY, json=body)).json()["delivered"] == 1
    assert (await steward.post(REPLAY, json=body)).json()["delivered"] == 0
    detail = await get(client, f"{GROUPS}/{group['id']}")
    assert (detail["samples"][0]["replay"], detail["samples"][0]["replayed"]) == (
        "delivered",
        "2026-09-21T14:14:20.000Z",
    )
    assert detail["group"]["held"] == 0
    assert detail["journal"][0]["what"] == "replay"


@pytest.mark.usefixtures("refused")
async def test_a_blocked_client_is_gone_and_comes_back(
    steward: httpx.AsyncClient, client: httpx.AsyncClient, broker: Broker
) -> None:
    peer = Peer(broker)
    peer.connect("plc2")
    (group,) = (await get(client, GROUPS, client="plc2"))["groups"]
    made = (await steward.post(BLOCKS, json={"group": group["id"], "reason": "floods"})).json()
    assert (made["block"]["client_id"], made["disconnected"]) == ("plc2", ["plc2"])
    assert peer.is_closed
    assert Peer(broker).connect("plc2").reason_code == 0x8A
    assert (await get(client, f"{GROUPS}/{group['id']}"))["journal"][0]["note"] == "client id 'plc2' is blocked: floods"
    (block,) = (await get(client, BLOCKS))["blocks"]
    assert (block["who"], block["reason"]) == ("eve", "floods")
    assert (await steward.delete(f"{BLOCKS}/{block['id']}")).status_code == 200
    assert Peer(broker).connect("plc2").reason_code == 0
    assert error_of(await steward.delete(f"{BLOCKS}/{block['id']}")).id == "unknown.block"

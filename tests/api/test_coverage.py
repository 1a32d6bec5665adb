"""uns.api.coverage and its route: expected against actual, folded per branch and listed per asset."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import Connect, Put, Sources, error_of
from tests.api.plant import FILLER, NAMESPACE, PASSWORD, ROLES, TEMPERATURE, make_policy
from tests.support.clock import FakeClock
from uns.api import Platform, replace_policy
from uns.broker import Broker
from uns.link import Message
from uns.policy.freshness import CLIENT_ID, LATE_PROPERTY
from uns.samples import format_timestamp

PACKAGING = "acme/ghent/packaging"


async def covered(client: httpx.AsyncClient, path: str = "", **query: Any) -> Any:
    response = await client.get("/api/v1/coverage", params={"path": path, **query})
    assert response.status_code == 200, response.text
    return response.json()


def told(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


@pytest.fixture
def units() -> Iterator[dict[str, str]]:
    Sources.units = {}
    yield Sources.units
    Sources.units = {}


async def test_what_was_never_seen_is_missing(client: httpx.AsyncClient, put: Put) -> None:
    put(TEMPERATURE, 21.4)
    answer = await covered(client, FILLER)
    assert told(answer["total"]) == {"assets": 1, "expected": 4, "seen": 1, "missing": 3, "unit_unknown": 1}
    assert answer["total"] == answer["own"]
    assert (answer["model"], answer["rows"]) == ("filler@2", [])
    assert [entry["topic"] for entry in answer["lists"]["missing"]] == [
        f"{FILLER}/{name}" for name in ("state", "count", "speed/setpoint")
    ]


async def test_branches_are_folded(client: httpx.AsyncClient, put: Put) -> None:
    put(TEMPERATURE, 21.4)
    answer = await covered(client, PACKAGING)
    assert [(row["path"], row["counts"]["seen"], row["counts"]["missing"]) for row in answer["rows"]] == [
        (f"{PACKAGING}/line1", 1, 3),
        (f"{PACKAGING}/line2", 0, 4),
        (f"{PACKAGING}/line10", 0, 4),
    ]
    assert (answer["total"]["assets"], answer["total"]["expected"]) == (3, 12)
    (top,) = (await covered(client))["rows"]
    assert (top["path"], top["model"], top["counts"]) == ("acme", None, answer["total"])
    assets = (await covered(client, rows="asset", limit=2)) | {"lists": None}
    assert [(row["path"], row["model"]) for row in assets["rows"]] == [
        (FILLER, "filler@2"),
        (FILLER.replace("line1", "line2"), "filler@2"),
    ]
    assert assets["rows_left_out"] == 1


async def test_late_is_told_with_when_it_was_heard(client: httpx.AsyncClient, put: Put, clock: FakeClock) -> None:
    put(TEMPERATURE, 21.4)
    heard = format_timestamp(clock.wall_ms())
    clock.advance(5000)
    assert (await covered(client, FILLER))["total"]["late"] == 0
    clock.advance(1)
    answer = await covered(client, FILLER)
    assert answer["lists"]["late"] == [{"topic": TEMPERATURE, "heard": heard, "max_age_ms": 5000}]


@pytest.mark.parametrize("retain", [True, False])
async def test_late_stays_late_when_the_platform_has_told_so(
    client: httpx.AsyncClient, put: Put, clock: FakeClock, broker: Broker, retain: bool
) -> None:
    put(TEMPERATURE, 21.4, retain=retain)
    heard = format_timestamp(clock.wall_ms())
    clock.advance(5000)
    payload = b'{"value": 21.4, "quality": "Uncertain"}'
    properties = {"user_property": [(LATE_PROPERTY, heard)]}
    broker.publish(Message(TEMPERATURE, payload, 0, retain, properties, CLIENT_ID), "internal")
    clock.advance(1000)
    answer = await covered(client, FILLER)
    assert answer["lists"]["late"] == [{"topic": TEMPERATURE, "heard": heard, "max_age_ms": 5000}]
    assert (await client.get(f"/api/v1/topics/{TEMPERATURE}")).json()["stale"]
    put(TEMPERATURE, 22)
    assert (await covered(client, FILLER))["total"]["late"] == 0


TOLD = {"Cel": None, "°C": None, "degF": "degF", "K": "K"}


@pytest.mark.parametrize("unit", TOLD)
async def test_a_unit_that_is_not_the_models(client: httpx.AsyncClient, put: Put, units: Any, unit: str) -> None:
    units[TEMPERATURE] = unit
    put(TEMPERATURE, 21.4)
    answer = await covered(client, FILLER)
    assert [wrong["told"] for wrong in answer["lists"]["wrong_unit"]] == [told for told in [TOLD[unit]] if told]
    assert answer["total"]["unit_unknown"] == 0


async def test_extra_is_what_stands_below_an_asset_undeclared(
    client: httpx.AsyncClient, broker: Broker, clock: FakeClock
) -> None:
    extra = f"{PACKAGING}/line10/filler/torque"
    for topic in (extra, f"{PACKAGING}/line10/spare/x", "acme/ghent/_raw/box", "spBv1.0/g/NDATA/n"):
        broker.publish(Message(topic, b"1", publisher="plc"), "internal")
    answer = await covered(client, f"{PACKAGING}/line10/filler")
    heard = format_timestamp(clock.wall_ms())
    assert answer["lists"]["extra"] == [{"topic": extra, "client_id": "plc", "heard": heard}]
    assert (await covered(client))["total"]["extra"] == 2, (
        "an open branch holds what it likes, and Sparkplug is its own"
    )


async def test_attempts_that_were_not_let_in_are_counted(client: httpx.AsyncClient, broker: Broker) -> None:
    for topic in (f"{FILLER}/temprature", f"{FILLER}/temprature", f"{PACKAGING}/line10/filler/torque", TEMPERATURE):
        broker.publish(Message(topic, b'{"value": 999}', publisher="plc"), "operator")
    answer = await covered(client, FILLER)
    (refused,) = answer["lists"]["refused"]
    assert (refused["topic"], refused["count"], refused["client_id"]) == (f"{FILLER}/temprature", 2, "plc")
    assert refused["finding_id"] == "topic.attribute"
    assert (await covered(client, PACKAGING))["total"]["refused"] == 2, "what was delivered is extra, not refused"


async def test_what_may_not_be_read_is_left_out(connect: Connect, put: Put) -> None:
    put(TEMPERATURE.replace("line1", "line2"), 21.4)
    async with connect(auth=("ann", PASSWORD)) as ann:
        answer = await covered(ann, PACKAGING)
    assert [row["path"] for row in answer["rows"]] == [f"{PACKAGING}/line1"]
    assert told(answer["total"]) == {"assets": 1, "expected": 4, "missing": 4, "withheld": 8}


PATTERNED = {
    **NAMESPACE,
    "tree": {"acme": {"~agv-[0-9]+": {"model": "filler@2", "arm": {"model": "filler@2"}}}},
}


async def test_what_a_pattern_admits_counts_once_it_is_heard(
    client: httpx.AsyncClient, app: FastAPI, platform: Platform, put: Put
) -> None:
    policy = make_policy(PATTERNED)
    platform.broker.replace_admission(policy)
    replace_policy(app, policy, ROLES.get)
    assert told((await covered(client))["total"]) == {}
    assert error_of(await client.get("/api/v1/coverage", params={"path": "acme/agv-7"})).id == "unknown.path"
    put("acme/agv-7/temperature", 20)
    answer = await covered(client, "acme")
    assert [row["path"] for row in answer["rows"]] == ["acme/agv-7"]
    assert told(answer["total"]) == {"assets": 2, "expected": 8, "seen": 1, "missing": 7, "unit_unknown": 1}
    assert (await covered(client, "acme/agv-7"))["own"]["seen"] == 1


async def test_optional_values_are_no_fault(
    client: httpx.AsyncClient, app: FastAPI, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.api.plant.MODEL", {
        "model": "filler", "version": 2, "attributes": {"spare": {"type": "number", "optional": True}},
    })  # fmt: skip
    replace_policy(app, make_policy(), ROLES.get)
    answer = await covered(client, FILLER)
    assert told(answer["total"]) == {"assets": 1, "optional": 1}
    assert answer["lists"]["missing"] == [{"topic": f"{FILLER}/spare", "optional": True}]


async def test_a_wrong_path_names_the_nearest(client: httpx.AsyncClient) -> None:
    finding = error_of(await client.get("/api/v1/coverage", params={"path": "acme/gent"}))
    assert (finding.id, finding.nearest) == ("unknown.path", "acme/ghent")


@pytest.mark.parametrize("role", ["admin", "internal"])
async def test_whatever_a_message_says_of_its_lateness_breaks_nothing(
    client: httpx.AsyncClient, broker: Broker, role: str
) -> None:
    properties = {"user_property": [(LATE_PROPERTY, "long ago")]}
    message = Message(TEMPERATURE, b'{"value":21.4}', 0, True, properties, CLIENT_ID)
    assert broker.publish(message, role).delivered
    answer = await covered(client, FILLER)
    assert answer["total"]["late"] == (role == "internal")
    response = await client.get(f"/api/v1/lineage/{TEMPERATURE}")
    assert response.status_code == 200

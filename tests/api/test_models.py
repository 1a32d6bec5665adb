"""uns.api.routes.models: versions of models, and what a new one would do."""

import copy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.api.conftest import Put, error_of
from tests.api.contract import Contract
from tests.api.plant import FILLER, MODEL, PASSWORD, TEMPERATURE
from uns.api import Platform, create_app
from uns.broker import Broker
from uns.models import ModelStore
from uns.registry import Model, parse_model


@pytest.fixture
async def client(platform: Platform, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A server whose store holds what runs, and a version that ran before."""
    store = ModelStore(tmp_path / "models.db")
    former = parse_model(
        {"model": "filler", "version": 1, "attributes": {"speed": {"type": "number", "unit": "rad/s"}}}
    )
    assert isinstance(former, Model)
    assert store.admit([former], "ann", "first", 1_780_000_000_000) == []
    assert store.admit(platform.policy.registry.models(), "bob", "start", 1_790_000_000_000)  # v2 breaks v1
    app = create_app(msgspec.structs.replace(platform, models=store))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    hooks = {"response": [Contract(app).check]}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080", event_hooks=hooks) as client:
        yield client
    store.close()


def candidate(version: int = 3, **temperature: Any) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(MODEL)
    document["version"] = version
    document["attributes"]["temperature"] |= temperature
    return document


async def check(client: httpx.AsyncClient, document: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = await client.post("/api/v1/models/check", json={"document": document, **more})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_every_version_is_listed_also_what_ran_before(client: httpx.AsyncClient) -> None:
    models = (await client.get("/api/v1/models")).json()["models"]
    assert [(model["ref"], model["running"], model["assets"], model["changed_by"]) for model in models] == [
        ("filler@1", False, 0, "ann"),
        ("filler@2", True, 3, None),
    ]
    assert (await client.get("/api/v1/models/filler")).json()["models"] == models


async def test_one_version_comes_with_document_schema_and_users(client: httpx.AsyncClient) -> None:
    detail = (await client.get("/api/v1/models/filler/2")).json()
    assert detail["document"]["attributes"]["temperature"]["unit"] == "Cel"
    assert detail["json_schema"]["title"] == "filler@2"
    assert FILLER in detail["used_by"]
    assert (await client.get("/api/v1/models/filler/1")).json()["json_schema"] is None


@pytest.mark.parametrize("path", ["models/filer", "models/filler/9"])
async def test_a_model_that_is_not_there(client: httpx.AsyncClient, path: str) -> None:
    error = error_of(await client.get(f"/api/v1/{path}"))
    assert error.id == "unknown.model"
    assert error.nearest == {"models/filer": "filler", "models/filler/9": "filler@2"}[path]


async def test_assets_are_named_to_those_who_may_read_them(client: httpx.AsyncClient) -> None:
    detail = (await client.get("/api/v1/models/filler/2", auth=("ann", PASSWORD))).json()
    assert (detail["assets"], detail["used_by"]) == (3, [FILLER])


async def test_a_candidate_is_judged_by_what_was_really_sent(
    client: httpx.AsyncClient, put: Put, broker: Broker
) -> None:
    put(TEMPERATURE, 21.4)
    put(TEMPERATURE.replace("line1", "line10"), 99.5)
    broker.local("dashboard").subscribe("acme/ghent/#", lambda message: None)
    broker.local("elsewhere").subscribe("acme/lyon/#", lambda message: None)
    answer = await check(client, candidate(max=50))
    assert not answer["valid"]
    assert [finding["id"] for finding in answer["findings"]] == ["model.compatibility"]
    assert [(step["old"], step["held"]) for step in answer["steps"]] == [("filler@2", True), ("filler@1", False)]
    assert [change["level"] for change in answer["steps"][0]["changes"]] == ["breaks backward"]
    assert (len(answer["assets"]), answer["topics"]) == (3, 12)
    assert answer["messages"]["refused"] == {TEMPERATURE.replace("line1", "line10"): 1}
    assert answer["messages"]["text"].startswith("of 2 recent messages on 2 topics 1 would be refused (first: acme")
    assert [entry["client_id"] for entry in answer["clients"]] == ["dashboard"]


async def test_a_version_that_runs_does_not_change(client: httpx.AsyncClient) -> None:
    assert (await check(client, candidate(2)))["valid"]
    answer = await check(client, candidate(2, max=50))
    assert [finding["id"] for finding in answer["findings"]] == ["model.immutable"]


async def test_a_document_that_is_no_model_gets_its_findings(client: httpx.AsyncClient) -> None:
    answer = await check(client, {"model": "filler", "version": 3, "attributes": {"a": {"type": "nmber"}}})
    assert answer["ref"] is None
    assert [(finding["id"], finding["nearest"]) for finding in answer["findings"]] == [("model.type", "number")]
    answer = await check(client, {"model": "filler", "version": 3, "parts": {"motor": "motor@1"}})
    assert [finding["id"] for finding in answer["findings"]] == ["model.reference"]

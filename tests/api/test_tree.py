"""uns.api.tree and its routes: the merged tree, its pages and the search."""

from typing import Any

import httpx
import pytest

from tests.api.conftest import Put, error_of
from tests.api.plant import FILLER, PASSWORD, TEMPERATURE
from uns.broker import Broker
from uns.link import Message


async def nodes(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    response = await client.get("/api/v1/tree", params=query)
    assert response.status_code == 200, response.text
    listed: list[dict[str, Any]] = response.json()["nodes"]
    return listed


async def test_declared_namespace_shows_before_anything_is_published(client: httpx.AsyncClient) -> None:
    (top,) = await nodes(client)
    assert top == {
        "path": "acme", "name": "acme", "depth": 1, "level": "enterprise", "kind": "folder", "children": 1,
        "declared": True, "model": None, "owner": None, "description": None, "unit": None, "type": None,
        "value": None, "quality": None, "timestamp": None,
    }  # fmt: skip
    assert [node["name"] for node in await nodes(client, path="acme/ghent/packaging")] == ["line1", "line2", "line10"]


async def test_attributes_of_an_asset_with_and_without_value(client: httpx.AsyncClient, put: Put) -> None:
    put(TEMPERATURE, 21.4)
    by_name = {node["name"]: node for node in await nodes(client, path=FILLER)}
    assert list(by_name) == ["count", "speed", "state", "temperature"]
    temperature, state, speed = by_name["temperature"], by_name["state"], by_name["speed"]
    assert (temperature["value"], temperature["quality"], temperature["unit"]) == (21.4, "Good", "Cel")
    assert (temperature["type"], temperature["kind"], temperature["model"]) == ("number", "attribute", "filler@2")
    assert (state["value"], state["quality"], state["declared"]) == (None, "GoodNoData", True)
    assert (speed["kind"], speed["level"], speed["children"], speed["quality"]) == ("folder", "attribute", 1, None)


async def test_depth_walks_in_preorder(client: httpx.AsyncClient, put: Put) -> None:
    put("acme/ghent/_raw/b", 1)
    walked = await nodes(client, path="acme/ghent", depth=3)
    assert [(node["path"], node["depth"]) for node in walked] == [
        ("acme/ghent/_raw", 1),
        ("acme/ghent/_raw/b", 2),
        ("acme/ghent/packaging", 1),
        ("acme/ghent/packaging/line1", 2),
        ("acme/ghent/packaging/line1/filler", 3),
        ("acme/ghent/packaging/line2", 2),
        ("acme/ghent/packaging/line2/filler", 3),
        ("acme/ghent/packaging/line10", 2),
        ("acme/ghent/packaging/line10/filler", 3),
    ]
    raw, value = walked[0], walked[1]
    assert (raw["kind"], raw["declared"]) == ("folder", False)
    assert (value["kind"], value["level"], value["value"]) == ("topic", "topic", 1)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@pytest.mark.parametrize("path", ["", "acme/ghent"])
async def test_pages_join_to_the_whole(client: httpx.AsyncClient, put: Put, limit: int, path: str) -> None:
    for number in (1, 2, 10):
        put(f"acme/ghent/_raw/box{number}", number)
    put("acme/ghent/_raw/box2/inner", 1)
    put("acme/ghent/_raw//odd", 1)
    whole = [node["path"] for node in await nodes(client, path=path, depth=9)]
    paged: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (
            await client.get("/api/v1/tree", params={"path": path, "depth": 9, "limit": limit, "cursor": cursor})
        ).json()
        paged += [node["path"] for node in page["nodes"]]
        cursor = page["next"]
    assert paged == whole
    assert "acme/ghent/_raw//odd" in whole


async def test_page_goes_on_behind_a_node_that_has_gone(client: httpx.AsyncClient, put: Put, broker: Broker) -> None:
    for name in "abcd":
        put(f"acme/ghent/_raw/{name}", 1)
    query = {"path": "acme/ghent/_raw", "limit": 2}
    cursor = (await client.get("/api/v1/tree", params=query)).json()["next"]
    broker.topics.remove("acme/ghent/_raw/b")
    assert [node["name"] for node in await nodes(client, **query, cursor=cursor)] == ["c", "d"]


async def test_refused_topics_make_no_nodes(client: httpx.AsyncClient, broker: Broker) -> None:
    verdict = broker.publish(Message("acme/gent/packaging/x", b"1", publisher="plc"), "internal")
    assert not verdict.delivered
    assert [node["path"] for node in await nodes(client, path="acme")] == ["acme/ghent"]


async def test_new_topic_shows_at_once(client: httpx.AsyncClient, put: Put) -> None:
    assert len(await nodes(client, path="acme/ghent")) == 1
    put("acme/ghent/_raw/b", 1)
    assert len(await nodes(client, path="acme/ghent")) == 2


async def test_values_that_the_role_may_not_read_are_left_out(connect: Any, put: Put) -> None:
    put(TEMPERATURE, 21.4)
    put(TEMPERATURE.replace("line1", "line2"), 22.5)
    async with connect(auth=("ann", PASSWORD)) as ann:
        walked = await nodes(ann, path="acme/ghent/packaging", depth=3)
        seen = {node["path"]: node["value"] for node in await nodes(ann, path="acme/ghent/packaging", depth=4)}
    assert len(walked) == 18
    assert seen[TEMPERATURE] == 21.4
    assert seen[TEMPERATURE.replace("line1", "line2")] is None


BAD = {
    "unknown path": ({"path": "acme/gent"}, 404, "unknown.path"),
    "filter as path": ({"path": "acme/#"}, 422, "request.topic"),
    "no cursor": ({"cursor": "!!"}, 422, "request.cursor"),
    "cursor of another listing": ({"path": "acme/ghent", "cursor": "YWJj"}, 422, "request.cursor"),
    "depth 0": ({"depth": 0}, 422, "request.invalid"),
    "limit too high": ({"limit": 5001}, 422, "request.invalid"),
    "limit no number": ({"limit": "many"}, 422, "request.invalid"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_requests(client: httpx.AsyncClient, name: str) -> None:
    query, status, finding_id = BAD[name]
    response = await client.get("/api/v1/tree", params=query)
    assert (response.status_code, error_of(response).id) == (status, finding_id)


NEAREST = {
    "acme/gent": "acme/ghent",
    "acme/ghent/packging/line1": "acme/ghent/packaging/line1",
    f"{FILLER}/temprature": TEMPERATURE,
    "zzzz": "",
}


@pytest.mark.parametrize("path", NEAREST)
async def test_unknown_path_names_what_was_probably_meant(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get("/api/v1/tree", params={"path": path})
    assert (response.status_code, error_of(response).nearest) == (404, NEAREST[path])


FOUND = {
    "temp line2": [TEMPERATURE.replace("line1", "line2")],
    "TEMP": [TEMPERATURE.replace("line1", line) for line in ("line1", "line2", "line10")],
    "bowl cel line2": [TEMPERATURE.replace("line1", "line2")],
    "rotary": [FILLER],
    "pallet": ["acme/ghent/_raw/pallet"],
    "nowhere": [],
    " ": [],
}


@pytest.mark.parametrize("words", FOUND)
async def test_search(client: httpx.AsyncClient, put: Put, words: str) -> None:
    put("acme/ghent/_raw/pallet", 1)
    response = await client.get("/api/v1/search", params={"q": words})
    assert [node["path"] for node in response.json()["nodes"]] == FOUND[words]


async def test_search_stops_at_its_limit_and_shows_values(client: httpx.AsyncClient, put: Put) -> None:
    put(TEMPERATURE, 21.4)
    response = await client.get("/api/v1/search", params={"q": "temperature", "limit": 1})
    (node,) = response.json()["nodes"]
    assert (node["path"], node["value"], node["depth"]) == (TEMPERATURE, 21.4, 6)
    assert error_of(await client.get("/api/v1/search")).id == "request.missing"

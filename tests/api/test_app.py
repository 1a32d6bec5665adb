"""uns.api.app and its layers: errors, credentials, compression, the page, the description."""

import html
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from tests.api.conftest import Connect, error_of
from tests.api.plant import PASSWORD, TEMPERATURE
from uns.api import Platform, create_app
from uns.broker import Broker


async def test_unknown_path_and_wrong_method(client: httpx.AsyncClient) -> None:
    nowhere = await client.get("/api/v1/nowhere")
    assert (nowhere.status_code, error_of(nowhere).id) == (404, "unknown.path")
    wrong = await client.get("/api/v1/publish")
    assert (wrong.status_code, error_of(wrong).id) == (405, "request.method")


async def test_a_plain_request_to_the_websocket_is_told_what_is_spoken_there(connect: Connect) -> None:
    async with connect("10.0.0.7", "plant.example:8080") as stranger:
        response = await stranger.get("/mqtt")
    assert (response.status_code, error_of(response).id) == (426, "request.no_websocket")
    assert response.headers["upgrade"] == "websocket"


async def test_defect_is_logged_under_an_id_and_told_without_details(
    client: httpx.AsyncClient, broker: Broker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(broker, "clients", broken)
    with caplog.at_level(logging.ERROR):
        response = await client.get("/api/v1/clients")
    finding = error_of(response)
    assert (response.status_code, finding.id) == (500, "internal.error")
    assert "secret detail" not in response.text
    reference = re.search(r"under (\w+)\.", finding.what)
    assert reference is not None
    assert reference[1] in caplog.text
    assert "secret detail" in caplog.text


async def test_strangers_are_asked_for_credentials(connect: Connect) -> None:
    async with connect("10.0.0.7", "plant.example:8080") as stranger:
        for path in ("/", "/docs", "/metrics", "/openapi.json", "/api/v1/tree"):
            response = await stranger.get(path)
            assert (response.status_code, error_of(response).id) == (401, "access.anonymous"), path
            assert response.headers["www-authenticate"].startswith("Basic ")
        stranger.auth = httpx.BasicAuth("ann", PASSWORD)
        assert (await stranger.get("/api/v1/tree")).status_code == 200
        stranger.auth = httpx.BasicAuth("ann", "wrong")
        assert error_of(await stranger.get("/api/v1/tree")).id == "access.credentials"


async def test_rebound_name_reads_nothing(connect: Connect) -> None:
    async with connect(host="evil.example:8080") as rebound:
        response = await rebound.get("/api/v1/tree")
    assert (response.status_code, error_of(response).id) == (403, "access.host")


async def test_guessing_ends_in_429(connect: Connect) -> None:
    async with connect(auth=("bob", "guess")) as guesser:
        answers = [(await guesser.get("/api/v1/info")).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


async def test_large_answers_are_compressed(client: httpx.AsyncClient) -> None:
    large = await client.get("/openapi.json", headers={"accept-encoding": "gzip"})
    assert large.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in (await client.get("/livez")).headers


async def test_live_data_is_never_cached(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/api/v1/topics/{TEMPERATURE}")).headers["cache-control"] == "no-store"


async def test_every_operation_is_described(app: FastAPI) -> None:
    document = app.openapi()
    assert {path for path in document["paths"] if path.startswith("/api/v1")} == {
        f"/api/v1/{name}"
        for name in (
            "info", "tree", "search", "topics/{topic}", "history/{topic}", "stream", "violations", "sources", "clients",
            "check", "publish", "explain", "plan", "whatif", "apply", "export", "drift", "revisions",
            "revisions/{number}", "revisions/{number}/revert",
            "violations/groups", "violations/groups/{group_id}",
            "violations/groups/{group_id}/actions", "violations/replay", "blocks", "blocks/{block_id}",
            "models", "models/{name}", "models/{name}/{version}", "models/check", "learn", "coverage",
            "lineage/{topic}", "aliases", "violations/groups/{group_id}/accept",
            "sparkplug/nodes", "sparkplug/nodes/{group}/{node}", "sparkplug/nodes/{group}/{node}/rebirth",
            "sparkplug/nodes/{group}/{node}/commands", "sparkplug/nodes/{group}/{node}/recording",
        )
    }  # fmt: skip
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all(operation.get("summary") and operation.get("description") for operation in operations)
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)


async def test_docs_need_nothing_from_outside(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    links = re.findall(r'(?:href|src|action)="([^"]+)"', page.text)
    assert all(not re.match(r"(https?:)?//", link) for link in links)
    assert "<script" not in page.text
    for link in {"docs/style.css", "openapi.json"}:
        assert link in links
        assert (await client.get(f"/{link}")).status_code == 200
    for path in client._transport.app.openapi()["paths"]:  # type: ignore[attr-defined]
        assert f"<code>{path}</code>" in page.text
    assert "curl 'http://localhost:8080/api/v1/publish'" in html.unescape(page.text)


async def test_docs_escape_what_they_show(platform: Platform) -> None:
    app = create_app(msgspec.structs.replace(platform, version="<i>1</i>"))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert "&lt;i&gt;1" in (await client.get("/docs")).text


@pytest.fixture
async def site(platform: Platform, tmp_path: Path) -> Any:
    """A client of an app with a web page."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text("<!doctype html>page")
    (tmp_path / "static" / "app.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("secret")
    app = create_app(platform, static=tmp_path / "static", headers={"Content-Security-Policy": "default-src 'self'"})
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_page_comes_with_its_headers(site: httpx.AsyncClient) -> None:
    for path, kind in (("/", "text/html"), ("/app.js", "text/javascript")):
        response = await site.get(path)
        assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, kind)
        assert response.headers["content-security-policy"] == "default-src 'self'"
        assert response.headers["x-content-type-options"] == "nosniff"
    again = await site.get("/app.js", headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304


async def test_page_never_hides_the_api_nor_leaves_its_folder(site: httpx.AsyncClient) -> None:
    assert (await site.get("/api/v1/info")).status_code == 200
    for path in ("/nothing.js", "/%2e%2e/secret.txt", "/..%2fsecret.txt"):
        response = await site.get(path)
        assert (response.status_code, error_of(response).id) == (404, "unknown.path"), path


def test_shapes_have_short_names_of_their_own(app: FastAPI) -> None:
    names = app.openapi()["components"]["schemas"]
    assert not [name for name in names if "__" in name]

"""uns.api.routes.history: ranges, aggregates and limits on the real store."""

from typing import Any

import httpx
import pytest

from tests.api.conftest import Connect, error_of
from tests.api.plant import PASSWORD, TEMPERATURE
from tests.support.clock import FakeClock
from uns.api import Platform, create_app
from uns.history import Row, SqliteHistory
from uns.samples import Quality, Sample

NOW = "2026-09-21T14:13:20.000Z"


@pytest.fixture(autouse=True)
def recorded(history: SqliteHistory, clock: FakeClock) -> None:
    """One sample per second of the last 100 s, the newest now; one of them is Uncertain."""
    start_ms = clock.wall_ms() - 99_000
    samples = [
        Sample(second, Quality.UNCERTAIN if second == 95 else Quality.GOOD, start_ms + second * 1000)
        for second in range(100)
    ]
    history.append([Row(TEMPERATURE, sample, sample.timestamp_ms) for sample in samples])


async def ask(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    response = await client.get(f"/api/v1/history/{TEMPERATURE}", params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_last_includes_the_value_of_now(client: httpx.AsyncClient) -> None:
    answer = await ask(client, last="10s")
    assert [point["value"] for point in answer["points"]] == list(range(90, 100))
    assert answer["points"][-1] == {"value": 99, "quality": "Good", "timestamp": NOW}
    assert (answer["unit"], answer["agg"], answer["truncated"], answer["next"]) == ("Cel", None, False, None)


async def test_without_a_range_it_is_the_last_hour(client: httpx.AsyncClient) -> None:
    assert len((await ask(client))["points"]) == 100


@pytest.mark.parametrize("offset", ["Z", "+00:00"])
async def test_from_and_to(client: httpx.AsyncClient, offset: str) -> None:
    answer = await ask(client, **{"from": f"2026-09-21T14:13:10{offset}", "to": f"2026-09-21T14:13:12{offset}"})
    assert [point["value"] for point in answer["points"]] == [89, 90]
    assert (answer["from"], answer["to"]) == ("2026-09-21T14:13:10.000Z", "2026-09-21T14:13:12.000Z")


async def test_unescaped_plus_of_an_offset(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/api/v1/history/{TEMPERATURE}?from=2026-09-21T16:13:19+02:00")
    assert [point["value"] for point in response.json()["points"]] == [98, 99]


async def test_limit_truncates_and_says_so(client: httpx.AsyncClient) -> None:
    answer = await ask(client, limit=3)
    assert [point["value"] for point in answer["points"]] == [0, 1, 2]
    assert (answer["truncated"], answer["next"]) == (True, "2026-09-21T14:11:43.001Z")


async def test_next_goes_on_behind_the_last_bucket(client: httpx.AsyncClient) -> None:
    seconds: list[int] = []
    start: str | None = "2026-09-21T14:13:00Z"
    while start is not None:
        answer = await ask(client, **{"from": start, "to": NOW, "agg": "last:3s", "limit": 2})
        seconds += [point["value"] for point in answer["points"]]
        start = answer["next"]
    assert seconds == [81, 84, 87, 90, 93, 96, 98]


async def test_aggregate_has_bucket_starts_and_the_worst_quality(client: httpx.AsyncClient) -> None:
    answer = await ask(client, last="20s", agg="max:10s")
    assert answer["points"] == [
        {"value": 88, "quality": "Good", "timestamp": "2026-09-21T14:13:00.000Z"},
        {"value": 98, "quality": "Uncertain", "timestamp": "2026-09-21T14:13:10.000Z"},
        {"value": 99, "quality": "Good", "timestamp": "2026-09-21T14:13:20.000Z"},
    ]
    assert answer["agg"] == "max:10s"


async def test_declared_topic_without_history_is_empty(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/api/v1/history/{TEMPERATURE.replace('line1', 'line2')}")
    assert response.json()["points"] == []


BAD = {
    "duration": ({"last": "soon"}, "request.duration"),
    "both": ({"last": "1m", "from": NOW}, "request.range"),
    "backwards": ({"from": NOW, "to": "2026-09-21T14:00:00Z"}, "request.range"),
    "zero long": ({"last": "0s"}, "request.range"),
    "no time": ({"from": "yesterday"}, "request.time"),
    "no offset": ({"from": "2026-09-21T14:00:00"}, "request.time"),
    "limit": ({"limit": 0}, "request.invalid"),
    "limit too high": ({"limit": 100_001}, "request.invalid"),
    "aggregate": ({"agg": "median:10s"}, "request."),
    "width": ({"agg": "avg:often"}, "request."),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_requests(client: httpx.AsyncClient, name: str) -> None:
    query, finding_id = BAD[name]
    response = await client.get(f"/api/v1/history/{TEMPERATURE}", params=query)
    assert response.status_code == 422, response.text
    assert error_of(response).id.startswith(finding_id)


async def test_a_span_longer_than_time_itself(client: httpx.AsyncClient) -> None:
    answer = await ask(client, last="99999999d")
    assert answer["from"] == "1970-01-01T00:00:00.000Z"


async def test_unknown_topic_and_forbidden_topic(client: httpx.AsyncClient, connect: Connect) -> None:
    unknown = await client.get("/api/v1/history/acme/ghent/packing")
    assert (unknown.status_code, error_of(unknown).id) == (404, "unknown.topic")
    async with connect(auth=("ann", PASSWORD)) as ann:
        refused = await ann.get("/api/v1/history/acme/ghent/packaging/line2/filler/temperature")
        assert (refused.status_code, error_of(refused).id) == (403, "access.subscribe")


async def test_server_without_history(platform: Platform) -> None:
    app = create_app(
        type(platform)(**{name: getattr(platform, name) for name in platform.__struct_fields__} | {"history": None})
    )
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert error_of(await client.get(f"/api/v1/history/{TEMPERATURE}")).id == "unknown.history"

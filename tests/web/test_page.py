"""What does a person see in a real browser? Drives headless Chromium against the running demo plant."""

import json
import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.running import RunningServer
from tests.web.conftest import Watched

pytestmark = pytest.mark.browser

ASSET = "acme/ghent/packaging/line1/filler"
TOPIC = f"{ASSET}/temperature"
MISSPELT = "acme/ghent/packging/line1/filler/temperature"
RAW = "acme/ghent/_raw"
HOSTILE = f"{RAW}/<img src=x onerror=document.title='injected'>"
PATIENCE_MS = 10_000


def publish(base: str, topic: str, **body: Any) -> int:
    """HTTP status of a publish through the API."""
    request = urllib.request.Request(
        f"{base}/api/v1/publish",
        data=json.dumps({"topic": topic, **body}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def row(page: Page, path: str) -> Locator:
    return page.locator(f'[role="treeitem"][data-path="{path}"]')


def test_headers_forbid_everything_foreign(demo_server: RunningServer) -> None:
    with urllib.request.urlopen(demo_server.base_url, timeout=10) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def animation_of(element: Locator) -> str:
    return str(element.evaluate("(element) => getComputedStyle(element).animationName"))


@pytest.mark.parametrize("viewport", [(1280, 800), (1120, 800), (390, 844)])
def test_header_names_what_it_counts_and_fits(watched: Watched, viewport: tuple[int, int]) -> None:
    page = watched.open()
    counted = page.locator(".line-fact").filter(has_text=re.compile(r"^\d+ MQTT clients?$"))
    expect(counted).to_have_count(1, timeout=PATIENCE_MS)
    page.get_by_text("msg/s").wait_for(state="attached", timeout=PATIENCE_MS)
    assert counted.is_visible() == (viewport[0] > 1100)
    line = page.locator(".line").bounding_box()
    assert line is not None
    assert line["x"] + line["width"] <= viewport[0]
    tabs = page.locator(".tabs").bounding_box()
    assert tabs is not None
    assert tabs["x"] + tabs["width"] <= line["x"] or tabs["y"] >= line["y"] + line["height"]


def test_tree_opens_level_by_level(watched: Watched) -> None:
    page = watched.open()
    row(page, "acme").wait_for(timeout=PATIENCE_MS)
    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("tree").focus()
    for path in ("acme/ghent", "acme/ghent/packaging", "acme/ghent/packaging/line1", ASSET):
        folder = row(page, path)
        folder.wait_for(timeout=PATIENCE_MS)
        if folder.get_attribute("aria-expanded") == "false":
            folder.locator(".twisty").click()
    leaf = row(page, TOPIC)
    expect(leaf.locator(".unit")).to_have_text("°C", timeout=PATIENCE_MS)
    assert float(leaf.locator(".live-value").inner_text()) > -273


def test_value_changes_and_flashes(watched: Watched) -> None:
    page = watched.open(f"#/topic/{TOPIC}")
    value = row(page, TOPIC).locator(".live-value")
    value.wait_for(timeout=PATIENCE_MS)
    before = value.inner_text()
    expect(value).not_to_have_text(before, timeout=PATIENCE_MS)
    expect(value).to_have_class(re.compile("flash-[01]"), timeout=PATIENCE_MS)
    assert animation_of(value).startswith("flash-")
    page.emulate_media(reduced_motion="reduce")
    assert animation_of(value) == "none"


def test_keyboard_walks_the_tree(watched: Watched) -> None:
    page = watched.open(f"#/topic/{ASSET}")
    row(page, ASSET).wait_for(timeout=PATIENCE_MS)
    tree = page.get_by_role("tree")
    tree.focus()
    expect(row(page, ASSET)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowRight")
    expect(row(page, ASSET)).to_have_attribute("aria-expanded", "true", timeout=PATIENCE_MS)
    row(page, TOPIC).wait_for(timeout=PATIENCE_MS)
    page.keyboard.press("ArrowDown")
    active = page.locator(".row.is-active")
    child = active.get_attribute("data-path")
    assert child is not None
    assert child.startswith(f"{ASSET}/")
    assert tree.get_attribute("aria-activedescendant") == active.get_attribute("id")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(row(page, ASSET)).to_have_attribute("aria-expanded", "false")


def test_search_finds_and_opens(watched: Watched) -> None:
    page = watched.open()
    row(page, "acme").wait_for(timeout=PATIENCE_MS)
    page.keyboard.press("/")
    page.keyboard.type("line1 filler temp")
    result = page.get_by_role("option").filter(has_text=TOPIC)
    expect(result.first).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/#/topic/{TOPIC}")
    page.keyboard.press("Escape")
    expect(row(page, TOPIC)).to_have_attribute("aria-selected", "true", timeout=PATIENCE_MS)


def test_search_without_a_match_helps(watched: Watched) -> None:
    page = watched.open()
    page.get_by_role("combobox", name="Search topics").fill("zzzz-no-such-thing")
    expect(page.get_by_text("Nothing found")).to_be_visible(timeout=PATIENCE_MS)


def test_detail_shows_contract_source_and_chart(watched: Watched) -> None:
    page = watched.open(f"#/topic/{TOPIC}")
    detail = page.locator(".detail")
    expect(detail.locator("h1")).to_have_text("temperature", timeout=PATIENCE_MS)
    expect(detail.get_by_label("Present value")).to_contain_text("°C", timeout=PATIENCE_MS)
    expect(detail).to_contain_text("Contract")
    expect(detail.get_by_text("Cel", exact=False).first).to_be_visible()
    expect(detail.get_by_text("opcua", exact=True)).to_be_visible()
    expect(detail.locator("canvas")).to_be_visible(timeout=PATIENCE_MS)
    detail.get_by_role("button", name="1 hour").click()
    expect(detail.locator("canvas")).to_be_visible(timeout=PATIENCE_MS)
    expect(detail.get_by_role("button", name="1 hour")).to_have_attribute("aria-pressed", "true")
    detail.get_by_role("link", name="filler").click()
    expect(detail.locator("h1")).to_have_text("filler", timeout=PATIENCE_MS)
    expect(detail.get_by_role("link", name="temperature", exact=True)).to_be_visible(timeout=PATIENCE_MS)


def test_unknown_topic_says_the_nearest(watched: Watched) -> None:
    page = watched.open(f"#/topic/{MISSPELT}")
    expect(page.get_by_text("No such topic")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".detail").get_by_role("link", name=TOPIC)).to_be_visible()
    watched.complaints[:] = [text for text in watched.complaints if "404" not in text]  # the browser logs each 404


def test_refused_publish_appears_with_its_reason(watched: Watched) -> None:
    page = watched.open("#/violations")
    expect(page.get_by_role("heading", name="Violations", exact=True)).to_be_visible()
    assert publish(watched.base, MISSPELT, value=21.4) == 422
    newest = page.locator(".violations > li").first
    expect(newest).to_contain_text(MISSPELT, timeout=PATIENCE_MS)
    expect(newest).to_contain_text("topic.")
    newest.get_by_role("button").click()
    expect(newest).to_contain_text("21.4")
    expect(newest.get_by_role("link", name=TOPIC)).to_be_visible()
    page.get_by_label("Topic filter").fill("nothing/here/#")
    expect(page.get_by_text("No violation matches the filter")).to_be_visible(timeout=PATIENCE_MS)


def test_sources_show_their_state(watched: Watched) -> None:
    page = watched.open("#/sources")
    first = page.locator(".source").first
    expect(first).to_contain_text("Points", timeout=PATIENCE_MS)
    expect(page.locator(".source").get_by_text("running").first).to_be_visible(timeout=PATIENCE_MS)


def test_hostile_topic_and_payload_stay_text(watched: Watched) -> None:
    payload = "<script>document.title='injected'</script><img src=x onerror=\"document.title='injected'\">"
    assert publish(watched.base, HOSTILE, payload_text=payload) == 200
    page = watched.open(f"#/topic/{RAW}")
    page.locator(".detail").get_by_role("link", name=HOSTILE.removeprefix(f"{RAW}/")).click(timeout=PATIENCE_MS)
    expect(page.locator(".detail h1")).to_contain_text("<img src=x onerror", timeout=PATIENCE_MS)
    expect(page.get_by_label("Payload", exact=True)).to_have_text(payload, timeout=PATIENCE_MS)
    assert page.title() == "Unified Namespace"
    assert page.locator(".panes img").count() == 0


def test_large_integers_stay_exact(watched: Watched) -> None:
    topic = f"{RAW}/int64"
    assert publish(watched.base, topic, value=9007199254740993) == 200
    page = watched.open(f"#/topic/{topic}")
    expect(page.locator(".big-value")).to_have_text(
        "9\u202f007\u202f199\u202f254\u202f740\u202f993", timeout=PATIENCE_MS
    )


def test_lost_server_is_told_and_found_again(watched: Watched) -> None:
    page = watched.open(f"#/topic/{TOPIC}")
    expect(page.get_by_label("Present value")).to_contain_text("Good", timeout=PATIENCE_MS)
    page.context.set_offline(True)
    expect(page.get_by_text("The server is away.")).to_be_visible(timeout=2 * PATIENCE_MS)
    expect(page.get_by_label("Present value")).to_contain_text("Stale")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    expect(page.get_by_text("The server is away.")).to_be_hidden()
    watched.complaints[:] = [text for text in watched.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


@pytest.mark.parametrize("viewport", [(390, 844)])
@pytest.mark.parametrize("address", ["#/", f"#/topic/{TOPIC}", f"#/topic/{ASSET}", "#/violations", "#/sources"])
def test_phone_scrolls_in_one_direction(watched: Watched, address: str) -> None:
    page = watched.open(address)
    page.get_by_text("Live", exact=True).wait_for(timeout=PATIENCE_MS)
    page.wait_for_load_state("load")
    if TOPIC in address:
        page.locator("canvas").wait_for(timeout=PATIENCE_MS)
    scrollers = "[...document.querySelectorAll('html, .detail-pane, .screen')]"
    wide = page.evaluate(f"{scrollers}.map((element) => element.scrollWidth - element.clientWidth)")
    assert max(wide) <= 0


@pytest.mark.parametrize("viewport", [(390, 844)])
def test_phone_shows_one_screen_with_a_way_back(watched: Watched) -> None:
    page = watched.open(f"#/topic/{TOPIC}")
    expect(page.locator(".detail h1")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("tree")).to_be_hidden()
    page.locator("a.back").click()
    expect(row(page, TOPIC)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".detail h1")).to_be_hidden()

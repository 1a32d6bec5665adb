"""What does a person see who may read only some of the plant? The page of the small plant with a login."""

import pytest
from playwright.sync_api import Locator, expect

from tests.conftest import Users
from tests.support.command import uns
from tests.support.running import RunningServer
from tests.web.conftest import Watched
from tests.web.test_page import PATIENCE_MS, row

pytestmark = pytest.mark.browser

MIXER = "works/strict/mixer"
READABLE = f"{MIXER}/temperature"
FORBIDDEN = f"{MIXER}/state"


class Plant:
    """Publishes as the operator."""

    def __init__(self, server: RunningServer, users: Users) -> None:
        self._env = server.env | users.env("ada")

    def put(self, topic: str, value: object, code: int = 0) -> None:
        assert uns("pub", topic, str(value), "--retain", env=self._env).code == code


@pytest.fixture
def plant(server: RunningServer, users: Users) -> Plant:
    plant = Plant(server, users)
    plant.put(READABLE, 20)
    plant.put(FORBIDDEN, "mixing")
    return plant


def expect_value(place: Locator, text: str) -> None:
    expect(place.locator(".live-value")).to_have_text(text, timeout=PATIENCE_MS)


@pytest.mark.parametrize("user", ["ben", "cas"])
def test_tree_follows_what_the_user_may_read(logged_in: Watched, plant: Plant) -> None:
    page = logged_in.open(f"#/topic/{READABLE}")
    expect_value(row(page, READABLE), "20")
    expect(page.get_by_label("Present value")).to_contain_text("20", timeout=PATIENCE_MS)
    for value in ("21", "22"):
        plant.put(READABLE, value)
        expect_value(row(page, READABLE), value)
        expect(page.get_by_label("Present value")).to_contain_text(value, timeout=PATIENCE_MS)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


@pytest.mark.parametrize("user", ["ben", "cas"])
def test_asset_follows_what_the_user_may_read(logged_in: Watched, user: str, plant: Plant) -> None:
    page = logged_in.open(f"#/topic/{MIXER}")
    children = page.locator(".detail .children > li")
    readable = children.filter(has_text="temperature")
    forbidden = children.filter(has_text="state")
    expect_value(readable, "20")
    expect_value(forbidden, "mixing" if user == "ben" else "–")
    plant.put(FORBIDDEN, "idle")
    plant.put(READABLE, 23)
    expect_value(readable, "23")
    expect_value(forbidden, "idle" if user == "ben" else "–")


@pytest.mark.parametrize("user", ["cas"])
def test_topic_that_may_not_be_read_says_so(logged_in: Watched, plant: Plant) -> None:
    page = logged_in.open(f"#/topic/{FORBIDDEN}")
    expect(page.get_by_text("You may not read this topic")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("body")).not_to_contain_text("mixing")
    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    plant.put(READABLE, 24)
    expect_value(row(page, READABLE), "24")
    logged_in.complaints[:] = [text for text in logged_in.complaints if "403" not in text]  # the browser logs each


@pytest.mark.parametrize("user", ["cas"])
def test_branch_next_to_others_is_followed_as_a_whole(logged_in: Watched, plant: Plant) -> None:
    for name in ("one", "two"):
        plant.put(f"works/free/{name}", 1)
    page = logged_in.open("#/topic/works/free/one")
    plant.put("works/free/two", 2)
    expect_value(row(page, "works/free/two"), "2")
    plant.put("works/free/two", 3)
    expect_value(row(page, "works/free/two"), "3")


@pytest.mark.parametrize("user", ["cas"])
def test_violation_of_a_topic_that_may_not_be_read_keeps_its_payload(logged_in: Watched, plant: Plant) -> None:
    plant.put(FORBIDDEN, "SECRET", code=5)
    page = logged_in.open("#/violations")
    newest = page.locator(".violations > li").first
    expect(newest).to_contain_text(FORBIDDEN, timeout=PATIENCE_MS)
    newest.get_by_role("button").click()
    expect(newest).to_contain_text("Not shown: you may not read this topic.")
    expect(page.locator("body")).not_to_contain_text("SECRET")

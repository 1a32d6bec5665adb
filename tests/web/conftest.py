"""A browser page that reports what it must not do: console errors, script errors, requests to another origin."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, HttpCredentials, Page, Request, sync_playwright

from tests.conftest import Users
from tests.support.running import RunningServer

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@dataclass
class Watched:
    """A page at `base`, and the complaints heard so far."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def open(self, address: str = "#/") -> Page:
        self.page.goto(f"{self.base}/{address}")
        return self.page

    def hear_request(self, request: Request) -> None:
        if not request.url.startswith(f"{self.base}/"):
            self.complaints.append(f"request to {request.url}")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def viewport() -> tuple[int, int]:
    """Width and height in CSS pixels; a test class or parameter may say another."""
    return (1280, 800)


@pytest.fixture
def watched(browser: Browser, demo_server: RunningServer, viewport: tuple[int, int]) -> Iterator[Watched]:
    """The page of the demo plant, without a login."""
    with watch(browser, demo_server, viewport) as seen:
        yield seen


@pytest.fixture
def user() -> str:
    """Who `logged_in` is; a test's parameter may say another."""
    return "ben"


@pytest.fixture
def logged_in(browser: Browser, server: RunningServer, users: Users, user: str) -> Iterator[Watched]:
    """The page of the small plant, as one of its users."""
    with watch(browser, server, (1280, 800), {"username": user, "password": users.passwords[user]}) as seen:
        yield seen


@contextlib.contextmanager
def watch(
    browser: Browser, server: RunningServer, viewport: tuple[int, int], login: HttpCredentials | None = None
) -> Iterator[Watched]:
    """A page of a server; complaints fail the test when it ends well otherwise."""
    width, height = viewport
    context = browser.new_context(viewport={"width": width, "height": height}, http_credentials=login)
    seen = Watched(context.new_page(), server.base_url)
    seen.page.on("request", seen.hear_request)
    seen.page.on("pageerror", lambda error: seen.complaints.append(f"script error: {error}"))
    seen.page.on(
        "console", lambda entry: seen.complaints.append(entry.text) if entry.type in ("error", "warning") else None
    )
    yield seen
    context.close()
    assert seen.complaints == []

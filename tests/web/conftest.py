"""A browser page that reports what it must not do: console errors, script errors, requests to another origin."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

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


@pytest.fixture(scope="session")
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
    width, height = viewport
    context = browser.new_context(viewport={"width": width, "height": height})
    seen = Watched(context.new_page(), demo_server.base_url)
    seen.page.on("request", seen.hear_request)
    seen.page.on("pageerror", lambda error: seen.complaints.append(f"script error: {error}"))
    seen.page.on(
        "console", lambda entry: seen.complaints.append(entry.text) if entry.type in ("error", "warning") else None
    )
    yield seen
    context.close()
    assert seen.complaints == []

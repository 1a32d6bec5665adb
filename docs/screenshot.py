"""How is the picture in the README made? From a running demo: `python -m docs.screenshot [ADDRESS]`.

Let the demo run for ten minutes first, so that the chart has something to show.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGE = Path(__file__).parent / "images/page.png"
TOPIC = "acme/ghent/packaging/line1/filler/temperature"
WIDTH, HEIGHT = 1280, 860
SETTLE_MS = 3000


def main(address: str) -> None:
    with sync_playwright() as playwright:
        # Without the sandbox it runs as root too, in a container; it opens nothing but our own page.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(f"{address}/#/topic/{TOPIC}")
        page.get_by_text("points").wait_for()  # the chart is drawn
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=IMAGE)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")

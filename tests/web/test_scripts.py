"""Do the page's scripts parse, and do their pure parts compute what they say? Runs Node's own test runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

from uns.web import STATIC

NODE = shutil.which("node")
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
TESTS = sorted(Path(__file__).with_name("js").glob("*.test.mjs"))

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def run_node(*arguments: str) -> str:
    assert NODE is not None
    done = subprocess.run([NODE, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_parses(script: Path) -> None:
    run_node("--check", str(script))


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_unit(test: Path) -> None:
    assert "# fail 0" in run_node("--test", "--test-reporter=tap", str(test))

"""Does the tour of the README still work, typed as it stands there? Every command is run, every line compared."""

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.shell import Step, missing, on_a_terminal, steps
from tests.support.running import RunningServer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
STEPS = steps(README)
PROGRAMS = ("uns", "mosquitto_pub", "mosquitto_sub", "curl", "sed")
REFUSED = 5
IMAGE_BYTES = 300 * 1024


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader sits: files of one command are there for the next."""
    return tmp_path_factory.mktemp("reader")


def on_the_demo(command: str, server: RunningServer) -> str:
    """The command as it would be typed, had the demo its usual ports."""
    clients = "".join(
        f'{name}() {{ command {name} -p {server.mqtt_port} "$@"; }}; ' for name in ("mosquitto_pub", "mosquitto_sub")
    )
    return clients + command.replace("localhost:8080", server.base_url)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.command[:60])
def test_the_command_prints_what_the_readme_shows(step: Step, demo_server: RunningServer, directory: Path) -> None:
    for program in PROGRAMS[1:]:
        if re.search(rf"\b{program}\b", step.command) and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    code, shown = on_a_terminal(on_the_demo(step.command, demo_server), demo_server.env, directory)
    assert missing(step, shown) == [], shown
    refused = any(re.match(r"error |.*: error ", line) for line in step.output)
    assert code == (REFUSED if refused else 0), shown


def test_the_tour_uses_programs_that_a_reader_has() -> None:
    words = {re.split(r"\s", step.command)[0] for step in STEPS}
    assert words <= set(PROGRAMS)


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_exist(target: str) -> None:
    assert f"make {target} " in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_screenshot_is_there_and_light() -> None:
    (image,) = re.findall(r"!\[[^]]+\]\((docs/images/[^)]+)\)", README)
    assert 0 < (ROOT / image).stat().st_size < IMAGE_BYTES


@pytest.mark.parametrize(
    ("shown", "promised"),
    [("x 4.95 Cel  0 s ago", "x 1 Cel  3 min ago"), ("for 1 min 3 s  73/73", "for 17 s  70/73"), ("a  b", "a b")],
)
def test_numbers_times_and_columns_may_differ(shown: str, promised: str) -> None:
    assert missing(Step("", (promised,)), shown) == []


def test_words_may_not_differ() -> None:
    assert missing(Step("", ("state running",)), "state retrying\n") == ["state running"]

"""Do the commands of docs/tls.md, typed into one terminal, make certificates that the server and its clients take?"""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.docs.shell import missing, on_a_terminal, steps
from tests.support.running import RunningServer
from tests.support.until import until
from uns.app.settings import read_settings

DOCUMENT = (Path(__file__).parents[2] / "docs/tls.md").read_text(encoding="utf-8")
STEPS = steps(DOCUMENT)
CLIENTS = re.findall(r"^    (mosquitto_sub .*)$", DOCUMENT, re.MULTILINE)
_ENDED = "the command ended with"
INVALID = 5


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Where the commands were typed, and what the terminal showed after each, its exit code last."""
    directory = tmp_path_factory.mktemp("terminal")
    typed = "\n".join(f"{step.command}\necho {_ENDED} $?" for step in STEPS)
    _, shown = on_a_terminal(typed, {}, directory)
    return directory, re.split(rf"(?<={_ENDED} \d)\n", shown)


def test_the_commands_do_what_the_page_says(terminal: tuple[Path, list[str]]) -> None:
    _, shown = terminal
    for step, text in zip(STEPS, shown, strict=False):
        expected = INVALID if any("is not valid" in line for line in step.output) else 0
        assert text.endswith(f"{_ENDED} {expected}"), f"{step.command}: {text}"
        assert missing(step, text) == [], text
    assert len([text for text in shown if text.strip()]) == len(STEPS)


@pytest.mark.skipif(shutil.which("mosquitto_sub") is None, reason="needs mosquitto-clients")
def test_the_clients_of_the_page_are_let_in(terminal: tuple[Path, list[str]], tmp_path: Path) -> None:
    directory, _ = terminal
    without, with_certificate = CLIENTS
    environ = {
        "UNS_MQTT_TLS_PORT": "0",
        "UNS_MQTT_TLS_CERTIFICATE": "tls/server.pem",
        "UNS_MQTT_TLS_KEY": "tls/server.key",
        "UNS_MQTT_TLS_CLIENT_CA": "tls/authority.pem",
    }
    topic = "my-company/my-site/_raw/x"
    server = RunningServer(["serve", str(directory / "plant")], tmp_path, environ)
    try:
        subprocess.run(
            ["mosquitto_pub", "-p", str(server.mqtt_port), "-r", "-q", "1", "-t", topic, "-m", "1"], check=True
        )
        code, _ = _run(without, server, directory)
        assert code != 0
        until(lambda: "the client sent none" in server.log, "the log says what it lacks")
        assert _run(with_certificate, server, directory) == (0, f"{topic} 1\n")
    finally:
        server.stop()
    del environ["UNS_MQTT_TLS_CLIENT_CA"]
    server = RunningServer(["serve", str(directory / "plant")], tmp_path, environ)
    try:
        assert _run(without, server, directory) == (0, f"{topic} 1\n")
    finally:
        server.stop()


def _run(command: str, server: RunningServer, directory: Path) -> tuple[int, str]:
    """Exit code and output of a command of the page, against this server, until its first message."""
    here = command.replace("uns.ghent.example", "localhost").replace("8883", str(server.tls_port))
    ended = subprocess.run(
        [*shlex.split(here), "-C", "1", "-W", "20"], cwd=directory, capture_output=True, text=True, timeout=30
    )
    return ended.returncode, ended.stdout


def test_the_sample_is_of_settings_that_exist() -> None:
    samples = re.findall(r"```yaml\n# uns\.yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    assert len(samples) == 2
    for sample in samples:
        settings, findings = read_settings(yaml.safe_load(sample), {})
        assert findings == []
        assert "tls/server.pem" in (settings.mqtt.tls_certificate, settings.http.tls_certificate)

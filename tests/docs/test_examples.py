"""Does every example do what its first line says, against a running demo?"""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from tests.support.running import RunningServer

EXAMPLES = Path(__file__).parents[2] / "examples"
RUN_S = 60
FILLER = "acme/ghent/packaging/line1/filler"


@contextmanager
def running(name: str, server: RunningServer) -> Iterator[Iterator[str]]:
    """The lines that an example prints; it is ended with the block."""
    environ = server.env | {"UNS_MQTT": f"127.0.0.1:{server.mqtt_port}", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(EXAMPLES / name)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        limit = threading.Timer(RUN_S, process.kill)
        limit.start()
        try:
            assert process.stdout is not None
            yield (line.rstrip("\n") for line in process.stdout)
        finally:
            limit.cancel()
            process.terminate()


def test_follow_values(demo_server: RunningServer) -> None:
    with running("follow_values.py", demo_server) as lines:
        seen = list(islice(lines, 5))
    assert len(seen) == 5
    assert all(re.fullmatch(r"acme/ghent/(\w+/){3}temperature  -?[\d.]+( .*)?", line) for line in seen), seen


def test_publish_and_hear_why(demo_server: RunningServer) -> None:
    with running("publish_and_hear_why.py", demo_server) as lines:
        right, wrong, why, rule = list(lines)
    assert right == f"{FILLER}/temperature: Success"
    assert wrong == f"{FILLER}/temprature: Topic name invalid"
    assert f"Did you mean '{FILLER}/temperature'?" in why
    assert "topic.attribute" in rule


def test_history_to_csv(demo_server: RunningServer) -> None:
    with running("history_to_csv.py", demo_server) as lines:
        head, *rows = list(lines)
    assert head == f"time,{FILLER}/temperature [Cel],quality"
    assert rows
    assert all(re.fullmatch(r"[\d-]+T[\d:]+\.000Z,[\d.]+,\w+", row) for row in rows)


def test_follow_over_http(demo_server: RunningServer) -> None:
    with running("follow_over_http.py", demo_server) as lines:
        seen = list(islice(lines, 8))
    assert {line.split()[0] for line in seen} == {
        f"acme/ghent/packaging/line{line}/{machine}/state"
        for line in (1, 2)
        for machine in ("filler", "capper", "labeller", "palletiser")
    }


def test_check_before_publish(demo_server: RunningServer) -> None:
    with running("check_before_publish.py", demo_server) as lines:
        text = "\n".join(lines)
    assert re.findall(r"^(warned|quarantined)", text, re.MULTILINE) == ["warned", *["quarantined"] * 3]
    findings = ["topic.owned_by_source", "payload.range", "payload.enum", "topic.undeclared"]
    assert re.findall(r"\b(?:payload|topic)\.\w+", text) == findings
    assert f"Did you mean '{FILLER}/state'?" in text


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.name)
def test_every_example_is_listed_and_run_here(file: Path) -> None:
    assert f"({file.name})" in (EXAMPLES / "README.md").read_text()
    assert f"def test_{file.stem}(" in Path(__file__).read_text()

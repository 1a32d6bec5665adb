"""Sessions that were recorded (`uns sparkplug record`), played to a host: each is read without a complaint."""

import json
from base64 import b64decode
from pathlib import Path

import pytest

from uns.samples import parse_timestamp
from uns.sparkplug.events import Born, NodeState, Values
from uns.sparkplug.host import HostSession
from uns.sparkplug.topic import parse_topic

SESSIONS = sorted((Path(__file__).parent / "sessions").glob("*.jsonl"))


@pytest.mark.parametrize("path", SESSIONS, ids=[path.stem for path in SESSIONS])
def test_a_recorded_session_is_read_whole(path: Path) -> None:
    complaints: list[str] = []
    session = HostSession(path.stem, on_finding=lambda finding: complaints.append(str(finding)))
    born, changed = set[str](), set[str]()
    for line in path.read_text("utf-8").splitlines():
        message = json.loads(line)
        time_ms = parse_timestamp(message["time"])
        topic, payload = parse_topic(message["topic"]), b64decode(message["payload"])
        for event in session.receive(topic, payload, time_ms, time_ms, client=message["client"]):
            if isinstance(event, Born):
                born |= {f"{metric.device}/{metric.name}" for metric in event.metrics}
            elif isinstance(event, Values) and topic.type.value == "DDATA":
                changed |= {f"{metric.device}/{metric.name}" for metric, _, _ in event.values}
            else:
                assert isinstance(event, Values), event
    assert complaints == []
    assert session.state is NodeState.ONLINE
    assert session.rebirth.requests == 0
    assert changed
    assert changed <= born

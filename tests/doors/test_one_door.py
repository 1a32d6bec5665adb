"""One door: whatever way a message comes, the same rule finds the same fault, and the mode has the same effect."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.attacks.wire import Wire, opened
from tests.doors.ingresses import Case, Ingress, Told, by_rest, by_sparkplug, by_will, over_tcp, over_websocket
from tests.support.command import uns
from tests.support.running import RunningServer
from uns.errors import Finding, answer
from uns.mqtt import Pingreq, Pingresp, Publish

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
EFFECTS = {"observe": "observed", "warn": "warned", "quarantine": "quarantined", "reject": "rejected"}
DELIVERED = ("observe", "warn")

INGRESSES: dict[str, Callable[[RunningServer], Ingress]] = {
    **{
        f"mqtt-{version}-qos-{qos}": lambda server, version=version, qos=qos: over_tcp(server, version, qos)  # type: ignore[misc]
        for version in (4, 5)
        for qos in (0, 1, 2)
    },
    "websocket": over_websocket,
    "will": by_will,
    "rest": by_rest,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    server = RunningServer(["serve", str(HERE / "plant")], tmp_path_factory.mktemp("door"))
    yield server
    server.stop()


def cases(mode: str) -> list[Case]:
    return [
        Case(f"acme/{mode}/{case['topic']}", case["payload"].encode(), case["finding"], case.get("value"))
        for case in CASES
    ]


def recorded(server: RunningServer, client_id: str) -> list[tuple[str, bytes, str, str]]:
    """(topic, payload, finding, outcome) of every violation that names this client, oldest first."""
    found, before = [], ""
    while before is not None:
        page = server.get(f"/api/v1/violations?limit=1000&client={client_id}{before and f'&before={before}'}")
        found += page["violations"]
        before = page["next"]
    return [
        (each["topic"], each["payload"].encode(), each["finding"]["id"], each["outcome"]) for each in reversed(found)
    ]


class Listener:
    """Hears all that is delivered."""

    def __init__(self, server: RunningServer) -> None:
        self._wire: Wire = opened(server.mqtt_port, "listener")
        self._wire.subscribe("acme/#")
        self.heard()

    def heard(self) -> list[tuple[str, bytes]]:
        """Since it was asked last."""
        self._wire.send(Pingreq())
        found = []
        while not isinstance(packet := self._wire.next(), Pingresp):
            assert isinstance(packet, Publish)
            found.append((packet.topic, packet.payload))
        return found

    def close(self) -> None:
        self._wire.close()


@pytest.fixture
def listener(server: RunningServer) -> Iterator[Listener]:
    listener = Listener(server)
    yield listener
    listener.close()


@pytest.mark.parametrize("name", INGRESSES)
def test_the_same_finding_and_effect_by_every_way(name: str, server: RunningServer, listener: Listener) -> None:
    ingress = INGRESSES[name](server)
    before = len(recorded(server, ingress.client_id))
    told = {(mode, case): ingress.offer(case) for mode in EFFECTS for case in cases(mode)}
    ingress.close()
    heard = listener.heard()
    assert heard == [(case.topic, case.payload) for mode in DELIVERED for case in cases(mode)]
    assert recorded(server, ingress.client_id)[before:] == [
        (case.topic, case.payload, case.finding, EFFECTS[mode])
        for mode in ("warn", "quarantine", "reject")
        for case in cases(mode)
    ]
    for (mode, case), answered in told.items():
        assert answered == _expected(name, mode, case), (mode, case)


def _expected(name: str, mode: str, case: Case) -> Told:
    """What a publisher is told: MQTT 3.1.1 and QoS 0 have no word for it, and who is delivered is told nothing bad."""
    if name == "rest":
        return case.finding
    if name.endswith("qos-0"):
        return None
    refused = mode not in DELIVERED
    if name == "will":
        return answer(Finding(id=case.finding, what="")).mqtt_reason if refused else None
    if name.startswith("mqtt-4"):
        return 0
    return answer(Finding(id=case.finding, what="")).mqtt_reason if refused else 0


@pytest.mark.parametrize("mode", EFFECTS)
def test_a_question_gets_the_same_answer(mode: str, server: RunningServer, listener: Listener) -> None:
    with httpx.Client(base_url=server.base_url) as http:
        for case in cases(mode):
            body = {"topic": case.topic, "payload_text": case.payload.decode()}
            verdict = http.post("/api/v1/check", json=body).json()
            assert (verdict["finding"]["id"], verdict["outcome"]) == (case.finding, EFFECTS[mode])
    assert listener.heard() == [], "nothing is published by asking"


def test_the_projection_of_sparkplug_comes_through_it_too(server: RunningServer, listener: Listener) -> None:
    ingress = by_sparkplug(server)
    for mode, outcome in EFFECTS.items():
        for case in cases(mode):
            if case.value is None:
                continue
            ingress.offer(case)
            heard = [topic for topic, payload in listener.heard() if topic == case.topic and b'"Good"' in payload]
            assert bool(heard) is (mode in DELIVERED), case
            found = {(topic, finding, how) for topic, _, finding, how in recorded(server, ingress.client_id)}
            assert ((case.topic, case.finding, outcome) in found) is (mode != "observe"), case


def test_what_is_replayed_is_judged_again(server: RunningServer, listener: Listener) -> None:
    ingress = over_tcp(server, 5, 1)
    before = len(recorded(server, ingress.client_id))
    for case in cases("quarantine"):
        ingress.offer(case)
    ingress.close()
    report = uns("violations", "replay", "--topic", "acme/quarantine/#", "-o", "json", env=server.env)
    assert set(report.json["by_finding"]) == {case.finding for case in cases("quarantine")}
    assert report.json["refused"] == sum(report.json["by_finding"].values()) >= len(CASES)
    assert report.json["delivered"] == 0
    assert listener.heard() == []
    assert len(recorded(server, ingress.client_id)) == before + len(CASES), "refused again is no second violation"

"""One door: whatever way a message comes, the same rule finds the same fault, and the mode has the same effect."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.attacks.wire import Wire, opened
from tests.doors.device import modbus_device
from tests.doors.ingresses import (
    Case,
    Ingress,
    Told,
    by_rest,
    by_sparkplug,
    by_will,
    is_plain_text,
    over_tcp,
    over_websocket,
)
from tests.support.command import uns
from tests.support.running import RunningServer
from tests.support.until import until
from uns.errors import Finding, answer
from uns.mqtt import Pingreq, Pingresp, Publish

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
EFFECTS = {"observe": "observed", "warn": "warned", "quarantine": "quarantined", "reject": "rejected"}

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
    with modbus_device() as port:
        environ = {"DOORS_MODBUS_PORT": str(port)}
        server = RunningServer(["serve", str(HERE / "plant")], tmp_path_factory.mktemp("door"), environ)
        until(
            lambda: all(each["state"] == "running" for each in server.get("/api/v1/sources")["sources"]), "sources run"
        )
        yield server
        server.stop()


def cases(mode: str) -> list[Case]:
    """What is judged by the mode of its branch."""
    return [
        _case(case, f"acme/{mode}/{case['topic']}", (EFFECTS | case.get("effect", {}))[mode])
        for case in CASES
        if "topic" in case
    ]


def all_cases() -> list[Case]:
    """On every branch, and what is refused on each."""
    anywhere = [_case(case, case["whole"], "rejected") for case in CASES if "whole" in case]
    return [*(case for mode in EFFECTS for case in cases(mode)), *anywhere]


def _case(case: dict[str, Any], topic: str, outcome: str) -> Case:
    payload = case["payload"] if isinstance(case["payload"], bytes) else case["payload"].encode()
    properties = case.get("properties")
    if "user_properties" in case:
        properties = {"user_property": [("name", "value")] * case["user_properties"]}
    return Case(topic, payload, case["finding"], outcome, case.get("value"), properties)


def recorded(server: RunningServer, client_id: str) -> list[tuple[str, str, str, str]]:
    """(topic, payload as text, finding, outcome) of every violation that names this client, oldest first."""
    found, before = [], ""
    while before is not None:
        page = server.get(f"/api/v1/violations?limit=1000&client={client_id}{before and f'&before={before}'}")
        found += page["violations"]
        before = page["next"]
    return [(each["topic"], each["payload"], each["finding"]["id"], each["outcome"]) for each in reversed(found)]


def as_recorded(case: Case) -> tuple[str, str, str, str]:
    return case.topic, case.payload.decode(errors="replace"), case.finding, case.outcome


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
    offered = [case for case in all_cases() if ingress.takes(case)]
    told = [ingress.offer(case) for case in offered]
    ingress.close()
    assert listener.heard() == [(case.topic, case.payload) for case in offered if case.delivered]
    assert recorded(server, ingress.client_id)[before:] == [
        as_recorded(case) for case in offered if case.outcome != "observed"
    ]
    for case, answered in zip(offered, told, strict=True):
        assert answered == _expected(name, case), case


def _expected(name: str, case: Case) -> Told:
    """What a publisher is told: MQTT 3.1.1 and QoS 0 have no word for it, and who is delivered is told nothing bad."""
    if name == "rest":
        return case.finding
    if name.endswith("qos-0"):
        return None
    if name.startswith("mqtt-4"):
        return 0
    if case.delivered:
        return None if name == "will" else 0
    return answer(Finding(id=case.finding, what="")).mqtt_reason


def test_a_question_gets_the_same_answer(server: RunningServer, listener: Listener) -> None:
    with httpx.Client(base_url=server.base_url) as http:
        for case in filter(is_plain_text, all_cases()):
            if not case.payload:
                continue  # asked so, it is the clearing of a retained value, which every payload contract lets pass
            body = {"topic": case.topic, "payload_text": case.payload.decode()}
            verdict = http.post("/api/v1/check", json=body).json()
            assert (verdict["finding"]["id"], verdict["outcome"]) == (case.finding, case.outcome)
    assert listener.heard() == [], "nothing is published by asking"


def test_the_projection_of_sparkplug_comes_through_it_too(server: RunningServer, listener: Listener) -> None:
    ingress = by_sparkplug(server)
    for case in filter(ingress.takes, all_cases()):
        ingress.offer(case)
        heard = [topic for topic, payload in listener.heard() if topic == case.topic and b'"Good"' in payload]
        assert bool(heard) is case.delivered, case
        found = {(topic, finding, how) for topic, _, finding, how in recorded(server, ingress.client_id)}
        assert ((case.topic, case.finding, case.outcome) in found) is (case.outcome != "observed"), case


@pytest.mark.parametrize("mode", EFFECTS)
def test_what_an_adapter_reads_comes_through_it_too(mode: str, server: RunningServer) -> None:
    """Modbus registers, read over TCP: one that is good, and one for each rule that a register can break."""
    plc, good = f"acme/{mode}/plc", f"acme/{mode}/plc/unit/temperature"
    bad = {
        (f"{plc}/unit/temprature", "topic.attribute"),
        (f"{plc}/unit/count", "payload.type"),
        (f"{plc}/unit/state", "payload.type"),
        (f"{plc}/oven/temperature", "payload.range"),
        (f"{plc}/press/temperature", "topic.undeclared"),
    }
    until(lambda: good in _current(server, plc), "the good value has come")
    found = {each for each in recorded(server, "sparkplug-host") if each[0].startswith(f"{plc}/")}
    assert {(topic, finding) for topic, _, finding, _ in found} == (set() if mode == "observe" else bad)
    assert {outcome for *_, outcome in found} <= {EFFECTS[mode]}
    assert _current(server, plc) == {good} | ({topic for topic, _ in bad} if mode in ("observe", "warn") else set())


def _current(server: RunningServer, branch: str) -> set[str]:
    """The topics below a branch that retain a value."""
    with opened(server.mqtt_port, "late") as late:
        late.subscribe(f"{branch}/#")
        late.send(Pingreq())
        return {packet.topic for packet in iter(late.next, Pingresp()) if isinstance(packet, Publish)}


@pytest.mark.parametrize("topic", ["acme/+/unit/temperature", "acme/#", "acme/un\0it", ""])
def test_what_is_no_topic_name_gets_no_further(topic: str, server: RunningServer, listener: Listener) -> None:
    """MQTT makes an error of the protocol of it: the connection ends (MQTT-3.3.2-2, MQTT-1.5.4-2)."""
    for version, codes in ((4, (None,)), (5, (0x81, 0x82, 0x90))):
        with opened(server.mqtt_port, "nameless", version) as wire:
            wire.send_bytes(_unchecked(topic, version))
            assert wire.fate() in codes
    with httpx.Client(base_url=server.base_url) as http:
        refused = http.post("/api/v1/publish", json={"topic": topic, "payload_text": "1"})
        assert (refused.status_code, refused.json()["error"]["id"]) == (422, "request.topic")
    assert listener.heard() == []


def _unchecked(topic: str, version: int) -> bytes:
    """A PUBLISH of QoS 0 that no encoder would write."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + (b"\0" if version == 5 else b"") + b"1"
    return bytes((0x30, len(body))) + body


def test_what_is_replayed_is_judged_again(server: RunningServer, listener: Listener) -> None:
    ingress = over_tcp(server, 5, 1)
    before = len(recorded(server, ingress.client_id))
    held = [case for case in cases("quarantine") if case.outcome == "quarantined"]
    for case in held:
        ingress.offer(case)
    ingress.close()
    report = uns("violations", "replay", "--topic", "acme/quarantine/#", "-o", "json", env=server.env)
    assert set(report.json["by_finding"]) == {case.finding for case in held}
    assert report.json["refused"] == sum(report.json["by_finding"].values()) >= len(held)
    assert report.json["delivered"] == 0
    assert listener.heard() == []
    assert len(recorded(server, ingress.client_id)) == before + len(held), "refused again is no second violation"

"""Plan, apply, revert, export and drift on a running server, as a person does it, with clients connected."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.command import Result, uns
from tests.support.running import RunningServer
from tests.support.until import until
from uns.policy.plan import Revision
from uns.revisions import RevisionStore

NAMESPACE = """\
# What is declared here.
mode: reject
tree:
  acme:
    site:
      mixer: {model: mixer@1, owner: process}
open: ["acme/_raw/#"]
"""
MODEL = """\
model: mixer
version: 1
attributes:
  temperature: {type: number, unit: Cel, max: 100}
  state: {type: string}
"""
ACCESS = """\
anonymous: {role: admin, from: loopback}
roles:
  plc: {publish: ["acme/#"]}
  scada: {publish: ["acme/#"], subscribe: ["acme/#"]}
users:
  - {user: plc, role: plc, password_env: SECRET}
  - {user: scada, role: scada, password_env: SECRET}
"""
TEMPERATURE = "acme/site/mixer/temperature"
SECRET = {"SECRET": "s3cret"}


def write(directory: Path, **files: str) -> Path:
    (directory / "models").mkdir(parents=True, exist_ok=True)
    (directory / "namespace.yaml").write_text(files.get("namespace", NAMESPACE))
    (directory / "models/mixer.v1.yaml").write_text(MODEL)
    (directory / "access.yaml").write_text(files.get("access", ACCESS))
    if "model" in files:
        (directory / "models/mixer.v2.yaml").write_text(files["model"])
    return directory


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return write(tmp_path / "plant")


@pytest.fixture
def wanted(tmp_path: Path) -> Path:
    return tmp_path / "wanted"


@pytest.fixture
def server(plant: Path, tmp_path: Path) -> Iterator[RunningServer]:
    server = RunningServer(["serve", str(plant)], tmp_path, SECRET)
    yield server
    server.stop()


@pytest.fixture
def ask(server: RunningServer) -> Callable[..., Result]:
    return lambda *arguments: uns(*arguments, env=server.env)


class Client:
    """paho, connected once: `connects` counts how often, `gone` tells why it was cut."""

    def __init__(self, server: RunningServer, name: str) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.connects = 0
        self.gone: list[int] = []
        self.refused: list[int] = []
        self._paho = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
        self._paho.username_pw_set(name, SECRET["SECRET"])
        self._paho.on_connect = self._connected
        self._paho.on_disconnect = lambda client, data, flags, reason, properties: self.gone.append(reason.value)
        self._paho.on_message = lambda client, data, message: self.messages.append((message.topic, message.payload))
        self._paho.on_publish = lambda client, data, mid, reason, properties: self.refused.append(reason.value)
        self._paho.connect("127.0.0.1", server.mqtt_port)
        self._paho.loop_start()
        until(lambda: self.connects == 1, f"{name} is connected")

    def _connected(self, *_: Any) -> None:
        self.connects += 1

    def subscribe(self, topic_filter: str) -> None:
        answered: list[int] = []
        self._paho.on_subscribe = lambda client, data, mid, codes, properties: answered.append(mid)
        self._paho.subscribe(topic_filter, 1)
        until(lambda: bool(answered), "SUBACK")

    def publish(self, topic: str, value: object) -> int:
        """The reason code of the PUBACK."""
        count = len(self.refused)
        self._paho.publish(topic, json.dumps({"value": value}), 1)
        until(lambda: len(self.refused) > count, "PUBACK")
        return self.refused[-1]

    def stop(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()


@pytest.fixture
def client(server: RunningServer) -> Iterator[Callable[[str], Client]]:
    clients: list[Client] = []

    def connect(name: str) -> Client:
        clients.append(Client(server, name))
        return clients[-1]

    yield connect
    for each in clients:
        each.stop()


def test_a_tighter_contract_takes_over_while_everybody_stays(
    ask: Callable[..., Result], client: Callable[[str], Client], wanted: Path, plant: Path
) -> None:
    plc, scada = client("plc"), client("scada")
    scada.subscribe("acme/#")
    assert plc.publish(TEMPERATURE, 90) == 0
    write(
        wanted,
        namespace=NAMESPACE.replace("mixer@1", "mixer@2"),
        model=MODEL.replace("1\n", "2\n").replace("100", "80"),
    )
    broken = ask("plan", str(wanted))
    assert (broken.code, "model.compatibility" in broken.err) == (5, True), "it would refuse what was good before"
    (wanted / "models/mixer.v2.yaml").write_text(
        MODEL.replace("1\n", "2\n").replace("100", "80") + "compatibility: none\n"
    )
    planned = ask("plan", str(wanted), "--since", "1h").json
    assert planned["topics_changed"] == {"count": 1, "topics": [TEMPERATURE]}
    assert [(each["client_id"], each["why"]) for each in planned["publishers"]] == [("plc", "rejected: payload.range")]
    assert [each["client_id"] for each in planned["subscribers"]] == ["scada"]
    assert planned["foresight"]["refused_count"] == 1
    assert plc.publish(TEMPERATURE, 90) == 0, "a plan changes nothing"
    applied = ask("apply", str(wanted), "--why", "too hot").json
    assert applied["revision"]["number"] == 2
    assert plc.publish(TEMPERATURE, 90) == 0x99
    assert plc.publish(TEMPERATURE, 70) == 0
    until(lambda: len(scada.messages) == 3, "every value that was taken has arrived")
    assert (plc.connects, scada.connects, plc.gone, scada.gone) == (1, 1, [], [])
    assert ask("get", TEMPERATURE).json["model"] == "mixer@2", "the API sees the new plant too"
    assert (plant / "models/mixer.v2.yaml").is_file()


def test_a_stricter_branch_is_judged_on_what_was_published(
    ask: Callable[..., Result], client: Callable[[str], Client], wanted: Path
) -> None:
    write(wanted, namespace=NAMESPACE.replace("mode: reject", "mode: observe"))
    assert ask("apply", str(wanted)).code == 0
    plc = client("plc")
    assert [plc.publish(TEMPERATURE, value) for value in (90, 110, 120)] == [0, 0, 0]
    until(lambda: len(ask("history", TEMPERATURE).json["points"]) == 3, "they are in the history")
    found = ask("whatif", "acme/site", "reject").json
    assert found["files"] == []
    assert found["foresight"]["refused_count"] == 2
    (refused,) = found["foresight"]["refused"]
    assert (refused["finding"], refused["topic"], refused["client_id"]) == ("payload.range", TEMPERATURE, "plc")
    assert [(each["client_id"], each["why"]) for each in found["publishers"]] == [("plc", "rejected: payload.range")]
    assert plc.publish(TEMPERATURE, 130) == 0, "nothing has changed"
    shown = ask("whatif", "", "quarantine", "-o", "table").out
    assert "3 would be refused" in shown
    assert ask("whatif", "acme/sight", "reject").code == 4


def test_an_export_applied_again_is_nothing_new(ask: Callable[..., Result], tmp_path: Path) -> None:
    assert ask("export", str(tmp_path / "out")).code == 0
    assert (tmp_path / "out/namespace.yaml").read_text() == NAMESPACE, "with its comments"
    assert ask("plan", str(tmp_path / "out")).json["files"] == []
    assert ask("apply", str(tmp_path / "out")).json["revision"]["number"] == 1
    again = ask("export", str(tmp_path / "out"))
    assert (again.code, "plant.exists" in again.err) == (5, True)


def test_what_cannot_run_changes_nothing(ask: Callable[..., Result], wanted: Path, plant: Path) -> None:
    write(wanted, namespace=NAMESPACE.replace("mixer@1", "mixr@1"))
    refused = ask("apply", str(wanted), "-o", "table", "--yes")
    assert refused.code == 5
    assert "plant.invalid" in refused.err
    assert "namespace.yaml:6:15: namespace.model" in refused.err
    assert "Did you mean 'mixer@1'?" in refused.err
    assert (plant / "namespace.yaml").read_text() == NAMESPACE
    assert ask("revisions").json["running"] == 1


def test_every_revision_can_be_seen_and_taken_back(ask: Callable[..., Result], wanted: Path, plant: Path) -> None:
    write(wanted, namespace=NAMESPACE.replace("process", "filling"))
    assert ask("apply", str(wanted), "--why", "moved").code == 0
    newest, first = ask("revisions").json["revisions"]
    assert (newest["number"], newest["who"], newest["why"]) == (2, "anonymous", "moved")
    assert newest["files"] == {"namespace.yaml": "changed"}
    assert (first["number"], first["who"], first["why"]) == (1, "server", "first start")
    whole = ask("revisions", "2").json
    assert "-      mixer: {model: mixer@1, owner: process}" in whole["changes"][0]["diff"]
    reverted = ask("revert", "1").json
    assert (reverted["revision"]["number"], reverted["revision"]["why"]) == (3, "revert to revision 1")
    assert (plant / "namespace.yaml").read_text() == NAMESPACE
    missing = ask("revert", "99")
    assert (missing.code, "unknown.revision" in missing.err) == (4, True)


def test_an_edit_by_hand_shows_and_is_not_overwritten_unasked(
    ask: Callable[..., Result], wanted: Path, plant: Path
) -> None:
    assert ask("drift").json["files"] == []
    edited = NAMESPACE.replace("process", "by-hand")
    (plant / "namespace.yaml").write_text(edited)
    shown = ask("drift", "-o", "table", "--diff")
    assert shown.code == 1
    assert "+      mixer: {model: mixer@1, owner: by-hand}" in shown.out
    write(wanted, namespace=NAMESPACE.replace("process", "filling"))
    refused = ask("apply", str(wanted))
    assert (refused.code, "govern.drift" in refused.err) == (1, True)
    assert ask("apply", str(plant)).json["revision"]["number"] == 2, "the edit itself may be applied"
    assert ask("drift").json["files"] == []


def test_a_plan_that_is_no_longer_true_is_not_applied(
    server: RunningServer, ask: Callable[..., Result], wanted: Path
) -> None:
    import httpx

    write(wanted, namespace=NAMESPACE.replace("process", "filling"))
    files = {path.relative_to(wanted).as_posix(): path.read_text() for path in wanted.rglob("*.yaml")}
    assert ask("apply", str(wanted)).code == 0
    stale = httpx.post(f"{server.base_url}/api/v1/apply", json={"files": files, "base": 1})
    assert (stale.status_code, stale.json()["error"]["id"]) == (409, "govern.stale")
    outside = httpx.post(f"{server.base_url}/api/v1/plan", json={"files": {"../../etc/x.yaml": ""}})
    assert (outside.status_code, outside.json()["error"]["id"]) == (422, "request.files")


def test_rights_change_hot(ask: Callable[..., Result], client: Callable[[str], Client], wanted: Path) -> None:
    plc, scada = client("plc"), client("scada")
    scada.subscribe("acme/site/#")
    narrowed = ACCESS.replace(
        'scada: {publish: ["acme/#"], subscribe: ["acme/#"]}', 'scada: {subscribe: ["acme/_raw/#"]}'
    )
    write(wanted, access=re.sub(r"  - \{user: plc.*\n", "", narrowed))
    planned = ask("plan", str(wanted)).json
    assert ("scada", "loses the right to subscribe") in [
        (each["client_id"], each["why"]) for each in planned["subscribers"]
    ]
    assert ask("apply", str(wanted)).code == 0
    until(lambda: plc.gone == [0x98], "who may not be here any more is told: administrative action")
    assert scada.publish(TEMPERATURE, 20) == 0x87
    assert ask("pub", TEMPERATURE, "21").code == 0
    scada.subscribe("acme/_raw/#")
    assert ask("pub", "acme/_raw/x", "1").code == 0
    until(lambda: bool(scada.messages), "what it may still hear arrives")
    assert [topic for topic, _ in scada.messages] == ["acme/_raw/x"]
    assert (scada.connects, scada.gone) == (1, [])


def test_who_may_not_govern_may_not_apply(server: RunningServer, wanted: Path) -> None:
    import httpx

    answer = httpx.get(f"{server.base_url}/api/v1/export", auth=("plc", "s3cret"))
    assert (answer.status_code, answer.json()["error"]["id"]) == (403, "access.govern")


def test_a_new_enterprise_is_recorded_at_once(ask: Callable[..., Result], wanted: Path) -> None:
    more = NAMESPACE.replace("tree:\n", "tree:\n  other:\n    mixer: {model: mixer@1}\n")
    write(wanted, namespace=more)
    assert ask("apply", str(wanted)).code == 0
    assert ask("pub", "other/mixer/temperature", "20").code == 0
    until(lambda: len(ask("history", "other/mixer/temperature").json["points"]) == 1, "it is in the history")


def test_what_a_kill_left_half_applied_is_carried_out(plant: Path, tmp_path: Path) -> None:
    """The crash comes between the revision on disk and the last file: the first file is new, the second is not."""
    RunningServer(["serve", str(plant)], tmp_path, SECRET).stop()
    edited = NAMESPACE.replace("process", "filling")
    store = RevisionStore(tmp_path / "data/revisions.db")
    files = {"namespace.yaml": edited.encode(), "access.yaml": ACCESS.encode(), "models/mixer.v1.yaml": MODEL.encode()}
    pending: Revision = store.begin(files, {"namespace.yaml": "changed"}, 1, "ann", "half")
    store.close()
    server = RunningServer(["serve", str(plant)], tmp_path, SECRET)
    try:
        assert (plant / "namespace.yaml").read_text() == edited
        found = uns("revisions", env=server.env).json
        assert (found["running"], found["revisions"][0]["who"]) == (pending.number, "ann")
        assert uns("drift", env=server.env).code == 0
        assert "its files are in place now" in server.log
    finally:
        server.stop()


def test_files_edited_while_the_server_was_down_are_a_revision(plant: Path, tmp_path: Path) -> None:
    RunningServer(["serve", str(plant)], tmp_path, SECRET).stop()
    write(plant, namespace=NAMESPACE.replace("process", "filling"))
    server = RunningServer(["serve", str(plant)], tmp_path, SECRET)
    try:
        newest = uns("revisions", env=server.env).json["revisions"][0]
        assert (newest["number"], newest["who"], newest["files"]) == (2, "server", {"namespace.yaml": "changed"})
    finally:
        server.stop()


def test_a_directory_that_cannot_be_written(
    server: RunningServer, ask: Callable[..., Result], wanted: Path, plant: Path
) -> None:
    """A folder stands where the new file must go: that fails for every user, root included."""
    write(wanted, model=MODEL.replace("1\n", "2\n"))
    (plant / "models/mixer.v2.yaml.uns-new").mkdir()
    refused = ask("apply", str(wanted))
    assert (refused.code, "govern.write_failed" in refused.err) == (1, True)
    assert ask("revisions").json["running"] == 1
    shutil.rmtree(plant / "models/mixer.v2.yaml.uns-new")
    assert ask("apply", str(wanted)).json["revision"]["number"] == 3


def test_coverage_and_lineage_follow_the_files(
    ask: Callable[..., Result], client: Callable[[str], Client], wanted: Path
) -> None:
    client("plc").publish(TEMPERATURE, 21)
    assert ask("coverage", "acme/site/mixer").json["own"]["missing"] == 1
    assert ask("lineage", TEMPERATURE).json["equipment"]["written"] == {"file": "namespace.yaml", "line": 6}
    longer = NAMESPACE.replace("  acme:", "  # Moved.\n  acme:").replace(
        "mixer: {", "tank: {model: mixer@1}\n      mixer: {"
    )
    assert ask("apply", str(write(wanted, namespace=longer)), "--yes", "--why", "a tank").code == 0
    rows = ask("coverage", "acme/site").json["rows"]
    assert [(row["path"], row["counts"]["missing"]) for row in rows] == [("acme/site/mixer", 1), ("acme/site/tank", 2)]
    lineage = ask("lineage", TEMPERATURE).json
    assert lineage["equipment"]["written"] == {"file": "namespace.yaml", "line": 8}
    assert lineage["publisher"]["client_id"] == "plc"

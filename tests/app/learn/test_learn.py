"""`uns learn` on a running server: raw traffic, a proposal, a look at it, and then it is governed."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.command import uns
from tests.support.running import RunningServer
from tests.support.until import until

NAMESPACE = """\
# Where the new lines will stand.
mode: reject
tree:
  acme:
    ghent: {owner: operations}  # the site
    bruges: {mode: observe}
open: ["acme/_raw/#", "acme/ghent/#"]
"""
ACCESS = """\
anonymous: {role: admin, from: loopback}
roles:
  viewer: {subscribe: ["acme/#"]}
  steward: {subscribe: ["acme/ghent/#"], govern: true}
users:
  - {user: eva, role: viewer, password_env: SECRET}
  - {user: dot, role: steward, password_env: SECRET}
"""
SECRET = {"SECRET": "s3cret"}
SHAPES: dict[str, Callable[[int], str]] = {
    "filler/temperature_degc": lambda number: f"{20 + number % 7 / 2}",
    "filler/state": lambda number: json.dumps(["run", "stop"][number % 2]),
    "filler/flow": lambda number: json.dumps({"v": number / 3, "ts": 1000 + number}),
    "filler/total": lambda number: json.dumps({"value": number}),
}
"""Attribute to its payload at a turn."""
TURNS = 30


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    plant = tmp_path / "plant"
    plant.mkdir()
    (plant / "namespace.yaml").write_text(NAMESPACE)
    (plant / "access.yaml").write_text(ACCESS)
    return plant


@pytest.fixture
def server(plant: Path, tmp_path: Path) -> Iterator[RunningServer]:
    server = RunningServer(["serve", str(plant)], tmp_path, SECRET)
    yield server
    server.stop()


class Plant:
    """Three lines that publish, each value in the shape of its device, with QoS 1. refused: reason codes, per topic."""

    def __init__(self, server: RunningServer, branch: str) -> None:
        self._branch = branch
        self._codes: list[int] = []
        self._paho = mqtt.Client(CallbackAPIVersion.VERSION2, "plant", protocol=mqtt.MQTTv5)
        self._paho.on_publish = lambda client, data, mid, reason, properties: self._codes.append(reason.value)
        self._paho.max_inflight_messages_set(20)
        self._paho.connect("127.0.0.1", server.mqtt_port)
        self._paho.loop_start()
        until(self._paho.is_connected, "the plant is connected")

    def __enter__(self) -> "Plant":
        return self

    def __exit__(self, *_: object) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()

    def turn(self, number: int) -> set[int]:
        """Publish each value once; the reason codes that came back."""
        topics = {f"{self._branch}/line{line}/{path}": shape for line in (1, 2, 3) for path, shape in SHAPES.items()}
        for topic, shape in topics.items():
            self._paho.publish(topic, shape(number), 1, retain=True)
        until(lambda: len(self._codes) >= len(topics), "PUBACKs")
        codes, self._codes = self._codes, []
        return set(codes)

    def publish(self, topic: str, payload: str) -> int:
        self._paho.publish(topic, payload, 1)
        until(lambda: bool(self._codes), "PUBACK")
        return self._codes.pop()


def test_raw_traffic_is_learned_looked_through_and_governed(server: RunningServer, plant: Path) -> None:
    done = threading.Event()

    def run(devices: Plant) -> None:
        number = 0
        while not done.wait(0.02):
            devices.turn(number)
            number += 1

    with Plant(server, "acme/ghent/packing") as devices:
        running = threading.Thread(target=run, args=(devices,))
        running.start()
        try:
            result = uns("learn", "acme/ghent/#", "--for", "3s", "--into", str(plant), "-o", "table", env=server.env)
        finally:
            done.set()
            running.join()
        assert result.code == 0, result.err
        assert "+      packing:" in result.out
        assert "on 12 topics, 0 of them declared: 1 model for 3 assets." in result.out
        assert "    ghent:  # the site\n      owner: operations\n" in (plant / "namespace.yaml").read_text()
        assert "        line{1..3}:" in (plant / "namespace.yaml").read_text()
        assert "temperature_degc: {type: number, unit: Cel" in (plant / "models/filler.v1.yaml").read_text()
        checked = uns("check", str(plant), "-o", "json")
        assert (checked.code, checked.json["problems"]) == (0, []), checked.out
        applied = uns("apply", str(plant), "--yes", "-o", "json", env=server.env)
        assert applied.code == 0, applied.err
        assert devices.turn(1) == {0}
        assert devices.publish("acme/ghent/packing/line1/filler/temperature_degc", '"hot"') == 0x99
        assert devices.publish("acme/ghent/packing/line4/filler/state", '"run"') == 0
    again = uns("learn", "acme/ghent/#", "--last", "1h", "-o", "json", env=server.env)
    assert again.code == 0, again.err
    assert again.json["learned"]["declared"] == 12
    assert list(again.json["files"]) == ["namespace.yaml"]
    assert "\n+        line4:\n+          filler: {model: filler@1}" in again.json["changes"][0]["diff"]


def test_what_history_kept_and_a_branch_that_belongs_elsewhere(server: RunningServer) -> None:
    with Plant(server, "acme/_raw/packing") as devices:
        for number in range(TURNS):
            assert devices.turn(number) == {0}
    kept = uns("learn", "acme/_raw/#", "--at", "acme/ghent", "-o", "json", env=server.env)
    assert kept.code == 0, kept.err
    learned = kept.json["learned"]
    (model,) = learned["models"]
    assert model["name"] == "filler"
    assert model["assets"] == [f"acme/ghent/packing/line{number}/filler" for number in (1, 2, 3)]
    total = next(each for each in model["attributes"] if each["path"] == "total")
    assert total["samples"] > TURNS, "history was read"
    table = uns("learn", "acme/_raw/#", "-o", "table", env=server.env)
    assert "name: acme/_raw/packing/line1/filler/flow: site '_raw' breaks the naming rule" in table.out
    rows = uns("learn", "acme/_raw/#", "--at", "acme/ghent", "-o", "csv", env=server.env)
    assert rows.out.startswith("model,attribute,type,confidence,samples,topics,evidence\nfiller@1,flow,object,")


def test_an_observed_branch_is_learned_too(server: RunningServer, plant: Path) -> None:
    with Plant(server, "acme/bruges/packing") as devices:
        assert devices.turn(1) <= {0, 0x10}
        result = uns("learn", "acme/bruges/#", "--into", str(plant), "-o", "json", env=server.env)
        assert result.code == 0, result.err
        assert uns("apply", str(plant), "--yes", "-o", "json", env=server.env).code == 0
        seen = uns("explain", "acme/bruges/packing/line2/filler/flow", "-o", "json", env=server.env)
        assert seen.json["attribute"]["type"] == "object", seen.out


@pytest.mark.parametrize(
    ("arguments", "user", "code", "finding"),
    [
        (["acme/#/x"], None, 5, "request.filter"),
        (["acme/#", "--for", "1h"], None, 5, "request.duration"),
        (["acme/#", "--last", "soon"], None, 5, "request.duration"),
        (["acme/#", "--at", "a/#"], None, 5, "request.topic"),
        (["acme/#"], "eva", 3, "access.govern"),
        (["acme/_raw/#"], "dot", 3, "access.subscribe"),
    ],
)
def test_what_is_refused(
    server: RunningServer, arguments: list[str], user: str | None, code: int, finding: str
) -> None:
    env = server.env | ({"UNS_USER": user, "UNS_PASSWORD": SECRET["SECRET"]} if user else {})
    result = uns("learn", *arguments, "-o", "json", env=env)
    assert (result.code, json.loads(result.err)["error"]["id"]) == (code, finding)


def test_one_at_a_time(server: RunningServer) -> None:
    listening = threading.Thread(target=uns, args=("learn", "acme/#", "--for", "5s"), kwargs={"env": server.env})
    listening.start()
    until(lambda: "learn" in str(server.get("/api/v1/clients")), "somebody learns")
    result = uns("learn", "acme/#", "-o", "json", env=server.env)
    listening.join()
    assert (result.code, json.loads(result.err)["error"]["id"]) == (1, "govern.learning")

"""`uns edge`: simulated devices, edge nodes and the server, each in a process of its own, and a cable between them."""

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import uns
from tests.support.running import UNS, RunningServer, clean_environment, die_with_parent
from tests.support.until import until

DEMO_PLANT = Path(__file__).parent.parent.parent / "uns" / "simulator" / "plant"
TEMPERATURE = "acme/ghent/packaging/line1/filler/temperature"
SETPOINT = "acme/ghent/packaging/line1/filler/speed/setpoint"
NODE = "acme:ghent:packaging/line1"


class Process:
    """A command of `uns`, ended as by Ctrl-C."""

    def __init__(self, work: Path, name: str, *arguments: str, **environ: str) -> None:
        self._out, self._err = work / f"{name}.out", work / f"{name}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                [*UNS, *arguments],
                stdout=out,
                stderr=err,
                stdin=subprocess.DEVNULL,
                env=clean_environment() | environ,
                preexec_fn=die_with_parent,
            )

    @property
    def output(self) -> str:
        return self._out.read_text()

    @property
    def log(self) -> str:
        return self._err.read_text()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(20)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edge")


@pytest.fixture(scope="module")
def devices(work: Path) -> Iterator[dict[str, str]]:
    """The environment in which the sources of the demo find their devices."""
    simulator = Process(work, "devices", "simulate", "--opcua-port", "0", "--modbus-port", "0")
    ports = until(lambda: re.findall(r":(\d+)", simulator.output), "the devices tell where they are")
    yield {"PLANT_HOST": "127.0.0.1", "OPCUA_PORT": ports[0], "MODBUS_PORT": ports[1]}
    simulator.stop()


@pytest.fixture(scope="module")
def central(work: Path) -> Iterator[RunningServer]:
    """A server with the namespace and the models of the demo, and no source."""
    plant = work / "central"
    shutil.copytree(DEMO_PLANT, plant)
    shutil.rmtree(plant / "sources")
    server = RunningServer(["serve", str(plant)], work)
    yield server
    server.stop()


@pytest.fixture
def edge_plant(tmp_path: Path) -> Path:
    plant = tmp_path / "plant"
    shutil.copytree(DEMO_PLANT, plant)
    (plant / "sources" / "energy.yaml").unlink()
    (plant / "sources" / "line2.yaml").unlink()
    return plant


def fresh(server: RunningServer) -> bool:
    try:
        shown = server.get(f"/api/v1/topics/{TEMPERATURE}")
    except OSError:
        return False
    return shown["quality"] == "Good"


def node_state(server: RunningServer) -> str:
    nodes = uns("sparkplug", "nodes", env=server.env).json["nodes"]
    return next((node["state"] for node in nodes if node["node"] == "line1"), "")


def test_sources_publish_to_a_server_elsewhere_and_take_commands(
    central: RunningServer, devices: dict[str, str], edge_plant: Path, tmp_path: Path
) -> None:
    arguments = ["edge", str(edge_plant), "--server", f"mqtt://127.0.0.1:{central.mqtt_port}"]
    edge = Process(tmp_path, "edge", *arguments, "--data", str(tmp_path / "data"), **devices)
    try:
        until(lambda: fresh(central), "the temperature arrives")
        assert "1 source started" in edge.output
        shown = uns("sparkplug", "show", NODE, env=central.env).json
        assert (shown["client"], shown["state"]) == ("uns-edge:acme:ghent:packaging:line1", "online")
        assert next(each["unit"] for each in shown["born"] if each["name"] == "temperature") == "Cel"
        assert uns("pub", SETPOINT, "355", env=central.env).json["outcome"] == "written"
        until(lambda: central.get(f"/api/v1/topics/{SETPOINT}")["value"] == 355, "the device tells the new setpoint")
        uns("pub", SETPOINT, "400", env=central.env)
    finally:
        assert edge.stop() == 0
    until(lambda: node_state(central) == "offline", "the node says goodbye")
    assert central.get(f"/api/v1/topics/{TEMPERATURE}")["quality"] == "Uncertain"
    _, header, row, *_ = edge.output.splitlines()
    assert header.split()[:3] == ["source", "state", "server"]
    assert row.split()[:3] == ["line1", "running", f"mqtt://127.0.0.1:{central.mqtt_port}"]


def test_what_was_measured_while_the_server_was_away_is_in_its_history_afterwards(
    devices: dict[str, str], edge_plant: Path, tmp_path: Path
) -> None:
    plant = tmp_path / "central"
    shutil.copytree(DEMO_PLANT, plant)
    shutil.rmtree(plant / "sources")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    arguments = ["edge", str(edge_plant), "--server", f"127.0.0.1:{port}", "--data", str(tmp_path / "data")]
    edge = Process(tmp_path, "edge", *arguments, **devices)
    work = tmp_path / "server"
    work.mkdir()
    try:
        until(lambda: "unreachable.server" in edge.log, "there is no server")
        until(lambda: (tmp_path / "data" / "line1.backlog.db").exists(), "samples are kept")
        edge.kill()  # what was kept outlives this
        edge = Process(tmp_path, "edge2", *arguments, **devices)
        until(lambda: "unreachable.server" in edge.log, "there is no server yet")
        environ = {"UNS_MQTT_PORT": str(port)}
        server = Process(
            work, "server", "serve", str(plant), "--mqtt-port", str(port), "--http-port", "0", "--data",
            str(work / "data"), **environ,
        )  # fmt: skip
        try:
            base = until(lambda: re.findall(r"http://127\.0\.0\.1:\d+", server.output), "the server runs")[0]
            env = clean_environment() | {"UNS_SERVER": base}
            told = until(lambda: re.search(r"line1: (\d[\d,]*) samples? of an outage", edge.log), "it was backfilled")
            count = int(told[1].replace(",", ""))
            assert count > 20

            def points() -> int:
                return len(uns("history", TEMPERATURE, env=env).json["points"])

            until(lambda: points() > 3, "the history has what was measured before")
        finally:
            server.stop()
    finally:
        edge.stop()


def test_a_directory_with_sources_and_settings_is_enough(
    central: RunningServer, devices: dict[str, str], edge_plant: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    (bare / "sources").mkdir(parents=True)
    shutil.copy(edge_plant / "sources" / "line1.yaml", bare / "sources")
    (bare / "uns.yaml").write_text(
        f"edge:\n  servers: ['mqtt://127.0.0.1:{central.mqtt_port}']\n  version: 3.1.1\n  primary_host: uns\n"
    )
    edge = Process(tmp_path, "edge", "edge", str(bare), "--data", str(tmp_path / "data"), **devices)
    try:
        until(lambda: node_state(central) == "online", "the node is there")
        until(lambda: fresh(central), "the temperature arrives")
        assert "error" not in edge.log
    finally:
        assert edge.stop() == 0


@pytest.mark.parametrize(
    ("settings", "id_"),
    [
        ("", "edge.no_server"),
        ("edge: {servers: ['http://x']}", "plant.invalid"),
        ("edge: {servers: [x], password_file: nowhere.txt}", "edge.file"),
    ],
)
def test_what_is_missing_is_told(edge_plant: Path, tmp_path: Path, settings: str, id_: str) -> None:
    (edge_plant / "uns.yaml").write_text(settings)
    result = uns("edge", str(edge_plant), "--data", str(tmp_path / "data"))
    assert result.code == 5
    assert id_ in result.err

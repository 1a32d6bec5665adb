"""`uns demo`: what it tells, what it leaves behind, and how it ends."""

import os
import signal

from tests.support.command import uns, uns_process
from tests.support.processes import children, is_running
from tests.support.running import RunningServer
from tests.support.until import until
from uns.app.demo import PLANT, own_copy


def test_it_tells_what_runs_and_what_to_try(demo_server):
    told = demo_server.output
    assert f"Web page     {demo_server.base_url}\n" in told
    assert f"{demo_server.base_url}/docs" in told
    assert f"MQTT broker  127.0.0.1:{demo_server.mqtt_port}" in told
    assert f"mosquitto_sub -p {demo_server.mqtt_port} -t 'acme/#' -v" in told
    assert f"export UNS_SERVER={demo_server.base_url}\n" in told
    assert max(map(len, told.splitlines())) <= 80
    endpoints = [source["endpoint"] for source in demo_server.get("/api/v1/sources")["sources"]]
    for name, prefix in (("OPC UA on port ", "opc.tcp://127.0.0.1:"), ("Modbus TCP on port ", "tcp://127.0.0.1:")):
        port = told.split(name)[1].split()[0].rstrip(",")
        assert any(endpoint.startswith(prefix + port) for endpoint in endpoints)


def test_its_start_is_calm(demo_server):
    """The sources wait for the simulator: each connects once and runs, nothing is tried in vain."""
    lines = [line.split(maxsplit=3)[2:] for line in demo_server.log.splitlines()[:6]]
    assert [level for level, _ in lines] == ["INFO"] * 6
    told = sorted(text.removeprefix("source ") for _, text in lines)
    assert told == [f"{name}: {state}" for name in ("energy", "line1", "line2") for state in ("connecting", "running")]


def test_about_two_hundred_tags_have_values(demo_server):
    sources = demo_server.get("/api/v1/sources")["sources"]
    assert sum(source["points"] for source in sources) > 180
    nodes = demo_server.get("/api/v1/tree?path=acme&depth=20&limit=5000")["nodes"]
    empty = [node["path"] for node in nodes if node["kind"] == "attribute" and node["quality"] == "GoodNoData"]
    assert empty == []


def test_kill_9_takes_the_simulator_along(tmp_path):
    server = RunningServer(["demo"], tmp_path)
    (simulator,) = children(server.process.pid)
    server.process.kill()
    server.process.wait()
    until(lambda: not is_running(simulator), "the simulator has ended")


def test_a_stop_while_the_sources_wait_for_the_simulator(tmp_path):
    server = RunningServer(["demo"], tmp_path)
    server.stop()
    assert server.output.endswith("Stopped.\n")


def test_a_stop_while_the_sources_retry(tmp_path):
    server = RunningServer(["demo"], tmp_path)
    (simulator,) = children(server.process.pid)
    os.kill(simulator, signal.SIGKILL)
    until(lambda: "retrying" in server.log, "a source retries")
    server.stop()


def test_ctrl_c_before_it_is_ready(tmp_path):
    with uns_process("demo", "--mqtt-port", "0", "--http-port", "0", "--data", str(tmp_path)) as process:
        (simulator,) = until(lambda: children(process.pid), "the simulator starts")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode in (0, 130)
    assert b"Traceback" not in err
    assert not is_running(simulator)


def test_a_simulator_that_does_not_start_is_told(tmp_path):
    with uns_process("demo", "--mqtt-port", "0", "--http-port", "0", "--data", str(tmp_path)) as process:
        (simulator,) = until(lambda: children(process.pid), "the simulator starts")
        os.kill(simulator, signal.SIGKILL)
        assert process.stderr is not None
        assert b"has ended before it was ready" in next(line for line in process.stderr if b" ERROR " in line)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"Traceback" not in err


def test_a_plant_that_dies_is_told_with_the_way_back(tmp_path):
    server = RunningServer(["demo"], tmp_path)
    until(lambda: "running" in server.log, "a source runs")
    (simulator,) = children(server.process.pid)
    os.kill(simulator, signal.SIGKILL)
    until(lambda: "start it again with: uns simulate --opcua-port" in server.log, "the end is told")
    server.stop()


def test_a_newer_demo_starts_afresh_and_keeps_what_was_changed(tmp_path, capsys):
    plant = own_copy(tmp_path / "plant")
    assert capsys.readouterr().out == ""
    (plant / "namespace.yaml").write_text("# mine\n")
    (tmp_path / "models.db").write_text("versions that ran")
    assert own_copy(plant) == plant
    assert (plant / "namespace.yaml").read_text() == "# mine\n"
    (plant / ".origin").write_text("of another version")
    own_copy(plant)
    assert (plant / "namespace.yaml").read_bytes() == (PLANT / "namespace.yaml").read_bytes()
    assert (tmp_path / "plant.before/namespace.yaml").read_text() == "# mine\n"
    assert not (tmp_path / "models.db").exists()
    assert "Your own is kept" in capsys.readouterr().out


def test_there_is_nothing_odd_in_its_plant():
    environ = {"PLANT_HOST": "127.0.0.1", "OPCUA_PORT": "4840", "MODBUS_PORT": "5020"}
    result = uns("lint", str(PLANT), "--strict", "-o", "table", env=environ)
    assert result.code == 0, result.out

"""`uns init` and `uns serve`: from nothing to a running server, and why one does not start."""

import shutil
import signal
import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import SMALL_PLANT
from tests.support.command import uns, uns_process
from tests.support.running import RunningServer
from uns.app.init import STARTER
from uns.mqtt import Connect, encode

TEMPERATURE = "my-company/my-site/my-area/my-line/mixer/temperature"


@pytest.fixture
def plant(tmp_path):
    directory = tmp_path / "plant"
    assert uns("init", str(directory)).code == 0
    return directory


def serve(plant: Path, *arguments: str, env=None) -> tuple[int, str, str]:
    """Try to serve; (exit code, stdout, stderr) of a server that must end by itself."""
    with uns_process("serve", str(plant), *arguments, env=env) as process:
        out, err = process.communicate(timeout=30)
    return process.returncode, out.decode(), err.decode()


@contextmanager
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_a_new_plant_is_valid_and_runs(plant, tmp_path):
    assert uns("check", str(plant)).json == {"valid": True, "problems": []}
    server = RunningServer(["serve", str(plant)], tmp_path)
    try:
        assert uns("pub", TEMPERATURE, "21.5", env=server.env).code == 0
        assert uns("get", TEMPERATURE, env=server.env).json["value"] == 21.5
        assert uns("pub", TEMPERATURE, "151", env=server.env).code == 5
        assert uns("source", "list", "-o", "table", env=server.env).out.startswith("No sources")
        assert f"page {server.base_url}, MQTT 127.0.0.1:{server.mqtt_port}. Ctrl-C stops." in server.output
    finally:
        server.stop()
    assert server.output.endswith("Stopped.\n")


def test_values_survive_a_restart(plant, tmp_path):
    for expected, value in ((None, "21.5"), ("21.5", "22.5")):
        server = RunningServer(["serve", str(plant)], tmp_path)
        try:
            if expected:
                points = uns("history", TEMPERATURE, env=server.env).json["points"]
                assert [str(point["value"]) for point in points] == [expected]
            assert uns("pub", TEMPERATURE, value, env=server.env).code == 0
        finally:
            server.stop()


def test_one_session_that_is_taken_up_is_one(plant, tmp_path):
    server = RunningServer(["serve", str(plant)], tmp_path)
    try:
        with socket.create_connection(("127.0.0.1", server.mqtt_port), 5) as client:
            client.sendall(encode(Connect("sleeper", 5, properties={"session_expiry_interval": 600}), 5))
            assert client.recv(4096)[0] == 0x20
    finally:
        server.stop()
    RunningServer(["serve", str(plant)], tmp_path).stop()
    assert " 1 session and 1 retained message taken up" in server.log


def test_init_tells_what_it_wrote(tmp_path):
    written = uns("init", str(tmp_path / "a"), "-o", "json").json
    assert written["directory"] == str(tmp_path / "a")
    names = {str(Path(file).relative_to(tmp_path / "a")) for file in written["files"]}
    assert names == {str(path.relative_to(STARTER)) for path in STARTER.rglob("*") if path.is_file()}
    shown = uns("init", str(tmp_path / "b"), "-o", "table").out
    assert f"uns check {tmp_path / 'b'}" in shown
    assert f"uns serve {tmp_path / 'b'}" in shown


def test_init_leaves_a_full_directory_alone(plant):
    before = sorted(plant.rglob("*"))
    for place in (plant, plant / "uns.yaml"):
        result = uns("init", str(place))
        assert result.code == 5
        assert "plant.exists" in result.err
    assert sorted(plant.rglob("*")) == before


def test_sigterm_stops_it_too(plant, tmp_path):
    server = RunningServer(["serve", str(plant)], tmp_path)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=20) == 0
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("option", "other", "says"), [("--mqtt-port", "--http-port", "MQTT"), ("--http-port", "--mqtt-port", "HTTP")]
)
def test_a_taken_port(plant, option, other, says):
    with taken_port() as port:
        code, out, err = serve(plant, option, str(port), other, "0")
    assert (code, out) == (6, "")
    assert err.startswith(f"error unreachable.port: {says} cannot listen on 127.0.0.1:{port}")
    assert option in err
    assert "Traceback" not in err


def test_a_data_directory_in_use(server):
    """The running server's own, asked for by a second one."""
    code, out, err = serve(STARTER, "--mqtt-port", "0", "--http-port", "0", "--data", str(server.data))
    assert (code, out) == (5, "")
    assert err.startswith(f"error plant.data_in_use: another server uses the data directory {server.data}")
    assert "--data" in err


def test_a_data_directory_that_cannot_be_made(plant, tmp_path):
    (tmp_path / "file").touch()
    code, _, err = serve(plant, "--mqtt-port", "0", "--http-port", "0", "--data", str(tmp_path / "file" / "data"))
    assert code == 5
    assert err.startswith("error plant.data_directory: ")


def test_an_invalid_plant_is_told_and_not_served(tmp_path):
    plant = shutil.copytree(SMALL_PLANT, tmp_path / "plant")
    namespace = plant / "namespace.yaml"
    namespace.write_text(namespace.read_text().replace("mixer@1", "mixr@1", 1))
    code, out, err = serve(plant)
    assert (code, out) == (5, "")
    assert f"{namespace}:8:" in err
    assert "mixer@1" in err
    assert f"uns check {plant}" in err


def test_a_user_without_a_password(tmp_path):
    code, _, err = serve(SMALL_PLANT, "--mqtt-port", "0", "--http-port", "0", "--data", str(tmp_path))
    assert code == 5
    assert "error plant.secret: user 'ada' cannot log in" in err


def test_a_wrong_variable(plant):
    code, _, err = serve(plant, env={"UNS_MQTT_PORT": "many"})
    assert code == 5
    assert "UNS_MQTT_PORT='many'" in err


def test_a_contract_that_changed_behind_its_number_is_not_served(plant, tmp_path):
    server = RunningServer(["serve", str(plant)], tmp_path)
    server.stop()
    file = plant / "models/mixer.v1.yaml"
    file.write_text(file.read_text().replace("max: 150", "max: 140"))
    code, _, err = serve(plant, "--mqtt-port", "0", "--http-port", "0", "--data", str(server.data))
    assert code == 5
    assert "model.immutable" in err
    assert "/attributes/temperature/max" in err
    assert "version: 2" in err

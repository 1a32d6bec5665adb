"""Compose cannot be run here; everything that its file names is compared with the product, and its commands are run."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.packaging.product import DEMO_PLANT, ROOT, dockerfile, parse_command, plant_variables, setting_variables

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
UNS, SIMULATOR = SERVICES["uns"], SERVICES["plant-simulator"]
OVERLAY = ROOT / "examples/compose/access.yaml"
TCP_PORTS = range(1, 65_536)
LINES_WITHIN_A_MINUTE = 8
"""A stream without values still sends two lines every 15 s."""


def dot_env() -> dict[str, str]:
    lines = (ROOT / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_there_are_the_two_services_and_they_share_one_image() -> None:
    assert set(SERVICES) == {"uns", "plant-simulator"}
    assert UNS["image"] == SIMULATOR["image"]
    assert UNS["build"] == SIMULATOR["build"] == "."


@pytest.mark.parametrize(("service", "command"), [("uns", "serve"), ("plant-simulator", "simulate")])
def test_commands_and_their_options_exist(service: str, command: str) -> None:
    assert parse_command(SERVICES[service]["command"]) == command


def test_the_server_is_probed_with_uns_health() -> None:
    kind, program, *words = UNS["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "uns")
    assert parse_command(words) == "health"


def test_the_simulator_is_probed_on_the_ports_that_it_listens_on() -> None:
    """The image's own health check asks for a server that is not there."""
    words = SIMULATOR["command"]
    ports = [words[words.index(option) + 1] for option in ("--opcua-port", "--modbus-port")]
    assert f"({', '.join(ports)})" in SIMULATOR["healthcheck"]["test"][-1]
    assert SIMULATOR["expose"] == ports
    assert [UNS["environment"]["OPCUA_PORT"], UNS["environment"]["MODBUS_PORT"]] == ports


def test_every_environment_variable_is_read_by_the_product() -> None:
    known = set(setting_variables()) | plant_variables(DEMO_PLANT)
    assert set(UNS["environment"]) <= known
    assert "environment" not in SIMULATOR


def test_the_sources_reach_the_simulator_by_its_service_name() -> None:
    assert UNS["environment"]["PLANT_HOST"] in SERVICES


def test_the_ports_stand_in_dot_env_and_lead_to_the_listeners() -> None:
    asked = re.findall(r"\$\{(\w+)\}", " ".join(UNS["ports"]))
    assert set(asked) == set(dot_env())
    inside = [int(port.rpartition(":")[2]) for port in UNS["ports"]]
    defaults = setting_variables()
    assert inside == [defaults["UNS_MQTT_PORT"], defaults["UNS_HTTP_PORT"]]
    assert all(int(dot_env()[name]) in TCP_PORTS for name in ("MQTT_PORT", "HTTP_PORT"))


def test_only_this_machine_reaches_the_ports_until_somebody_decides_otherwise() -> None:
    assert dot_env()["BIND_ADDRESS"] == "127.0.0.1"


def test_mounts_exist_and_the_plant_is_read_only() -> None:
    binds = [mount.split(":") for mount in UNS["volumes"] if mount.startswith(".")]
    assert [target for _, target, _ in binds] == ["/plant", "/plant/access.yaml"]
    for source, target, mode in binds:
        assert (ROOT / source).exists(), source
        assert mode == "ro", target
    assert (DEMO_PLANT / "access.yaml").exists()  # a file can only be mounted over one that is there


def test_data_lie_in_a_named_volume_where_the_image_can_write() -> None:
    named = dict(mount.split(":")[:2] for mount in UNS["volumes"] if not mount.startswith("."))
    assert set(named) == set(COMPOSE["volumes"])
    assert list(named.values()) == [UNS["command"][UNS["command"].index("--data") + 1]]


def test_the_secret_is_a_file_that_git_ignores_and_the_users_read() -> None:
    assert UNS["secrets"] == list(COMPOSE["secrets"])
    file = ROOT / COMPOSE["secrets"]["admin_password"]["file"]
    assert (file.parent / ".gitignore").read_text().splitlines()[1:] == ["*", "!.gitignore"]
    users = yaml.safe_load(OVERLAY.read_text())["users"]
    assert [user["password_file"] for user in users] == ["/run/secrets/admin_password"]


@pytest.mark.parametrize("service", SERVICES)
def test_containers_are_bare(service: str) -> None:
    definition = SERVICES[service]
    (image_user,) = [rest for word, rest in dockerfile(ROOT / "Dockerfile") if word == "USER"]
    assert definition["user"] == image_user
    assert definition["read_only"] is True
    assert definition["cap_drop"] == ["ALL"]
    assert "privileged" not in definition


# --- the same commands, as processes ----------------------------------------------------------------------------------


@contextmanager
def running(words: list[str], environ: dict[str, str], ready: str) -> Iterator[re.Match[str]]:
    """`uns WORDS` until the block ends; gives the line that says it is ready."""
    command = [sys.executable, "-m", "uns.app.cli", *words]
    process = subprocess.Popen(command, env=os.environ | environ, stdout=subprocess.PIPE, text=True)
    limit = threading.Timer(30, process.kill)
    limit.start()
    try:
        assert process.stdout is not None
        found = next((match for line in process.stdout if (match := re.search(ready, line))), None)
        assert found is not None, f"{words} ended without '{ready}'"
        yield found
    finally:
        limit.cancel()
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """What is mounted at /plant, with the secret in a folder of this test."""
    directory = tmp_path / "plant"
    shutil.copytree(DEMO_PLANT, directory)
    (tmp_path / "admin_password").write_text("s3cret\n")
    (directory / "access.yaml").write_text(OVERLAY.read_text().replace("/run/secrets", str(tmp_path)))
    return directory


def test_the_commands_of_both_services_work_together(plant: Path, tmp_path: Path) -> None:
    places = {"/plant": str(plant), "/data": str(tmp_path / "data"), "4840": "0", "5020": "0"}
    simulate = [places.get(word, word) for word in SIMULATOR["command"]]
    serve = [places.get(word, word) for word in UNS["command"]] + ["--mqtt-port", "0", "--http-port", "0"]
    environ = {key: value for key, value in UNS["environment"].items() if key.startswith("UNS_")}
    with running(simulate, {}, r"opc\.tcp://[^:]+:(\d+).*tcp://[^:]+:(\d+)") as simulator:
        environ |= {"PLANT_HOST": "localhost", "OPCUA_PORT": simulator[1], "MODBUS_PORT": simulator[2]}
        with running(serve, environ, r"page (http://\S+), MQTT 0\.0\.0\.0:(\d+)") as server:
            page = server[1]
            health = subprocess.run(
                [sys.executable, "-m", "uns.app.cli", *UNS["healthcheck"]["test"][2:]],
                env=os.environ | {"UNS_SERVER": page},
                check=False,
                capture_output=True,
                text=True,
            )
            assert health.returncode == 0, health.stderr
            assert httpx.get(f"{page}/api/v1/sources").status_code == 401
            with httpx.Client(base_url=page, auth=("admin", "s3cret"), timeout=20) as client:
                values = client.stream(
                    "GET", "/api/v1/stream", params={"filter": "acme/ghent/packaging/line1/filler/state"}
                )
                with values as stream:
                    lines = islice(stream.iter_lines(), LINES_WITHIN_A_MINUTE)
                    assert any('"quality":"Good"' in line for line in lines)

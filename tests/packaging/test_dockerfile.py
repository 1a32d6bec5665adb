"""The Dockerfile cannot be built here; everything that it names is compared with the product."""

import fnmatch
import json
import re

from tests.packaging.product import ROOT, dockerfile, parse_command, setting_variables

LINES = dockerfile(ROOT / "Dockerfile")


def arguments(instruction: str) -> list[str]:
    return [rest for word, rest in LINES if word == instruction]


def test_the_image_is_slim_with_glibc_and_of_a_python_that_the_package_admits() -> None:
    images = {line.split()[0] for line in arguments("FROM")}
    assert images == {"python:3.12-slim"}


def test_it_is_multi_stage_and_the_last_stage_takes_the_environment_alone() -> None:
    assert len(arguments("FROM")) == 2
    last = LINES[[word for word, _ in LINES].index("FROM", 1) :]
    assert [rest for word, rest in last if word == "COPY"] == ["--from=build /opt/uns /opt/uns"]


def test_what_it_copies_exists_and_is_not_ignored() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] not in "#!"]
    admitted = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [word for rest in arguments("COPY") if "--from" not in rest for word in rest.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
        assert path in admitted, path
        assert not any(fnmatch.fnmatch(path, pattern) for pattern in ignored if pattern != "*"), path


def test_what_the_build_needs_is_copied() -> None:
    """Readme and licence are read by the build of the wheel, the constraints by pip."""
    project = (ROOT / "pyproject.toml").read_text()
    (readme,) = re.findall(r'^readme = "(.+)"', project, re.MULTILINE)
    (licence,) = re.findall(r'^license-files = \["(.+)"\]', project, re.MULTILINE)
    copied = {word for rest in arguments("COPY") for word in rest.split()}
    assert {readme, licence, "pyproject.toml", "constraints.txt", "uns", "adapters"} <= copied


def test_the_extras_that_it_installs_exist() -> None:
    extras = re.search(r"\[([a-z,]+)\]\"", " ".join(arguments("RUN")))
    assert extras is not None
    optional = (ROOT / "pyproject.toml").read_text().partition("[project.optional-dependencies]")[2]
    assert all(f"\n{extra} = [" in optional for extra in extras[1].split(","))


def test_it_does_not_run_as_root() -> None:
    (user,) = arguments("USER")
    uid, gid = user.split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    run = " ".join(arguments("RUN"))
    assert f"--uid {uid}" in run
    assert f"--gid {gid}" in run


def test_entry_point_command_and_health_check_are_commands_of_the_product() -> None:
    (entry,), (command,), (check,) = arguments("ENTRYPOINT"), arguments("CMD"), arguments("HEALTHCHECK")
    assert json.loads(entry) == ["uns"]
    assert parse_command(json.loads(command)) == "serve"
    probe = json.loads(check.partition("CMD ")[2])
    assert probe[0] == "uns"
    assert parse_command(probe[1:]) == "health"


def test_the_data_directory_belongs_to_the_user() -> None:
    data = json.loads(arguments("CMD")[0])[-1]
    assert f"--owner uns --group uns {data}" in " ".join(arguments("RUN"))


def test_the_exposed_ports_are_the_defaults() -> None:
    defaults = setting_variables()
    listeners = ("MQTT_PORT", "MQTT_TLS_PORT", "HTTP_PORT", "HTTP_TLS_PORT")
    assert arguments("EXPOSE") == [" ".join(str(defaults[f"UNS_{name}"]) for name in listeners)]

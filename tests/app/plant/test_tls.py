"""uns.app.plant.tls: what `uns check` says of certificates, with the line of the setting."""

from pathlib import Path

import pytest

from tests.support.certificates import Authority
from uns.app.plant import Plant, load_plant

NAMESPACE = "levels: [enterprise]\ntree:\n  acme: {}\n"
ACCESS = "roles:\n  guest: {subscribe: ['#']}\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "namespace.yaml").write_text(NAMESPACE)
    (tmp_path / "access.yaml").write_text(ACCESS)
    (tmp_path / "tls").mkdir()
    return tmp_path


def load(directory: Path, *lines: str, section: str = "mqtt", **environ: str) -> Plant:
    text = "\n".join([f"{section}:", *(f"  {line}" for line in lines)])
    (directory / "uns.yaml").write_text(text if lines else "")
    return load_plant(directory, environ)


def told(plant: Plant) -> list[str]:
    return [
        f"{problem.file}:{problem.line} {problem.severity} {problem.finding.id}"
        for problem in plant.problems
        if problem.finding.id.startswith("plant.cert")
    ]


GOOD = ("port: 1884", "tls_certificate: tls/server.pem", "tls_key: tls/server.key")


def test_files_are_found_from_the_plant_directory(directory: Path) -> None:
    Authority(directory / "tls").sign()
    plant = load(directory, *GOOD)
    assert told(plant) == []
    assert plant.tls("mqtt") is not None
    assert load(directory).tls("mqtt") is None


def test_a_missing_file_is_an_error_at_its_setting(directory: Path) -> None:
    Authority(directory / "tls").sign()
    (directory / "tls/server.key").unlink()
    plant = load(directory, *GOOD)
    assert told(plant) == ["uns.yaml:4 error plant.certificate"]
    assert "tls/server.key" in plant.errors[0].finding.what
    assert "mqtt.tls_key" in plant.errors[0].finding.hint


def test_a_certificate_that_has_ended_is_a_warning(directory: Path) -> None:
    Authority(directory / "tls").sign(begins_d=-40)
    plant = load(directory, *GOOD)
    assert told(plant) == ["uns.yaml:3 warning plant.certificate_invalid"]
    assert plant.tls("mqtt") is not None


@pytest.mark.parametrize("setting", ["tls_key", "tls_client_ca"])
def test_a_key_without_certificate_would_secure_nothing(directory: Path, setting: str) -> None:
    assert told(load(directory, f"{setting}: tls/x.pem")) == ["uns.yaml:2 error plant.certificate"]


def test_files_named_in_the_environment(directory: Path) -> None:
    for lines in (["port: 1884"], []):
        plant = load(directory, *lines, UNS_MQTT_TLS_CERTIFICATE="/nowhere/server.pem")
        assert told(plant) == ["environment:0 error plant.certificate"]


def test_the_certificate_of_https_is_checked_alike(directory: Path) -> None:
    Authority(directory / "tls").sign()
    assert told(load(directory, *GOOD, section="http")) == []
    (directory / "tls/server.key").unlink()
    plant = load(directory, *GOOD, section="http")
    assert told(plant) == ["uns.yaml:4 error plant.certificate"]
    assert "http.tls_key" in plant.errors[0].finding.hint


def test_an_api_that_listens_nowhere_is_an_error(directory: Path) -> None:
    assert told(load(directory, "plain: false", section="http")) == ["uns.yaml:2 error plant.certificate"]


@pytest.mark.parametrize("section", ["mqtt", "http"])
def test_users_by_certificate_need_authorities(directory: Path, section: str) -> None:
    Authority(directory / "tls").sign()
    plant = load(directory, *GOOD, "tls_names_user: true", section=section)
    assert told(plant) == ["uns.yaml:5 error plant.certificate"]
    assert f"{section}.tls_client_ca" in plant.errors[0].finding.hint

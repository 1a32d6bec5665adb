"""Settings: declared once, read from file and environment, described in the reference."""

import pytest

from uns.app.settings import Settings, read_settings, reference, setting_fields, variable
from uns.broker.limits import Limits


def test_defaults_are_those_of_the_broker_and_bound_to_loopback() -> None:
    settings, findings = read_settings(None, {})
    assert findings == []
    assert settings == Settings()
    assert settings.mqtt.limits() == Limits()
    assert (settings.mqtt.host, settings.http.host) == ("127.0.0.1", "127.0.0.1")


def test_every_bound_of_the_broker_can_be_set() -> None:
    settings, _ = read_settings({"mqtt": {"max_queued_messages": 7}}, {"UNS_MQTT_RECEIVE_MAXIMUM": "5"})
    assert settings.mqtt.limits() == Limits(max_queued_messages=7, receive_maximum=5)


def test_the_environment_wins_over_the_file() -> None:
    environ = {"UNS_MQTT_PORT": "1999", "UNS_HISTORY_RECORD": "acme/#, lab/+", "UNS_DATA": "/var/lib/uns", "UNS_X": "1"}
    settings, findings = read_settings({"mqtt": {"port": 1884, "host": "::1"}, "data": "d"}, environ)
    assert findings == []
    assert (settings.mqtt.port, settings.mqtt.host, settings.data) == (1999, "::1", "/var/lib/uns")
    assert settings.history.record == ["acme/#", "lab/+"]


@pytest.mark.parametrize(
    ("document", "finding", "where", "nearest"),
    [
        ({"mqqt": {}}, "plant.unknown_key", "/mqqt", "mqtt"),
        ({"mqtt": {"prot": 1}}, "plant.unknown_key", "/mqtt/prot", "port"),
        ({"mqtt": {"port": "1883"}}, "plant.type", "/mqtt/port", ""),
        ({"mqtt": {"port": True}}, "plant.type", "/mqtt/port", ""),
        ({"mqtt": {"port": -1}}, "plant.value", "/mqtt/port", ""),
        ({"mqtt": []}, "plant.type", "/mqtt", ""),
        ({"sparkplug": {"host_id": "a/b"}}, "plant.value", "/sparkplug/host_id", ""),
        ({"history": {"record": ["a", 5]}}, "plant.type", "/history/record/1", ""),
        ({"history": {"record": ["acme/#/x"]}}, "plant.value", "/history/record", ""),
        ({"history": {"record": ["acme/#", ""]}}, "plant.value", "/history/record", ""),
        ({"history": {"record": ["$share/g/acme/#"]}}, "plant.value", "/history/record", ""),
        ([], "plant.type", "", ""),
    ],
)
def test_a_wrong_setting_is_named_and_keeps_its_default(
    document: object, finding: str, where: str, nearest: str
) -> None:
    settings, findings = read_settings(document, {})
    assert [(found.id, found.where, found.nearest) for found in findings] == [(finding, where, nearest)]
    assert settings == Settings()


@pytest.mark.parametrize(
    ("name", "text"), [("UNS_MQTT_PORT", "x"), ("UNS_MQTT_PORT", "70000"), ("UNS_HISTORY_RECORD", "acme/#, a#")]
)
def test_a_wrong_environment_variable_is_named(name: str, text: str) -> None:
    settings, findings = read_settings({"mqtt": {"port": 1}}, {name: text})
    assert [(found.id, found.where) for found in findings] == [("plant.environment", name)]
    assert settings.mqtt.port == 1


def test_the_reference_describes_every_setting() -> None:
    page = reference()
    for path, field in setting_fields():
        assert field.description
        assert f"`{'.'.join(path)}` | `{variable(path)}`" in page
    assert "| `mqtt.port` | `UNS_MQTT_PORT` | `1883` | 0 to 65535 | TCP port; 0 takes a free one. |" in page

"""MQTT.js over WebSocket: what a page or a Node-RED flow sees of the broker."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.interop.javascript import JavaScriptClient

VERSIONS = [4, 5]


@pytest.fixture
def javascript(server, users) -> Iterator[Callable[..., JavaScriptClient]]:
    """Makes clients that are not yet connected: `javascript("id", version=5, user="ada")`."""
    clients: list[JavaScriptClient] = []
    url = server.base_url.replace("http://", "ws://") + "/mqtt"

    def make(client_id: str, version: int = 5, user: str = "ada", password: str = "") -> JavaScriptClient:
        client = JavaScriptClient(url, client_id, version, user, password or users.passwords[user])
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.stop()


@pytest.fixture
def joined(javascript):
    def make(client_id: str, version: int = 5, **options) -> JavaScriptClient:
        client = javascript(client_id, version)
        answer = client.connect(**options)
        assert "error" not in answer
        return client

    return make


@pytest.mark.parametrize("version", VERSIONS)
def test_a_message_of_each_qos_comes_back(joined, version):
    client = joined(f"js-{version}", version)
    assert client.subscribe(f"works/free/js/{version}", 2)["granted"] == [2]
    for qos in (0, 1, 2):
        answer = client.publish(f"works/free/js/{version}", f"qos {qos}", qos)
        assert "error" not in answer
    for qos in (0, 1, 2):
        assert client.event("message", payload=f"qos {qos}")["qos"] == qos


@pytest.mark.parametrize("version", VERSIONS)
def test_a_retained_value_waits(joined, version):
    topic = f"works/free/js/kept/{version}"
    assert "error" not in joined(f"js-keeper-{version}", version).publish(topic, "21.5", 1, retain=True)
    reader = joined(f"js-reader-{version}", version)
    reader.subscribe(topic, 1)
    assert reader.event("message", topic=topic)["retain"] is True


@pytest.mark.parametrize("version", VERSIONS)
def test_a_will_is_sent_for_a_lost_page(joined, version):
    topic = f"works/free/js/will/{version}"
    watcher = joined(f"js-watcher-{version}", version)
    watcher.subscribe(topic, 1)
    joined(f"js-lost-{version}", version, will={"topic": topic, "payload": "gone", "qos": 1, "retain": False}).ask(
        "drop"
    )
    assert watcher.event("message", topic=topic)["payload"] == "gone"


def test_a_refused_publish_says_why(joined):
    answer = joined("js-refused").publish("works/strict/mixer/temprature", "20", 1)
    assert answer["reason"] == 0x90
    assert answer["properties"]["reasonString"].startswith("topic.attribute: ")
    assert answer["properties"]["userProperties"]["uns-finding"] == "topic.attribute"
    assert answer["properties"]["userProperties"]["uns-nearest"] == "works/strict/mixer/temperature"


def test_mqtt_3_1_1_is_told_by_a_notice(joined):
    client = joined("js-old", 4)
    client.subscribe("$uns/rejected/js-old")
    assert "error" not in client.publish("works/strict/mixer/temprature", "20", 1)
    notice = json.loads(client.event("message", topic="$uns/rejected/js-old")["payload"])
    assert notice["finding"]["nearest"] == "works/strict/mixer/temperature"


def test_user_properties_travel(joined):
    client = joined("js-properties")
    client.subscribe("works/free/js/properties", 1)
    properties = {
        "userProperties": {"batch": "4711", "shift": ["early", "late"]},
        "contentType": "text/plain",
        "responseTopic": "works/free/js/answer",
        "messageExpiryInterval": 60,
    }
    client.publish("works/free/js/properties", "x", 1, properties=properties)
    arrived = client.event("message", topic="works/free/js/properties")["properties"]
    assert arrived["userProperties"] == properties["userProperties"]
    assert (arrived["contentType"], arrived["responseTopic"]) == ("text/plain", "works/free/js/answer")
    assert 0 < arrived["messageExpiryInterval"] <= 60


@pytest.mark.parametrize("version", VERSIONS)
def test_a_persistent_session_waits_for_its_client(joined, version):
    topic, client_id = f"works/free/js/offline/{version}", f"js-session-{version}"
    options = {"clean": False}
    if version == 5:
        options["properties"] = {"sessionExpiryInterval": 60}
    first = joined(client_id, version, **options)
    assert first.event("connect")["present"] is False
    first.subscribe(topic, 1)
    first.ask("drop")
    joined(f"js-sender-{version}", version).publish(topic, "while you were away", 1)
    again = joined(client_id, version, **options)
    assert again.event("connect")["present"] is True
    assert again.event("message", topic=topic)["payload"] == "while you were away"


def test_a_session_is_resumed_by_the_reconnect_of_the_library(joined):
    topic = "works/free/js/reconnect"
    properties = {"sessionExpiryInterval": 60}
    client = joined("js-again", clean=False, properties=properties, reconnectPeriod=50, resubscribe=False)
    client.subscribe(topic, 1)
    client.ask("drop")
    client.event("connect", present=True)
    assert "error" not in client.publish(topic, "after", 1)
    assert client.event("message", topic=topic)["payload"] == "after"


def test_a_large_payload_crosses(joined):
    client = joined("js-large")
    client.subscribe("works/free/js/large", 1)
    assert "error" not in client.publish("works/free/js/large", "x" * 900_000, 1)
    assert len(client.event("message", topic="works/free/js/large")["payload"]) == 900_000


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_password_is_told(javascript, version):
    answer = javascript(f"js-stranger-{version}", version, password="wrong").connect()
    assert answer["code"] == {4: 4, 5: 0x86}[version]


def test_a_second_client_of_the_same_id_takes_over(joined):
    first = joined("js-twin")
    joined("js-twin")
    assert first.event("disconnect")["code"] == 0x8E
    first.event("close")


def test_mqttv31_may_be_the_only_name_offered(server, users):
    """The name that clients of MQTT 3.1 knew."""
    client = JavaScriptClient(
        server.base_url.replace("http://", "ws://") + "/mqtt", "js-31", 3, "ada", users.passwords["ada"]
    )
    try:
        answer = client.connect(protocolId="MQIsdp")
        assert "error" not in answer
    finally:
        client.stop()

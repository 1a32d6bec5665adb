"""Eclipse Paho (callback API 2) as a client: reason codes, sessions, wills, and the notices of older clients."""

import json

import pytest

from tests.interop.paho import PahoClient
from tests.support.until import until

REFUSED = [
    ("works/strict/mixer/temprature", "20", 0x90, "topic.attribute", "Did you mean 'works/strict/mixer/temperature'?"),
    ("works/strict", "20", 0x90, "topic.", ""),
    ("works/strict/mixer/temperature", "hot", 0x99, "payload.", ""),
    ("works/strict/mixer/batches", '{"value": 1.5}', 0x99, "payload.type", "/value"),
    ("works/strict/mixer/state", '{"value": "mixng"}', 0x99, "payload.enum", "Did you mean 'mixing'?"),
    ("elsewhere/x", "20", 0x87, "access.publish", "operator"),
]


@pytest.mark.parametrize(("topic", "payload", "code", "finding", "says"), REFUSED)
def test_mqtt_5_gets_code_reason_and_rule(paho, topic, payload, code, finding, says):
    answer = paho("five").publish(topic, payload, 1)
    assert answer.code == code
    assert answer.reason.startswith(finding)
    assert any(value.startswith(finding) for value in answer.user.values())
    assert says in answer.reason or says in answer.user.values()


@pytest.mark.parametrize(("topic", "payload"), [case[:2] for case in REFUSED])
def test_a_refused_qos_2_message_is_over(paho, topic, payload):
    """Paho does not look at the PUBREC: it sends a PUBREL all the same, for a packet id that is free again (0x92)."""
    assert paho("five").publish(topic, payload, 2).code == 0x92


@pytest.mark.parametrize("qos", [1, 2])
def test_mqtt_5_accepted_is_success(paho, qos):
    answer = paho("five").publish("works/strict/mixer/temperature", '{"value": 20.5}', qos)
    assert (answer.code, answer.reason) == (0, "")


def test_what_is_delivered_with_a_tag_carries_the_finding(paho):
    client = paho("tagged")
    assert client.subscribe("works/tagged/mixer/speed/setpoint", 1) == 1
    assert client.publish("works/tagged/mixer/speed/setpoint", '{"value": 900}').code == 0
    message = client.received("works/tagged/mixer/speed/setpoint")
    assert json.loads(message.payload) == {"value": 900}
    assert any("payload.range" in value for _, value in message.properties.UserProperty)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_older_clients_are_told_by_a_notice(paho, version, qos):
    client_id = f"old-{version}-{qos}"
    client = paho(client_id, version=version)
    assert client.subscribe(f"$uns/rejected/{client_id}") == 0
    assert client.publish("works/strict/mixer/temprature", "20", qos).code == 0
    notice = json.loads(client.received(f"$uns/rejected/{client_id}").payload)
    assert notice["topic"] == "works/strict/mixer/temprature"
    assert notice["outcome"] == "rejected"
    assert notice["finding"]["nearest"] == "works/strict/mixer/temperature"


def test_qos_0_of_mqtt_5_is_told_by_a_notice_too(paho):
    client = paho("five-0")
    client.subscribe("$uns/rejected/five-0")
    client.publish("works/strict/mixer/temperature", "hot", 0)
    assert json.loads(client.received("$uns/rejected/five-0").payload)["finding"]["id"].startswith("payload.")


@pytest.mark.parametrize("version", [4, 5])
def test_a_session_waits_for_its_client(paho, version):
    topic, client_id = f"works/free/offline{version}", f"waiting-{version}"
    client = paho(client_id, version=version, clean=False, expiry_s=60)
    assert not client.session_present
    client.subscribe(topic, 1)
    client.disconnect()
    assert paho("sender").publish(topic, "while you were away", 1).code == 0
    again = paho(client_id, version=version, clean=False, expiry_s=60)
    assert again.session_present
    assert again.received(topic).payload == b"while you were away"


def test_a_will_is_sent_for_a_lost_client(server, users, paho):
    watcher = paho("watcher")
    watcher.subscribe("works/free/paho-will", 1)
    lost = PahoClient("lost", 5, "ada", users.passwords["ada"])
    lost.raw.will_set("works/free/paho-will", "gone", qos=1)
    lost.connect(server.mqtt_port)
    lost.break_off()
    assert watcher.received("works/free/paho-will").payload == b"gone"


def test_one_of_a_shared_subscription_gets_each_message(paho):
    takers = [paho("taker-1"), paho("taker-2")]
    for taker in takers:
        assert taker.subscribe("$share/crew/works/free/shared", 1) == 1
    sender = paho("sharer")
    for number in range(10):
        sender.publish("works/free/shared", str(number))
    until(lambda: sum(len(taker.messages) for taker in takers) >= 10, "ten messages are taken")
    taken = sorted(int(message.payload) for taker in takers for message in taker.messages)
    assert taken == list(range(10))
    assert all(taker.messages for taker in takers)


def test_a_second_client_of_the_same_id_takes_over(paho):
    first = paho("twin")
    codes = []
    first.raw.on_disconnect = lambda client, userdata, flags, code, properties: (
        codes.append(code.value),
        client.disconnect(),
    )
    paho("twin")
    until(lambda: codes, "the first one is disconnected")
    assert codes[0] == 0x8E


@pytest.mark.parametrize(("version", "code"), [(4, 0x86), (5, 0x86)])
def test_a_wrong_password_is_told(server, version, code):
    client = PahoClient("stranger", version, "ada", "wrong").connect(server.mqtt_port)
    assert client.connack is not None
    assert client.connack.value == code
    client.disconnect()


def test_a_viewer_may_read_and_not_write(paho):
    viewer = paho("viewer", user="ben")
    assert viewer.subscribe("works/#") == 0
    assert viewer.subscribe("spBv1.0/#") == 0x87
    assert viewer.publish("works/strict/mixer/temperature", '{"value": 20}').code == 0x87

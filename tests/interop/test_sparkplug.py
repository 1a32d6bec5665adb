"""What a foreign client sees of Sparkplug B: births and data that decode, a rebirth on command, a device written."""

import json
import subprocess

import paho.mqtt.client as mqtt
import pytest

from tests.interop.mosquitto import Mosquitto, found
from tests.support.until import until
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.decode import decode
from uns.sparkplug.encode import encode
from uns.sparkplug.payload import REBIRTH, Metric, Payload
from uns.sparkplug.topic import MessageType, parse_topic

NODE = "acme:ghent:packaging"
pytestmark = pytest.mark.usefixtures("demo_server")


@pytest.fixture
def listener(demo_server):
    """An MQTT 3.1.1 client that has everything of line 1 decoded: [(topic, payload)], as it arrives."""
    heard = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="sparkplug-listener")
    granted = []
    client.on_subscribe = lambda *arguments: granted.append(True)
    client.on_message = lambda client, userdata, message: heard.append((message.topic, message.payload))
    client.connect("127.0.0.1", demo_server.mqtt_port)
    client.subscribe(f"spBv1.0/{NODE}/+/line1/#")
    client.loop_start()
    until(lambda: granted, "the subscription")
    client.heard = heard
    yield client
    client.disconnect()
    client.loop_stop()


def first(listener, kind, device=""):
    def look():
        for topic, payload in list(listener.heard):
            parsed = parse_topic(topic)
            if parsed.type is kind and parsed.device == device:
                return payload
        return None

    payload, findings = decode(until(look, f"{kind} of {device or 'the node'}"))
    assert findings == []
    assert payload is not None
    return payload


def test_data_carry_aliases_and_a_sequence(listener):
    data = first(listener, MessageType.DDATA, "filler")
    assert data.seq is not None
    assert 0 <= data.seq <= 255
    assert all(metric.alias is not None and metric.name is None for metric in data.metrics)
    assert all(metric.timestamp_ms for metric in data.metrics)


def test_a_rebirth_on_command_names_every_metric(listener):
    command = Payload(metrics=[Metric(name=REBIRTH, datatype=SparkplugType.BOOLEAN, value=True)])
    listener.publish(f"spBv1.0/{NODE}/NCMD/line1", encode(command))
    birth = first(listener, MessageType.NBIRTH)
    assert birth.seq == 0
    assert {metric.name for metric in birth.metrics} >= {"bdSeq", REBIRTH}
    filler = first(listener, MessageType.DBIRTH, "filler")
    pressure = next(metric for metric in filler.metrics if metric.name == "bowl/pressure")
    assert pressure.alias is not None
    assert isinstance(pressure.value, float)


def test_mosquitto_sees_all_three_edge_nodes_and_the_host(demo_server):
    command = [found("mosquitto_sub"), "-p", str(demo_server.mqtt_port), "-t", "spBv1.0/#", "-v", "-F", "%t %x"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sub:
        seen = {}
        try:
            assert sub.stdout is not None
            for line in sub.stdout:
                topic, _, hexadecimal = line.strip().partition(" ")
                seen[topic] = bytes.fromhex(hexadecimal)
                nodes = {parse_topic(name).node for name in seen if not name.startswith("spBv1.0/STATE")}
                if nodes >= {"line1", "line2", "energy"} and "spBv1.0/STATE/uns" in seen:
                    break
        finally:
            sub.kill()
    assert json.loads(seen["spBv1.0/STATE/uns"])["online"] is True


def test_a_setpoint_written_over_sparkplug_comes_back_on_its_topic(demo_server, listener):
    """DCMD → adapter → OPC UA server → subscription → DDATA → projection."""
    topic = "acme/ghent/packaging/line1/filler/speed/setpoint"
    wanted = 333.0
    command = Payload(metrics=[Metric(name="speed/setpoint", datatype=SparkplugType.FLOAT, value=wanted)])
    listener.publish(f"spBv1.0/{NODE}/DCMD/line1/filler", encode(command))
    until(lambda: demo_server.get(f"/api/v1/topics/{topic}")["value"] == wanted, "the setpoint is read back")
    back = Payload(metrics=[Metric(name="speed/setpoint", datatype=SparkplugType.FLOAT, value=400.0)])
    listener.publish(f"spBv1.0/{NODE}/DCMD/line1/filler", encode(back))
    until(lambda: demo_server.get(f"/api/v1/topics/{topic}")["value"] == 400.0, "it is set back")


def test_the_projection_is_retained(demo_server):
    topic = "acme/ghent/packaging/line1/filler/state"
    shown = Mosquitto(demo_server.mqtt_port).sub("-t", topic, "-C", "1", "-W", "10", "-F", "%r %p").out
    retained, payload = shown.split(" ", 1)
    assert retained == "1"
    assert json.loads(payload).keys() == {"value", "quality", "timestamp"}


def test_a_setpoint_published_on_its_topic_is_written_to_the_device(demo_server, listener):
    """PUBLISH on the tree → door → DCMD → adapter → OPC UA server → subscription → DDATA → projection."""
    topic = "acme/ghent/packaging/line1/filler/speed/setpoint"
    for wanted in (322.0, 400.0):
        listener.publish(topic, json.dumps({"value": wanted}), qos=1)
        until(
            lambda wanted=wanted: demo_server.get(f"/api/v1/topics/{topic}")["value"] == wanted,
            "the device tells the new setpoint",
        )

"""Publish two values with MQTT 5: one right, one with a typo in its topic. The broker says why it refuses that one."""

import json
import os

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

HOST, _, PORT = os.environ.get("UNS_MQTT", "127.0.0.1:1883").partition(":")
FILLER = "acme/ghent/packaging/line1/filler"

topics: dict[int, str] = {}


def on_publish(_client: mqtt.Client, _userdata: object, mid: int, reason: ReasonCode, properties: Properties) -> None:
    print(f"{topics[mid]}: {reason}")
    if reason.is_failure:
        print(f"  {properties.ReasonString}")
        print(f"  rule: {dict(properties.UserProperty)}")


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.on_publish = on_publish
client.connect(HOST, int(PORT))
while not client.is_connected():
    client.loop()
for name in ("temperature", "temprature"):
    topic = f"{FILLER}/{name}"
    sent = client.publish(topic, json.dumps({"value": 5.0}), qos=1)  # quality and timestamp may be left out
    topics[sent.mid] = topic
    while not sent.is_published():
        client.loop()
client.disconnect()

"""Follow every temperature of the plant with an ordinary MQTT client."""

import json
import os
import sys

import paho.mqtt.client as mqtt

HOST, _, PORT = os.environ.get("UNS_MQTT", "127.0.0.1:1883").partition(":")
FILTER = "acme/ghent/+/+/+/temperature"


def on_connect(client: mqtt.Client, *_: object) -> None:
    client.subscribe(FILTER)  # here, so that it is subscribed again after a reconnect


def on_message(_client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
    sample = json.loads(message.payload)  # without a quality it is Good, without a timestamp it counts from now
    quality = sample.get("quality", "Good")
    print(f"{message.topic}  {sample['value']}" + ("" if quality == "Good" else f"  ({quality})"), flush=True)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
client.on_connect = on_connect
client.on_message = on_message
client.connect(HOST, int(PORT))
try:
    client.loop_forever()
except KeyboardInterrupt:
    sys.exit(0)

"""The will within a CONNECT: what the server publishes when the client is lost (MQTT 5, section 3.1.3.2)."""

import msgspec

from uns.link import Properties
from uns.mqtt.properties import encode_properties, read_properties
from uns.mqtt.topic_text import check_topic
from uns.mqtt.wire import Body, encode_binary, encode_text


class ConnectWill(msgspec.Struct):
    """`will_delay_interval` (seconds) stands among the properties."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties | None = None


def read(body: Body, qos: int, retain: bool) -> ConnectWill:
    properties = read_properties(body, "WILL") if body.version == 5 else None
    topic = body.text()  # MQTT-3.1.3-11
    check_topic(topic)
    if properties and "response_topic" in properties:
        check_topic(properties["response_topic"])
    return ConnectWill(topic, body.binary(), qos, retain, properties)


def write(will: ConnectWill, version: int) -> bytes:
    properties = encode_properties(will.properties, "WILL") if version == 5 else b""
    return properties + encode_text(will.topic) + encode_binary(will.payload)

"""What does an MQTT server do that knows Sparkplug? (Sparkplug B 3.0, section 10.1.4: Sparkplug Aware MQTT Server)

It keeps each birth where who comes later finds it, and may write the time of its delivery into a death: an NDEATH is a
will, made when its edge node connected.
"""

from google.protobuf.message import DecodeError

from uns.sparkplug.descriptor import WirePayload
from uns.sparkplug.topic import NAMESPACE

CERTIFICATES = "$sparkplug/certificates/"
BIRTH_FILTERS = (f"{NAMESPACE}/+/NBIRTH/+", f"{NAMESPACE}/+/DBIRTH/+/+")


def certificate_topic(topic: str) -> str:
    """Where the latest birth that came on a topic is retained, byte for byte.

    tck-id-conformance-mqtt-aware-nbirth-mqtt-topic, …-dbirth-mqtt-topic
    """
    return CERTIFICATES + topic


def is_node_death(topic: str) -> bool:
    levels = topic.split("/")
    return len(levels) == 4 and levels[0] == NAMESPACE and levels[2] == "NDEATH"


def dated(payload: bytes, now_ms: int) -> bytes:
    """An NDEATH with another timestamp (UTC); what is no Sparkplug payload stays as it is.

    tck-id-conformance-mqtt-aware-ndeath-timestamp
    """
    try:
        wire = WirePayload.FromString(payload)
    except DecodeError:
        return payload
    wire.timestamp = now_ms
    encoded: bytes = wire.SerializeToString()
    return encoded

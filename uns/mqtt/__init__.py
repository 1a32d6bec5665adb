"""The wire protocol of MQTT 3.1, 3.1.1 and 5.0: bytes to packets and back, for servers and clients, without I/O."""

from uns.mqtt.decoder import LARGEST_PACKET_BYTES, Decoder
from uns.mqtt.kinds import Packet, encode
from uns.mqtt.packets.auth import Auth
from uns.mqtt.packets.connack import Connack
from uns.mqtt.packets.connect import Connect
from uns.mqtt.packets.disconnect import Disconnect
from uns.mqtt.packets.pingreq import Pingreq
from uns.mqtt.packets.pingresp import Pingresp
from uns.mqtt.packets.puback import Puback
from uns.mqtt.packets.pubcomp import Pubcomp
from uns.mqtt.packets.publish import Publish, PublishRun, encode_publish_head
from uns.mqtt.packets.pubrec import Pubrec
from uns.mqtt.packets.pubrel import Pubrel
from uns.mqtt.packets.suback import Suback
from uns.mqtt.packets.subscribe import Subscribe, Subscription
from uns.mqtt.packets.unsuback import Unsuback
from uns.mqtt.packets.unsubscribe import Unsubscribe
from uns.mqtt.packets.will import ConnectWill
from uns.mqtt.reason import Failure, ReasonCode, connack_return_code
from uns.mqtt.wire import PacketType, Side

__all__ = [
    "Auth",
    "Connack",
    "Connect",
    "ConnectWill",
    "Decoder",
    "Disconnect",
    "Failure",
    "LARGEST_PACKET_BYTES",
    "Packet",
    "PacketType",
    "Pingreq",
    "Pingresp",
    "Puback",
    "Pubcomp",
    "Publish",
    "PublishRun",
    "Pubrec",
    "Pubrel",
    "ReasonCode",
    "Side",
    "Suback",
    "Subscribe",
    "Subscription",
    "Unsuback",
    "Unsubscribe",
    "connack_return_code",
    "encode",
    "encode_publish_head",
]

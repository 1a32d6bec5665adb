"""What does a Sparkplug topic name? `spBv1.0/<group>/<message type>/<edge node>[/<device>]` (section 4)"""

from enum import StrEnum

import msgspec

from uns.errors import Finding, UnsError, nearest
from uns.topics import topic_fault

NAMESPACE = "spBv1.0"


def is_sparkplug(topic: str) -> bool:
    """Does a topic stand in the namespace of Sparkplug B?"""
    return topic == NAMESPACE or topic.startswith(f"{NAMESPACE}/")


def is_state(topic: str) -> bool:
    """Is this the STATE topic of a host application? (section 5.14)"""
    return topic.startswith(f"{NAMESPACE}/STATE/")


class MessageType(StrEnum):
    """The third level. N… are an edge node's, D… a device's, …CMD go to them."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    NDATA = "NDATA"
    NCMD = "NCMD"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    DDATA = "DDATA"
    DCMD = "DCMD"

    @property
    def of_device(self) -> bool:
        return self.value[0] == "D"


def id_fault(text: str) -> str:
    """Why a string cannot be a group, edge node, device or host id, or an empty string.

    tck-id-topic-structure-namespace-valid-group-id, …-valid-edge-node-id, …-valid-device-id
    """
    if "/" in text:
        return "it holds a /"
    return topic_fault(text)


class SparkplugTopic(msgspec.Struct, frozen=True):
    """A topic of an edge node or device. Raises UnsError `sparkplug.topic` when the parts make none.

    device is empty exactly for the N… types (tck-id-topic-structure-namespace-device-id-associated-message-types).
    """

    group: str
    type: MessageType
    node: str
    device: str = ""

    def __post_init__(self) -> None:
        for level, text in (("group", self.group), ("edge node", self.node), ("device", self.device)):
            if level == "device" and bool(text) != self.type.of_device:
                wanted = "needs a device" if self.type.of_device else f"takes no device, found '{text}'"
                raise _refuse(str(self), f"{self.type} {wanted}", level)
            if (text or level != "device") and (fault := id_fault(text)):
                raise _refuse(str(self), f"the {level} id '{text}' cannot stand in a topic: {fault}", level)

    def __str__(self) -> str:
        topic = f"{NAMESPACE}/{self.group}/{self.type.value}/{self.node}"
        return f"{topic}/{self.device}" if self.device else topic


def parse_topic(topic: str) -> SparkplugTopic:
    """The parts of a topic. Raises UnsError `sparkplug.topic`; a STATE topic is none of these, see `state_topic`."""
    namespace, *levels = topic.split("/")
    if namespace != NAMESPACE:
        raise _refuse(topic, f"the first level is '{namespace}', not '{NAMESPACE}'", "namespace")
    if not 3 <= len(levels) <= 4:
        raise _refuse(topic, "it is not group/type/node or group/type/node/device", "")
    if levels[1] not in MessageType.__members__:
        like = nearest(levels[1], MessageType.__members__)
        raise _refuse(topic, f"'{levels[1]}' is no message type", "message type", like)
    if len(levels) == 4 and not levels[3]:
        raise _refuse(topic, "the device id is empty", "device")
    return SparkplugTopic(levels[0], MessageType(levels[1]), *levels[2:])


def state_topic(host_id: str) -> str:
    """Where a host application tells whether it is online. Raises UnsError `sparkplug.topic` for an impossible id."""
    if fault := id_fault(host_id):
        raise _refuse(host_id, f"the host id '{host_id}' cannot stand in a topic: {fault}", "host id")
    return f"{NAMESPACE}/STATE/{host_id}"


def _refuse(topic: str, why: str, where: str, like: str = "") -> UnsError:
    return UnsError(
        Finding(
            id="sparkplug.topic",
            what=f"'{topic}' is no Sparkplug B topic: {why}.",
            where=where,
            hint=f"Use {NAMESPACE}/<group>/<message type>/<edge node>[/<device>].",
            nearest=like,
        )
    )

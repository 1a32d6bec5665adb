"""What does an edge node say, and in which order? (Sparkplug B 3.0, sections 5.4 to 5.11)

Theory of operation. The machine touches no I/O: each call returns the messages to publish, in order, and the clock is
an argument (`now_ms`, UTC milliseconds since 1970). One MQTT session goes

    declare()*  →  will()  →  CONNECT  →  subscribe(subscriptions)  →  births()  →  data()*  →  death()  →  DISCONNECT
                     ▲                                                     ▲           │
                     │                                                     └───────────┤ receive(): RebirthRequested
                     └─────────────────────── connection lost ─────────────────────────┘

    node = EdgeNode("acme:ghent:packaging", "line1", bd_seq=stored, on_finding=report)
    node.declare("filler", "temperature", DataType.DOUBLE, unit="Cel")
    node.join("filler", now_ms)                        # [] yet: the DBIRTH comes with births()
    link.open(will=node.will(now_ms)); store(node.next_bd_seq)
    for message in node.births(now_ms): publish(message)
    if message := node.data("filler", [("temperature", sample)], now_ms): publish(message)

The device "" is the edge node itself. Metrics declared while the node is born are announced by the next `join(device)`
(a device's) or `births()` (the node's own); until then their data is remembered and not sent. Members of templates are
declared with their `Membership`; the definitions stand in the NBIRTH.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum

import msgspec

from uns.errors import Finding, UnsError
from uns.link import Message, Will
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.command import RebirthRequested, Write, read_command
from uns.sparkplug.compressed import deflate
from uns.sparkplug.declared import Declared, Membership, MetricTable, grouped
from uns.sparkplug.encode import encode, fault
from uns.sparkplug.payload import BD_SEQ, REBIRTH, Metric, Payload, Property, Template
from uns.sparkplug.quality import QUALITY_PROPERTY, to_property
from uns.sparkplug.topic import NAMESPACE, MessageType, SparkplugTopic

NODE = ""
"""The device name that stands for the edge node itself."""

WORTH_COMPRESSING = 512
"""Bytes of a payload."""

EdgeEvent = RebirthRequested | Write


class EdgeState(Enum):
    """Where the MQTT session stands."""

    OFFLINE = "offline"
    CONNECTING = "connecting"  # the will is made, nothing is born
    BORN = "born"


class EdgeNode:
    """One Sparkplug edge node and its devices.

    bd_seq: the bdSeq of the next CONNECT, 0 for the first ever; the caller stores `next_bd_seq` after each `will()`.
    on_finding: told about values that do not fit their datatype and commands that cannot be carried out.
    rebirth_interval_ms: requests that come sooner after a birth are joined into one later rebirth, see `tick`.
    compress: large messages are sent compressed, for slow links and hosts that understand it.
    Raises UnsError `sparkplug.topic` when an id cannot stand in a topic.
    """

    def __init__(
        self,
        group: str,
        node: str,
        bd_seq: int = 0,
        *,
        on_finding: Callable[[Finding], None],
        rebirth_interval_ms: int = 1000,
        compress: bool = False,
    ) -> None:
        self._ncmd = SparkplugTopic(group, MessageType.NCMD, node)
        self._group = group
        self._node = node
        self._bd_seq = bd_seq % 256
        self._next_bd_seq = bd_seq % 256
        self._on_finding = on_finding
        self._rebirth_interval_ms = rebirth_interval_ms
        self._compress = compress
        self._metrics = MetricTable()
        self._online: dict[str, None] = {}  # devices joined, in order
        self._announced: set[str] = set()  # devices whose DBIRTH is out in this session
        self._defined: set[str] = set()  # templates that its NBIRTH has defined
        self._state = EdgeState.OFFLINE
        self._seq = 0
        self._born_ms = 0
        self._rebirth_pending = False

    @property
    def state(self) -> EdgeState:
        return self._state

    @property
    def next_bd_seq(self) -> int:
        """The bdSeq of the CONNECT after this one: what to store, so that a restart goes on counting."""
        return self._next_bd_seq

    @property
    def subscriptions(self) -> tuple[str, str]:
        """Filters of this node's commands. tck-id-message-flow-edge-node-ncmd-subscribe, …-device-dcmd-subscribe"""
        return str(self._ncmd), f"{NAMESPACE}/{self._group}/DCMD/{self._node}/+"

    # --- declaring -----------------------------------------------------------------------------------------------

    def declare(
        self,
        device: str,
        name: str,
        datatype: DataType,
        *,
        unit: str = "",
        properties: Mapping[str, Property] | None = None,
        membership: Membership | None = None,
    ) -> None:
        """Make a metric known, or change the datatype of one. Its alias stays the same as long as the node lives.

        unit: a UCUM code, announced as the property `engUnit`. membership: the template that it is a member of.
        Raises UnsError `sparkplug.topic` for a device id that cannot stand in a topic, `sparkplug.name` for an empty
        or reserved metric name.
        """
        if device:
            SparkplugTopic(self._group, MessageType.DBIRTH, self._node, device)
        finding = self._metrics.declare(device, name, datatype, unit, properties, membership)
        if finding:
            self._on_finding(finding)

    def withdraw(self, device: str, name: str) -> None:
        """Forget a metric; the next birth leaves it out. Unknown ones are ignored."""
        self._metrics.withdraw(device, name)

    # --- the session ---------------------------------------------------------------------------------------------

    def will(self, now_ms: int) -> Will:
        """Begin a session: the NDEATH to register with this CONNECT. Each call takes the next bdSeq (255 → 0).

        tck-id-message-flow-edge-node-birth-publish-will-message-payload-bdSeq, …-will-message-qos, …-will-retained
        """
        self._bd_seq = self._next_bd_seq
        self._next_bd_seq = (self._next_bd_seq + 1) % 256
        self._state = EdgeState.CONNECTING
        self._forget_births()
        self._rebirth_pending = False
        death = self._death(now_ms)
        return Will(death.topic, death.payload, qos=1)

    def births(self, now_ms: int) -> list[Message]:
        """NBIRTH, then the DBIRTH of every joined device, with current values. For the first birth and each rebirth.

        tck-id-payloads-dbirth-order, tck-id-operational-behavior-data-commands-rebirth-action-2 and -3.
        Raises RuntimeError before `will()`: the bdSeq of the NBIRTH is the one of the CONNECT.
        """
        if self._state is EdgeState.OFFLINE:
            raise RuntimeError("births() needs a session: call will() first")
        self._state = EdgeState.BORN
        self._seq = 0  # tck-id-topics-nbirth-seq-num
        self._born_ms = now_ms
        self._rebirth_pending = False
        self._forget_births()
        definitions = self._metrics.definitions(now_ms)
        self._defined = {each.name for each in definitions if each.name is not None}
        control = [
            Metric(name=BD_SEQ, datatype=DataType.INT64, value=self._bd_seq, timestamp_ms=now_ms),
            Metric(name=REBIRTH, datatype=DataType.BOOLEAN, value=False, timestamp_ms=now_ms),
        ]
        metrics = [*definitions, *self._metrics.births(NODE, now_ms), *control]
        node_birth = self._message(MessageType.NBIRTH, NODE, metrics, now_ms)
        return [node_birth, *(self._device_birth(device, now_ms) for device in self._online)]

    def join(self, device: str, now_ms: int) -> list[Message]:
        """The device is there: its DBIRTH now, or nothing yet when the node is not born. Call again after declaring
        more metrics of it: a DBIRTH replaces the one before. All births, where it has a template that the NBIRTH did
        not define (tck-id-payloads-template-definition-nbirth)."""
        self._online[device] = None
        if self._state is not EdgeState.BORN:
            return []
        if not self._metrics.templates(device) <= self._defined:
            return self.births(now_ms)
        return [self._device_birth(device, now_ms)]

    def leave(self, device: str, now_ms: int) -> list[Message]:
        """The device is lost: its DDEATH, or nothing when no DBIRTH was sent.

        tck-id-operational-behavior-device-ddeath
        """
        self._online.pop(device, None)
        if device not in self._announced:
            return []
        self._announced.discard(device)
        return [self._message(MessageType.DDEATH, device, [], now_ms)]

    def data(
        self, device: str, changes: Iterable[tuple[str, Sample]], now_ms: int, *, historical: bool = False
    ) -> Message | None:
        """NDATA or DDATA with these metrics, by alias and in time order; the live ones become the current values.

        None when nothing can be sent: the node or device is not born (live values are remembered for the birth), or
        `changes` is empty. historical: values stored while offline; they do not touch the current ones.
        A value that does not fit its datatype is sent as null with quality Bad, and reported to `on_finding`.
        Raises UnsError `sparkplug.undeclared` for a metric that was never declared.
        """
        sendable = self.is_announced(device)
        sent: list[tuple[Declared, Metric]] = []
        for name, sample in changes:
            metric = self._metrics.require(device, name)
            if not historical:
                metric.sample = sample
            if sendable and metric.announced:
                sent.append((metric, metric.data(sample, historical)))
        if not sent:
            return None
        kind = MessageType.DDATA if device else MessageType.NDATA
        return self._message(kind, device, grouped(sent, now_ms), now_ms)

    def remember(self, device: str, changes: Iterable[tuple[str, Sample]]) -> None:
        """The current values, for the next birth; nothing is sent. Raises as `data` does."""
        for name, sample in changes:
            self._metrics.require(device, name).sample = sample

    def is_announced(self, device: str) -> bool:
        """Can data of the node ("") or a device be sent?"""
        return self._state is EdgeState.BORN and (device in self._announced or device == NODE)

    def knows(self, device: str, name: str) -> bool:
        """Was this metric told in the births of this session?"""
        metric = self._metrics.get(device, name)
        return metric is not None and metric.announced

    def lost(self) -> None:
        """The connection broke off; the broker publishes the will."""
        self._state = EdgeState.OFFLINE
        self._forget_births()

    def death(self, now_ms: int) -> Message:
        """NDEATH with the bdSeq of this session, to publish before an intended DISCONNECT; ends the session.

        tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath
        """
        self.lost()
        return self._death(now_ms)

    # --- commands ------------------------------------------------------------------------------------------------

    def receive(self, topic: str, payload: bytes, now_ms: int) -> list[EdgeEvent]:
        """What an NCMD or DCMD asks for. On RebirthRequested, publish `births()` at once."""
        command = read_command(topic, payload, self._metrics, self._on_finding)
        events: list[EdgeEvent] = list(command.writes)
        if command.rebirth:
            self._rebirth_pending = True
            events += self.tick(now_ms)
        return events

    def tick(self, now_ms: int) -> list[EdgeEvent]:
        """The rebirth that was put off because it came too soon after a birth; call about once a second."""
        # A clock set back gives a negative age: then the rebirth is due as well.
        fresh = 0 <= now_ms - self._born_ms < self._rebirth_interval_ms
        if not self._rebirth_pending or fresh or self._state is not EdgeState.BORN:
            return []
        self._rebirth_pending = False
        return [RebirthRequested()]

    # --- messages ------------------------------------------------------------------------------------------------

    def _device_birth(self, device: str, now_ms: int) -> Message:
        self._announced.add(device)
        return self._message(MessageType.DBIRTH, device, self._metrics.births(device, now_ms), now_ms)

    def _forget_births(self) -> None:
        self._announced.clear()
        self._defined.clear()
        self._metrics.forget_births()

    def _death(self, now_ms: int) -> Message:
        """Exactly one metric and no seq (tck-id-topics-ndeath-payload, tck-id-payloads-ndeath-seq)."""
        bd_seq = Metric(name=BD_SEQ, datatype=DataType.INT64, value=self._bd_seq, timestamp_ms=now_ms)
        topic = SparkplugTopic(self._group, MessageType.NDEATH, self._node)
        return Message(str(topic), encode(Payload(now_ms, [bd_seq])), qos=1)

    def _message(self, kind: MessageType, device: str, metrics: list[Metric], now_ms: int) -> Message:
        """One message of the session, QoS 0, not retained, with the next seq.

        tck-id-payloads-sequence-num-incrementing. Metrics stand in time order
        (tck-id-operational-behavior-data-publish-nbirth-order, …-dbirth-order).
        """
        metrics.sort(key=_timestamp)
        payload = Payload(now_ms, metrics, self._seq)
        self._seq = (self._seq + 1) % 256
        is_data = kind in (MessageType.NDATA, MessageType.DDATA)
        try:
            encoded = encode(payload, datatypes=not is_data)
        except UnsError:
            payload.metrics = [self._fitting(metric, device) for metric in metrics]
            encoded = encode(payload, datatypes=not is_data)
        if self._compress and len(encoded) >= WORTH_COMPRESSING:
            encoded = encode(deflate(encoded, payload))
        return Message(self._topic(kind, device), encoded)

    def _fitting(self, metric: Metric, device: str) -> Metric:
        """The metric itself, or a null of quality Bad in its place when its value does not fit its datatype."""
        finding = fault(metric)
        if finding is None:
            return metric
        if isinstance(metric.value, Template):
            fitting = [self._fitting(member, device) for member in metric.value.metrics]
            return msgspec.structs.replace(metric, value=msgspec.structs.replace(metric.value, metrics=fitting))
        self._on_finding(finding)
        properties = {**(metric.properties or {}), QUALITY_PROPERTY: to_property(Quality.BAD)}
        return msgspec.structs.replace(metric, value=None, properties=properties)

    def _topic(self, kind: MessageType, device: str) -> str:
        topic = f"{NAMESPACE}/{self._group}/{kind.value}/{self._node}"
        return f"{topic}/{device}" if device else topic


def _timestamp(metric: Metric) -> int:
    return metric.timestamp_ms or 0

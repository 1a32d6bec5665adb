"""What is the state of an edge node, seen by a host, and what do its messages say? (Sparkplug B 3.0, section 5)

Theory of operation. One `HostSession` per edge node turns messages into events, in the order in which the node sent
them:

    UNKNOWN ──NBIRTH──► ONLINE ──NDEATH with the same bdSeq──► OFFLINE ──NBIRTH──► ONLINE
       └──────────── anything else than a birth, while not online: RebirthWanted ───────┘

While online, DBIRTH, DDATA, NDATA and DDEATH pass the reorder buffer, so each is read with the tables of its turn.
After a node birth the devices known before have `reorder_timeout_ms` (at least a second) to be born again, or are dead.
The client that was born last is the node; another one that speaks for it too is told of, and not read.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from uns.errors import Finding
from uns.sparkplug.born import BornDevice, BornTable
from uns.sparkplug.complaints import Complaints
from uns.sparkplug.decode import decode
from uns.sparkplug.events import Born, Died, HostEvent, NodeState, Retired, Values
from uns.sparkplug.payload import BD_SEQ, Payload
from uns.sparkplug.rebirth import Cause, RebirthThrottle, RebirthWanted
from uns.sparkplug.reorder import ReorderBuffer
from uns.sparkplug.topic import MessageType, SparkplugTopic
from uns.sparkplug.values import ValueReader, possible


class _Turn(msgspec.Struct):
    """A message on its way through the reorder buffer."""

    topic: SparkplugTopic
    payload: Payload
    time_ms: int  # when it was sent, as far as that can be true, else received
    received_ms: int


class HostSession:
    """One edge node, as a host follows it. No method raises for what the node sent.

    node: `group/node`, for the findings. on_finding: told about payloads, metrics and births that are wrong.
    reorder_timeout_ms: how long a missing message is waited for; 0 does not wait.
    rebirth_interval_ms, rebirth_not_before_ms, passive: see `RebirthThrottle`.
    client: the MQTT client that was born last, "" where nobody tells. heard_ms: when it last said anything (UTC).
    """

    def __init__(
        self,
        node: str,
        *,
        on_finding: Callable[[Finding], None],
        reorder_timeout_ms: int = 2000,
        rebirth_interval_ms: int = 5000,
        rebirth_not_before_ms: int = 0,
        passive: bool = False,
    ) -> None:
        self.state = NodeState.UNKNOWN
        self.bd_seq: int | None = None
        self.client = ""
        self.heard_ms: int | None = None
        self.counts: Counter[str] = Counter()
        self.table = BornTable()
        self.rebirth = RebirthThrottle(rebirth_interval_ms, rebirth_not_before_ms, passive=passive)
        self._complaints = Complaints(node, on_finding)
        self._values = ValueReader(self.table, self._complaints)
        self._replaced: set[str] = set()  # clients that were the node before `client`, and of which no death was heard
        self._reorder: ReorderBuffer[_Turn] = ReorderBuffer(reorder_timeout_ms)
        self._reorder_timeout_ms = reorder_timeout_ms
        self._awaited: set[str] = set()  # devices that must be born again after a node birth …
        self._awaited_until_ms = 0  # … until then (monotonic)

    def receive(
        self,
        topic: SparkplugTopic,
        payload: bytes,
        received_ms: int,
        now_ms: int,
        *,
        retained: bool = False,
        client: str = "",
    ) -> list[HostEvent]:
        """Take one message of this node. received_ms: UTC since 1970; now_ms: monotonic; retained: as delivered;
        client: the MQTT client that published it, "" where that is not known."""
        kind = topic.type
        if kind in (MessageType.NCMD, MessageType.DCMD):
            return []
        self.counts[kind.value] += 1
        decoded, findings = decode(payload, self.table.name_of)
        if findings:
            self._complaints.about(topic.device, findings)
        if decoded is None:
            return []  # a message with a seq is missed by its successor, which asks for the rebirth
        if retained and kind is not MessageType.NDEATH:
            # A birth from the past: its aliases and values may be void by now.
            return [*self.rebirth.want(Cause.RETAINED_BIRTH, now_ms)]
        if client != self.client and self._is_foreign(kind, client):
            return []
        self.heard_ms = received_ms
        sent_ms = decoded.timestamp_ms
        if sent_ms is None or not possible(sent_ms, received_ms):
            if sent_ms is not None and kind is not MessageType.NDEATH:  # a will tells when the node connected
                self._complaints.wrong_times(topic.device, [], sent_ms)
            sent_ms = received_ms
        turn = _Turn(topic, decoded, sent_ms, received_ms)
        if kind is MessageType.NBIRTH:
            return list(self._node_birth(turn, now_ms))
        if kind is MessageType.NDEATH:
            return list(self._node_death(turn))
        if self.state is not NodeState.ONLINE:
            self._complaints.no_birth("", kind.value)
            return [*self.rebirth.want(Cause.NO_BIRTH, now_ms)]
        return list(self._in_turn(turn, now_ms))

    def _is_foreign(self, kind: MessageType, client: str) -> bool:
        """Is this the message of a client that is not the node, while another one is? A birth makes its client the
        node; that is a reconnect, unless the client it replaces speaks again."""
        if self.state is not NodeState.ONLINE or not client or not self.client:
            if kind is MessageType.NBIRTH:
                self.client = client
            return False
        if kind is MessageType.NBIRTH:
            if client in self._replaced:
                self._complaints.two_clients(client, self.client, "a birth too")
            self._replaced = {*list(self._replaced)[-9:], self.client}
            self.client = client
            return False
        if kind is MessageType.NDEATH:
            self._replaced.discard(client)
            self.counts["ignored deaths"] += 1
            return True
        self.counts["foreign"] += 1
        self._complaints.two_clients(self.client, client, kind.value)
        return True

    def tick(self, wall_ms: int, now_ms: int) -> list[HostEvent]:
        """What time brings about: a gap given up, a device not born again, a rebirth put off. Call often (0.2 s)."""
        events: list[HostEvent] = []
        if self.state is NodeState.ONLINE:
            if self._reorder.expired(now_ms):
                # tck-id-operational-behavior-host-reordering-rebirth; nothing that was held is lost.
                events += [event for turn in self._reorder.give_up() for event in self._read(turn, now_ms)]
                events += self._broken(now_ms)
            if self._awaited and now_ms >= self._awaited_until_ms:
                awaited, self._awaited = sorted(self._awaited), set()
                for device in awaited:
                    events += self._device_died(self.table.devices[device], wall_ms)
        return [*events, *self.rebirth.tick(now_ms)]

    # --- births and deaths ---------------------------------------------------------------------------------------

    def _node_birth(self, turn: _Turn, now_ms: int) -> Iterator[HostEvent]:
        # A DBIRTH may overtake its NBIRTH: what was sent later belongs to the new session.
        keep = {seq: held for seq, held in self._reorder.held().items() if held.time_ms >= turn.time_ms}
        if self.state is NodeState.ONLINE:
            for waiting in self._reorder.give_up():
                if waiting.time_ms < turn.time_ms:
                    yield from self._read(waiting, now_ms)
        self.state = NodeState.ONLINE
        self.rebirth.settle(now_ms)
        self.bd_seq = _bd_seq(turn.payload)
        self._awaited = {name for name, device in self.table.devices.items() if name and device.online}
        self._awaited_until_ms = now_ms + max(self._reorder_timeout_ms, 1000)
        self.table.begin()
        yield from self._birth(turn, turn.received_ms)
        # As host, accept any seq as the new base; a birth without one starts at 0.
        for ready in self._reorder.restart(turn.payload.seq or 0, keep, now_ms):
            yield from self._read(ready, now_ms)

    def _node_death(self, turn: _Turn) -> Iterator[HostEvent]:
        """All of the node is stale, at the host's time.

        tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline, …-devices-offline.
        A death of an earlier session is told by its bdSeq, and ignored.
        """
        if self.state is not NodeState.ONLINE or _bd_seq(turn.payload) != self.bd_seq:
            self.counts["ignored deaths"] += 1
            return
        for waiting in self._reorder.give_up():
            yield from self._read(waiting, None)
        self.state = NodeState.OFFLINE
        self._replaced.clear()
        self._awaited.clear()
        for device in self.table.devices.values():
            if device.online:
                yield from self._device_died(device, turn.received_ms)

    def _birth(self, turn: _Turn, since_ms: int) -> Iterator[HostEvent]:
        device = turn.topic.device
        self._complaints.born(device)
        findings: list[Finding] = []
        announced, retired = self.table.birth(device, turn.payload.metrics, since_ms, findings)
        self._complaints.about(device, findings)
        self._awaited.discard(device)
        if retired:
            yield Retired(device, retired)
        yield Born(device, [born for born, _ in announced])
        values = self._values.values(device, announced, turn.time_ms, turn.received_ms)
        if values:
            yield Values(device, values)

    def _device_died(self, device: BornDevice, time_ms: int) -> Iterator[HostEvent]:
        device.online, device.since_ms = False, time_ms
        yield Died(device.name, time_ms, list(device.metrics.values()))

    # --- messages in sequence ------------------------------------------------------------------------------------

    def _in_turn(self, turn: _Turn, now_ms: int) -> Iterator[HostEvent]:
        seq = turn.payload.seq
        if seq is None:  # breaks tck-id-payloads-sequence-num-always-included; there is no order to keep
            self.counts["without seq"] += 1
            yield from self._read(turn, now_ms)
            return
        ready, broken = self._reorder.offer(seq, turn, now_ms)
        for each in ready:
            yield from self._read(each, now_ms)
        if broken:
            yield from self._broken(now_ms)

    def _broken(self, now_ms: int) -> list[RebirthWanted]:
        self.counts["gaps"] += 1
        return self.rebirth.want(Cause.SEQ_GAP, now_ms)

    def _read(self, turn: _Turn, now_ms: int | None) -> Iterator[HostEvent]:
        """now_ms: None at the end of a session, where nobody is asked for births any more."""
        kind, device = turn.topic.type, turn.topic.device
        if kind is MessageType.DBIRTH:
            yield from self._birth(turn, turn.time_ms)
            return
        known = self.table.devices.get(device)
        online = known is not None and known.online
        if kind is MessageType.DDEATH:
            if known is not None and online:
                # tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline: its own time
                self._awaited.discard(device)
                yield from self._device_died(known, turn.time_ms)
            return
        if not online or device in self._awaited:
            self._complaints.no_birth(device, kind.value)
            yield from self._want(Cause.NO_DEVICE_BIRTH, now_ms)
            return
        values, unknown = self._values.data(device, turn.payload.metrics, turn.time_ms, turn.received_ms)
        if values:
            yield Values(device, values)
        if unknown:
            yield from self._want(Cause.UNKNOWN_METRIC, now_ms)

    def _want(self, cause: Cause, now_ms: int | None) -> list[RebirthWanted]:
        return [] if now_ms is None else self.rebirth.want(cause, now_ms)


def _bd_seq(payload: Payload) -> int | None:
    """Compared for equality only; Int64 and UInt64 both occur."""
    return next((metric.value for metric in payload.metrics if metric.name == BD_SEQ), None)

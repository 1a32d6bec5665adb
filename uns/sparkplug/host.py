"""What is the state of an edge node, seen by a host, and what do its messages say? (Sparkplug B 3.0, section 5)

Theory of operation. One `HostSession` per edge node turns messages into events, in the order in which the node sent
them:

    UNKNOWN ──NBIRTH──► ONLINE ──NDEATH with the same bdSeq──► OFFLINE ──NBIRTH──► ONLINE
       └──────────── anything else than a birth, while not online: RebirthWanted ───────┘

While online, DBIRTH, DDATA, NDATA and DDEATH pass the reorder buffer, so each is read with the tables of its turn.
After a node birth the devices known before have `reorder_timeout_ms` (at least a second) to be born again, or are dead.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from uns.errors import Finding
from uns.sparkplug.born import BornDevice, BornMetric, BornTable
from uns.sparkplug.datatypes import name_of
from uns.sparkplug.decode import decode
from uns.sparkplug.events import Born, Died, HostEvent, NodeState, Retired, Value, Values
from uns.sparkplug.payload import BD_SEQ, Metric, Payload
from uns.sparkplug.rebirth import Cause, RebirthThrottle, RebirthWanted
from uns.sparkplug.reorder import ReorderBuffer
from uns.sparkplug.sample import json_value, sample_of
from uns.sparkplug.topic import MessageType, SparkplugTopic


class _Turn(msgspec.Struct):
    """A message on its way through the reorder buffer."""

    topic: SparkplugTopic
    payload: Payload
    time_ms: int  # when it was sent, else received


class HostSession:
    """One edge node, as a host follows it. No method raises for what the node sent.

    on_finding: told about payloads, metrics and births that are wrong.
    reorder_timeout_ms: how long a missing message is waited for; 0 does not wait.
    rebirth_interval_ms, rebirth_not_before_ms: see `RebirthThrottle`.
    """

    def __init__(
        self,
        *,
        on_finding: Callable[[Finding], None],
        reorder_timeout_ms: int = 2000,
        rebirth_interval_ms: int = 5000,
        rebirth_not_before_ms: int = 0,
    ) -> None:
        self.state = NodeState.UNKNOWN
        self.bd_seq: int | None = None
        self.counts: Counter[str] = Counter()
        self.table = BornTable()
        self.rebirth = RebirthThrottle(rebirth_interval_ms, rebirth_not_before_ms)
        self._on_finding = on_finding
        self._reorder: ReorderBuffer[_Turn] = ReorderBuffer(reorder_timeout_ms)
        self._reorder_timeout_ms = reorder_timeout_ms
        self._awaited: set[str] = set()  # devices that must be born again after a node birth …
        self._awaited_until_ms = 0  # … until then (monotonic)

    def receive(
        self, topic: SparkplugTopic, payload: bytes, received_ms: int, now_ms: int, *, retained: bool = False
    ) -> list[HostEvent]:
        """Take one message of this node. received_ms: UTC since 1970; now_ms: monotonic; retained: as delivered."""
        kind = topic.type
        if kind in (MessageType.NCMD, MessageType.DCMD):
            return []
        self.counts[kind.value] += 1
        decoded, findings = decode(payload)
        for finding in findings:
            self._on_finding(finding)
        if decoded is None:
            return []  # a message with a seq is missed by its successor, which asks for the rebirth
        if retained and kind is not MessageType.NDEATH:
            # A birth from the past: its aliases and values may be void by now.
            return [*self.rebirth.want(Cause.RETAINED_BIRTH, now_ms)]
        turn = _Turn(topic, decoded, decoded.timestamp_ms or received_ms)
        if kind is MessageType.NBIRTH:
            return list(self._node_birth(turn, received_ms, now_ms))
        if kind is MessageType.NDEATH:
            return list(self._node_death(turn, received_ms, now_ms))
        if self.state is not NodeState.ONLINE:
            return [*self.rebirth.want(Cause.NO_BIRTH, now_ms)]
        return list(self._in_turn(turn, now_ms))

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

    def _node_birth(self, turn: _Turn, received_ms: int, now_ms: int) -> Iterator[HostEvent]:
        # A DBIRTH may overtake its NBIRTH: what was sent later belongs to the new session.
        keep = {seq: held for seq, held in self._reorder.held().items() if held.time_ms >= turn.time_ms}
        if self.state is NodeState.ONLINE:
            for waiting in self._reorder.give_up():
                if waiting.time_ms < turn.time_ms:
                    yield from self._read(waiting, now_ms)
        self.state = NodeState.ONLINE
        self.rebirth.settle()
        self.bd_seq = _bd_seq(turn.payload)
        self._awaited = {name for name, device in self.table.devices.items() if name and device.online}
        self._awaited_until_ms = now_ms + max(self._reorder_timeout_ms, 1000)
        self.table.clear_aliases()
        yield from self._birth(turn, received_ms)
        # As host, accept any seq as the new base; a birth without one starts at 0.
        for ready in self._reorder.restart(turn.payload.seq or 0, keep, now_ms):
            yield from self._read(ready, now_ms)

    def _node_death(self, turn: _Turn, received_ms: int, now_ms: int) -> Iterator[HostEvent]:
        """All of the node is stale, at the host's time.

        tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline, …-devices-offline.
        A death of an earlier session is told by its bdSeq, and ignored.
        """
        if self.state is not NodeState.ONLINE or _bd_seq(turn.payload) != self.bd_seq:
            self.counts["ignored deaths"] += 1
            return
        for waiting in self._reorder.give_up():
            yield from self._read(waiting, now_ms)
        self.state = NodeState.OFFLINE
        self._awaited.clear()
        for device in self.table.devices.values():
            if device.online:
                yield from self._device_died(device, received_ms)

    def _birth(self, turn: _Turn, received_ms: int) -> Iterator[HostEvent]:
        device = turn.topic.device
        findings: list[Finding] = []
        announced, retired = self.table.birth(device, turn.payload.metrics, received_ms, findings)
        for finding in findings:
            self._on_finding(finding)
        self._awaited.discard(device)
        if retired:
            yield Retired(device, retired)
        yield Born(device, [born for born, _ in announced])
        values: list[Value] = []
        for born, metric in announced:
            try:
                value = json_value(metric.value, born.datatype)
            except ValueError as error:
                self._on_finding(_wrong_value(born, error))
                continue
            values.append((born, sample_of(metric, value, turn.time_ms), metric.is_historical))
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

    def _read(self, turn: _Turn, now_ms: int) -> Iterator[HostEvent]:
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
            yield from self.rebirth.want(Cause.NO_DEVICE_BIRTH, now_ms)
            return
        values, unknown = self._values(device, turn)
        if values:
            yield Values(device, values)
        if unknown:
            yield from self.rebirth.want(Cause.UNKNOWN_METRIC, now_ms)

    def _values(self, device: str, turn: _Turn) -> tuple[list[Value], bool]:
        values: list[Value] = []
        unknown = False
        find, sent_ms = self.table.find, turn.time_ms
        for metric in turn.payload.metrics:
            born = find(device, metric)
            if born is None:
                unknown = True
                continue
            try:
                value = metric.value
                if value is not None:
                    value = born.read(value) if metric.datatype is None else _same_type(born, metric)
            except ValueError as error:
                self._on_finding(_wrong_value(born, error))
                continue
            values.append((born, sample_of(metric, value, sent_ms), metric.is_historical))
        return values, unknown


def _same_type(born: BornMetric, metric: Metric) -> object:
    if metric.datatype != born.datatype:
        raise ValueError(f"it came as {name_of(metric.datatype)}, its birth said {name_of(born.datatype)}")
    return json_value(metric.value, born.datatype)


def _bd_seq(payload: Payload) -> int | None:
    """Compared for equality only; Int64 and UInt64 both occur."""
    return next((metric.value for metric in payload.metrics if metric.name == BD_SEQ), None)


def _wrong_value(born: BornMetric, error: ValueError) -> Finding:
    return Finding(
        id="sparkplug.datatype",
        what=f"Metric '{born.name}' of device '{born.device}' ({name_of(born.datatype)}): {error}.",
        hint="The other metrics of the payload were taken. Mend the publisher's datatype or value.",
    )

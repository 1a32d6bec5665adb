"""How do a source's points live on an uplink as a Sparkplug edge node: birth, data, command, death?

opened ──► (STATE of the primary host: online) ──► births ──► data ──► lost, or STATE offline ──► the next server
                 waiting: samples go to disk                              samples go to disk
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from uns.adapter import Point
from uns.clock import Clock
from uns.edge import faults
from uns.edge.backlog import NamedSample, Row
from uns.edge.bdseq import BdSeqStore
from uns.edge.forward import MAX_PER_MESSAGE, Forward
from uns.edge.uplink import Uplink
from uns.errors import Finding
from uns.link import Message, Will
from uns.samples import DataType, Sample
from uns.sparkplug.command import RebirthRequested, Write
from uns.sparkplug.declared import Membership
from uns.sparkplug.edge import NODE, EdgeEvent, EdgeNode
from uns.sparkplug.primary import HostPresence, PrimaryHost

PRIMARY_WAIT_MS = 30_000
"""How long a server is given to tell of the primary host, where there is another server to go to."""


class EdgeLink:
    """One edge node on one uplink. A device is joined while its source is connected.

    on_write: a command that a host sent. on_finding: what the door refused, and values that do not fit their type.
    on_trouble: why nothing is published, None when it is. primary_host: the host id without which nothing is published,
    "" for none. forward: keeps what cannot be sent. compress: see `EdgeNode`.
    """

    def __init__(
        self,
        group: str,
        node: str,
        uplink: Uplink,
        clock: Clock,
        bd_seq: BdSeqStore,
        *,
        on_write: Callable[[Write], None],
        on_finding: Callable[[Finding], None],
        on_trouble: Callable[[Finding | None], None] = lambda finding: None,
        primary_host: str = "",
        forward: Forward | None = None,
        compress: bool = False,
    ) -> None:
        self._uplink = uplink
        self._clock = clock
        self._bd_seq = bd_seq
        self._on_write = on_write
        self._on_finding = on_finding
        self._on_trouble = on_trouble
        self._primary_host = primary_host
        self._primary: PrimaryHost | None = None
        self._opened_ms = 0
        self._forward = forward
        self._edge = EdgeNode(group, node, bd_seq.load(), on_finding=on_finding, compress=compress)
        self._declared: dict[tuple[str, str], DataType] = {}
        self._joined: list[str] = []

    def open(self) -> None:
        """Connect with the will, listen to commands, then announce the node. Raises OSError, see `Uplink.start`."""
        self._uplink.start(self)

    def close(self) -> None:
        """Announce the death, then disconnect."""
        self._say_goodbye()
        self._uplink.close()

    async def forwarding(self) -> None:
        """Send what had to wait; until cancelled, at once where nothing is stored."""
        if self._forward is not None:
            await self._forward.run(self)

    # --- uns.edge.uplink.UplinkUser ------------------------------------------------------------------------------

    def begin(self) -> Will:
        will = self._edge.will(self._clock.wall_ms())
        self._bd_seq.save(self._edge.next_bd_seq)
        return will

    def opened(self) -> None:
        """Commands and the primary host are listened to before anything is published."""
        for topic_filter in self._edge.subscriptions:
            self._uplink.subscribe(topic_filter, self._receive)
        self._opened_ms = self._clock.monotonic_ms()
        if not self._primary_host:
            self._be_born()
            return
        # tck-id-message-flow-edge-node-birth-publish-phid-wait, …-edge-node-birth-sequence-wait
        self._primary = PrimaryHost(self._primary_host)
        self._on_trouble(faults.host_unknown(self._primary_host))
        self._uplink.subscribe(self._primary.topic, self._receive_state)

    def lost(self) -> None:
        self._edge.lost()
        self._primary = None
        if self._forward is not None:
            self._forward.lost()

    def trouble(self, finding: Finding | None) -> None:
        if finding is not None or not self._primary_host:
            self._on_trouble(finding)

    # --- what the source has -------------------------------------------------------------------------------------

    def declare(
        self,
        datatypes: Mapping[Point, DataType],
        units: Mapping[Point, str] | None = None,
        memberships: Mapping[Point, Membership] | None = None,
    ) -> None:
        """Make exactly these metrics known; `join` announces them. units: UCUM codes; memberships: of those that are
        members of a template."""
        wanted = {(point.device, point.name): point for point in datatypes}
        for device, name in self._declared.keys() - wanted.keys():
            self._edge.withdraw(device, name)
        for (device, name), point in wanted.items():
            datatype = datatypes[point]
            if self._declared.get((device, name)) is not datatype:
                unit, membership = (units or {}).get(point, ""), (memberships or {}).get(point)
                self._edge.declare(device, name, datatype, unit=unit, membership=membership)
        self._declared = {key: datatypes[point] for key, point in wanted.items()}

    def join(self) -> None:
        """The devices answer: their DBIRTHs, with the values known by now."""
        present = list(dict.fromkeys(device for device, _ in self._declared))
        self.leave(except_for=present)
        for device in present:
            self._publish(self._edge.join(device, self._clock.wall_ms()))
        self._joined = present

    def leave(self, except_for: Iterable[str] = ()) -> None:
        """The devices are lost: their DDEATHs."""
        for device in [device for device in self._joined if device not in except_for]:
            self._publish(self._edge.leave(device, self._clock.wall_ms()))
            self._joined.remove(device)

    def data(self, changes: Iterable[tuple[Point, Sample]]) -> None:
        """Publish changes, one message per device; before `join` they are kept for the birth."""
        by_device: dict[str, list[NamedSample]] = {}
        for point, sample in changes:
            by_device.setdefault(point.device, []).append((point.name, sample))
        for device, samples in by_device.items():
            self._data(device, samples)

    def tick(self) -> None:
        """Carry out what was put off; call about once a second."""
        self._obey(self._edge.tick(self._clock.wall_ms()))
        if self._forward is not None and self._edge.is_announced(NODE):
            self._forward.confirm(self._uplink.sync)
        if self._primary is not None and self._primary.presence is not HostPresence.ONLINE and self._uplink.walks:
            offline = self._primary.presence is HostPresence.OFFLINE
            if offline or self._clock.monotonic_ms() - self._opened_ms >= PRIMARY_WAIT_MS:
                self._walk()

    # --- uns.edge.forward.HistoricalSender -----------------------------------------------------------------------

    def born_devices(self) -> Sequence[str]:
        return [device for device in (NODE, *self._joined) if self._edge.is_announced(device)]

    def send_historical(self, rows: Sequence[Row]) -> int:
        by_device: dict[str, list[NamedSample]] = {}
        unknown = 0
        for row in rows:
            if self._edge.knows(row.device, row.metric):
                by_device.setdefault(row.device, []).append((row.metric, row.sample))
            else:
                unknown += 1
        for device, samples in by_device.items():
            for first in range(0, len(samples), MAX_PER_MESSAGE):
                part = samples[first : first + MAX_PER_MESSAGE]
                message = self._edge.data(device, part, self._clock.wall_ms(), historical=True)
                self._publish([message] if message is not None else [])
        return unknown

    def sync(self, call: Callable[[], None]) -> None:
        self._uplink.sync(call)

    # -------------------------------------------------------------------------------------------------------------

    def _data(self, device: str, samples: list[NamedSample]) -> None:
        forward = self._forward
        if not self._edge.is_announced(NODE) or (forward is not None and forward.congested):
            self._edge.remember(device, samples)
            if forward is not None:
                forward.keep(device, samples)
            return
        message = self._edge.data(device, samples, self._clock.wall_ms())
        if message is not None:
            self._publish([message])
            if forward is not None:
                forward.sent(device, samples)

    def _be_born(self) -> None:
        self._publish(self._edge.births(self._clock.wall_ms()))
        self._on_trouble(None)
        if self._forward is not None:
            self._forward.opened()

    def _receive_state(self, message: Message) -> None:
        """tck-id-message-flow-edge-node-birth-publish-phid-wait-online, …-phid-offline,
        tck-id-operational-behavior-edge-node-termination-host-offline"""
        if self._primary is None or not self._primary.receive(message.payload):
            return
        if self._primary.presence is HostPresence.ONLINE:
            self._be_born()
        elif self._edge.is_announced(NODE):
            self._walk()
        else:
            self._on_trouble(faults.host_offline(self._primary_host))

    def _walk(self) -> None:
        """Leave this server (tck-id-operational-behavior-primary-application-state-with-multiple-servers-walk); where
        there is no other one, it is taken up again, and waited on."""
        self._say_goodbye()
        self._primary = None
        self._on_trouble(faults.host_offline(self._primary_host))
        self._uplink.leave()

    def _say_goodbye(self) -> None:
        """tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath; on MQTT 5 the server publishes the will
        (tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt50)."""
        if self._uplink.dies_by_will or not self._edge.is_announced(NODE):
            self._edge.lost()
        else:
            self._publish([self._edge.death(self._clock.wall_ms())])
        if self._forward is not None:
            self._forward.lost()

    def _receive(self, message: Message) -> None:
        self._obey(self._edge.receive(message.topic, message.payload, self._clock.wall_ms()))

    def _obey(self, events: Iterable[EdgeEvent]) -> None:
        for event in events:
            if isinstance(event, RebirthRequested):
                self._publish(self._edge.births(self._clock.wall_ms()))
            else:
                self._on_write(event)

    def _publish(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._uplink.publish(message, self._judged)

    def _judged(self, finding: Finding | None) -> None:
        if finding is not None:
            self._on_finding(finding)

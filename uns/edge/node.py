"""How do a source's points live on a link as a Sparkplug edge node: birth, data, command, death?"""

from collections.abc import Callable, Iterable, Mapping

from uns.adapter import Point
from uns.clock import Clock
from uns.edge.bdseq import BdSeqStore
from uns.errors import Finding
from uns.link import Link, Message
from uns.samples import DataType, Sample
from uns.sparkplug.command import RebirthRequested, Write
from uns.sparkplug.edge import EdgeEvent, EdgeNode


class EdgeLink:
    """One edge node on one link. A device is joined while its source is connected.

    on_write: a command that a host sent. on_finding: what the door refused, and values that do not fit their type.
    """

    def __init__(
        self,
        group: str,
        node: str,
        link: Link,
        clock: Clock,
        bd_seq: BdSeqStore,
        *,
        on_write: Callable[[Write], None],
        on_finding: Callable[[Finding], None],
    ) -> None:
        self._link = link
        self._clock = clock
        self._bd_seq = bd_seq
        self._on_write = on_write
        self._on_finding = on_finding
        self._edge = EdgeNode(group, node, bd_seq.load(), on_finding=on_finding)
        self._declared: dict[tuple[str, str], DataType] = {}
        self._joined: list[str] = []

    def open(self) -> None:
        """Connect with the will, listen to commands, then announce the node."""
        will = self._edge.will(self._clock.wall_ms())
        self._bd_seq.save(self._edge.next_bd_seq)
        self._link.open(will)
        for topic_filter in self._edge.subscriptions:
            self._link.subscribe(topic_filter, self._receive)
        self._publish(self._edge.births(self._clock.wall_ms()))

    def close(self) -> None:
        """Announce the death, then disconnect."""
        self._publish([self._edge.death(self._clock.wall_ms())])
        self._link.close()

    def declare(self, datatypes: Mapping[Point, DataType], units: Mapping[Point, str] | None = None) -> None:
        """Make exactly these metrics known; `join` announces them. units: UCUM codes."""
        wanted = {(point.device, point.name): datatype for point, datatype in datatypes.items()}
        unit_of = {(point.device, point.name): unit for point, unit in (units or {}).items()}
        for device, name in self._declared.keys() - wanted.keys():
            self._edge.withdraw(device, name)
        for (device, name), datatype in wanted.items():
            if self._declared.get((device, name)) is not datatype:
                self._edge.declare(device, name, datatype, unit=unit_of.get((device, name), ""))
        self._declared = wanted

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
        by_device: dict[str, list[tuple[str, Sample]]] = {}
        for point, sample in changes:
            by_device.setdefault(point.device, []).append((point.name, sample))
        for device, samples in by_device.items():
            message = self._edge.data(device, samples, self._clock.wall_ms())
            if message is not None:
                self._publish([message])

    def tick(self) -> None:
        """Carry out what was put off; call about once a second."""
        self._obey(self._edge.tick(self._clock.wall_ms()))

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
            self._link.publish(
                message.topic,
                message.payload,
                qos=message.qos,
                retain=message.retain,
                properties=message.properties,
                acknowledge=self._judged,
            )

    def _judged(self, finding: Finding | None) -> None:
        if finding is not None:
            self._on_finding(finding)

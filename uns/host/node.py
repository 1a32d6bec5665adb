"""How do the events of one edge node become values on the ISA-95 tree?"""

from collections.abc import Callable, Iterable

from uns.errors import Finding
from uns.host.asking import Asking
from uns.host.projection import Template
from uns.host.tree import Projected, Tree
from uns.link import Link
from uns.samples import Sample, encode_sample
from uns.sparkplug.born import BornMetric
from uns.sparkplug.datatypes import name_of
from uns.sparkplug.events import Born, Died, HostEvent, Retired, Values
from uns.sparkplug.host import HostSession
from uns.sparkplug.rebirth import RebirthWanted
from uns.sparkplug.status import DeviceStatus, MetricStatus, NodeStatus
from uns.sparkplug.topic import is_sparkplug
from uns.topics import topic_fault

OnHistorical = Callable[[str, Sample], None]
"""Told (topic, sample) of values from the past: they belong into the history and never move the live value back."""


class ProjectedNode:
    """One edge node: its session, and the topics its metrics feed."""

    def __init__(
        self,
        group: str,
        node: str,
        session: HostSession,
        *,
        tree: Tree,
        link: Link,
        template: Template,
        on_finding: Callable[[Finding], None],
        on_historical: OnHistorical,
        asking: Asking,
    ) -> None:
        self.group = group
        self.node = node
        self.key = group, node
        self.session = session
        self._tree = tree
        self._publish = link.publish
        self._publish_values = link.publish_values
        self._template = template
        self._on_finding = on_finding
        self._on_historical = on_historical
        self._asking = asking

    def apply(self, events: Iterable[HostEvent], now_ms: int) -> None:
        """Carry events out, in order; a rebirth is asked for last, since the answer may come before this returns."""
        rebirth_wanted = False
        for event in events:
            match event:
                case Values():
                    self._values(event)
                case Born():
                    if not event.device:
                        self._asking.settle(self.key)
                    born_ms = self.session.table.devices[event.device].since_ms
                    for metric in event.metrics:
                        metric.context = self._claim(metric, born_ms)
                case Died():
                    for metric in event.metrics:
                        self._stale(metric.context, event.time_ms)
                case Retired():
                    for metric in event.metrics:
                        self._retire(metric.context)
                case RebirthWanted():
                    rebirth_wanted = True
        if rebirth_wanted:
            self._asking.want(self.key, now_ms)

    def status(self) -> NodeStatus:
        session = self.session
        devices = session.table.devices
        own = devices.get("")
        return NodeStatus(
            group=self.group,
            node=self.node,
            state=session.state,
            since_ms=own.since_ms if own else None,
            bd_seq=session.bd_seq,
            metrics=len(own.metrics) if own else 0,
            devices=[
                DeviceStatus(name, device.online, device.since_ms, len(device.metrics))
                for name, device in devices.items()
                if name
            ],
            counts=dict(session.counts),
            rebirth_requests=session.rebirth.requests,
            rebirth_unanswered=session.rebirth.unanswered,
            rebirth_cause=session.rebirth.last_cause or "",
            client=session.client,
            heard_ms=session.heard_ms,
            templates=sorted(session.table.templates),
        )

    def metrics(self) -> list[MetricStatus]:
        """Everything born, the node's own first."""
        devices = self.session.table.devices
        return [_status(metric) for name in sorted(devices) for metric in devices[name].metrics.values()]

    def _values(self, event: Values) -> None:
        current: list[tuple[str, bytes]] = []
        for metric, sample, historical in event.values:
            projected: Projected | None = metric.context
            if projected is None:
                continue
            if historical:
                self._on_historical(projected.topic, sample)
            else:
                current.append((projected.topic, encode_sample(projected.take(sample))))
        self._publish_values(current)

    def _claim(self, metric: BornMetric, born_ms: int) -> Projected | None:
        topic = self._template(self.group, self.node, metric.device, metric.name)
        if topic is None:
            return None
        fault = topic_fault(topic)
        if not fault and is_sparkplug(topic):
            fault = "it would be read as Sparkplug again"  # a loop: what is projected must never be projected
        if fault:
            what = f"Metric '{metric.name}' of node '{self.group}/{self.node}' makes no topic: {fault}."
            self._on_finding(
                Finding(id="sparkplug.topic", what=what, hint="Give the metric or its group another name.")
            )
            return None
        claimed = self._tree.claim(topic, self.group, self.node, metric, born_ms)
        if isinstance(claimed, Finding):
            self._on_finding(claimed)
            return None
        return claimed

    def _stale(self, projected: Projected | None, time_ms: int) -> None:
        """The last value stays, and is Uncertain from the death until the next birth."""
        if projected is None or not projected.online:
            return
        sample = projected.die(time_ms)
        if sample is not None:
            self._publish(projected.topic, encode_sample(sample), retain=True)

    def _retire(self, projected: Projected | None) -> None:
        """The metric is gone for good: its retained value is cleared."""
        if projected is not None and self._tree.release(projected):
            self._publish(projected.topic, b"", retain=True)


def _status(metric: BornMetric) -> MetricStatus:
    projected: Projected | None = metric.context
    return MetricStatus(
        device=metric.device,
        name=metric.name,
        alias=metric.alias,
        datatype=name_of(metric.datatype),
        unit=metric.unit,
        topic=None if projected is None else projected.topic,
        sample=None if projected is None else projected.sample,
        ref=metric.ref,
    )

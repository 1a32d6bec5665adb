"""Which metric owns which ISA-95 topic, and what did it last say?"""

import msgspec

from uns.errors import Finding, nearest
from uns.samples import Quality, Sample
from uns.sparkplug.born import BornMetric


class Projected(msgspec.Struct, eq=False):
    """A topic of the tree and the metric that feeds it. sample: the last live one, as published.

    A death is a change of quality like any other, so the value becomes Uncertain with the time of the death, not with
    its own: else no history could keep both. When the source comes back with the very sample from before (it never
    changed meanwhile), that sample counts from the birth on, and stands behind the Uncertain one.
    """

    topic: str
    group: str
    node: str
    metric: BornMetric
    sample: Sample | None = None
    online: bool = True
    interrupted_ms: int | None = None
    """The source time of the value that a death made Uncertain."""
    resumed_ms: int = 0
    """From when on that value holds again."""

    def same_origin(self, group: str, node: str, metric: BornMetric) -> bool:
        mine = self.metric
        return (self.group, self.node, mine.device, mine.name) == (group, node, metric.device, metric.name)

    def take(self, sample: Sample) -> Sample:
        """A live sample as it is to be published."""
        if sample.timestamp_ms == self.interrupted_ms:
            sample = Sample(sample.value, sample.quality, self.resumed_ms)
        self.sample = sample
        return sample

    def die(self, time_ms: int) -> Sample | None:
        """The metric is dead since `time_ms` (UTC): what to publish now, None when its value was not Good anyway."""
        self.online = False
        last = self.sample
        if last is None or last.quality is not Quality.GOOD:
            return None
        if self.interrupted_ms is None or last.timestamp_ms != self.resumed_ms:
            self.interrupted_ms = last.timestamp_ms
        self.sample = Sample(last.value, Quality.UNCERTAIN, max(time_ms, last.timestamp_ms + 1))
        self.resumed_ms = self.sample.timestamp_ms + 1
        return self.sample

    def revive(self, metric: BornMetric, time_ms: int) -> None:
        """The metric was born again at `time_ms` (UTC)."""
        if not self.online:
            self.resumed_ms = max(time_ms, self.resumed_ms)
        self.metric, self.online = metric, True


class Tree:
    """The projected topics. Each has one owner; another metric can take it over only when the owner is dead."""

    def __init__(self) -> None:
        self._owners: dict[str, Projected] = {}
        self._adopted: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def get(self, topic: str) -> Projected | None:
        return self._owners.get(topic)

    def adopt(self, topic: str, sample: Sample, time_ms: int) -> Sample | None:
        """Take up a value of the last run, whose metric is not born yet: what to publish, as after a death."""
        if sample.quality is not Quality.GOOD or topic in self._owners:
            return None
        uncertain = Sample(sample.value, Quality.UNCERTAIN, max(time_ms, sample.timestamp_ms + 1))
        self._adopted[topic] = (sample.timestamp_ms, uncertain.timestamp_ms + 1)
        return uncertain

    def claim(self, topic: str, group: str, node: str, metric: BornMetric, time_ms: int) -> Projected | Finding:
        """The topic for this metric, born at `time_ms`, or the collision (`sparkplug.collision`)."""
        owner = self._owners.get(topic)
        if owner is None or not (owner.online or owner.same_origin(group, node, metric)):
            owner = self._owners[topic] = Projected(topic, group, node, metric)
            if topic in self._adopted:
                owner.interrupted_ms, resumed_ms = self._adopted.pop(topic)
                owner.resumed_ms = max(time_ms, resumed_ms)
        elif owner.same_origin(group, node, metric):
            owner.revive(metric, time_ms)
        else:
            return _collision(owner, group, node, metric)
        return owner

    def release(self, projected: Projected) -> bool:
        """Give a topic up; False when it has another owner by now."""
        if self._owners.get(projected.topic) is not projected:
            return False
        del self._owners[projected.topic]
        return True

    def near(self, topic: str) -> str:
        """The nearest topic with the same parent, or an empty string."""
        parent = topic.rpartition("/")[0] + "/"
        return nearest(topic, (known for known in self._owners if known.startswith(parent)))


def _collision(owner: Projected, group: str, node: str, metric: BornMetric) -> Finding:
    return Finding(
        id="sparkplug.collision",
        what=(
            f"'{owner.topic}' is already fed by {_label(owner.group, owner.node, owner.metric)}; "
            f"{_label(group, node, metric)} is left out."
        ),
        hint="Rename the device or the metric of one of them.",
    )


def _label(group: str, node: str, metric: BornMetric) -> str:
    device = f", device '{metric.device}'" if metric.device else ""
    return f"'{metric.name}' of node '{group}/{node}'{device}"

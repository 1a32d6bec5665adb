"""Which metric owns which ISA-95 topic, and what did it last say?"""

import msgspec

from uns.errors import Finding, nearest
from uns.samples import Sample
from uns.sparkplug.born import BornMetric


class Projected(msgspec.Struct, eq=False):
    """A topic of the tree and the metric that feeds it. sample: the last live one."""

    topic: str
    group: str
    node: str
    metric: BornMetric
    sample: Sample | None = None
    online: bool = True

    def same_origin(self, group: str, node: str, metric: BornMetric) -> bool:
        mine = self.metric
        return (self.group, self.node, mine.device, mine.name) == (group, node, metric.device, metric.name)


class Tree:
    """The projected topics. Each has one owner; another metric can take it over only when the owner is dead."""

    def __init__(self) -> None:
        self._owners: dict[str, Projected] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def get(self, topic: str) -> Projected | None:
        return self._owners.get(topic)

    def claim(self, topic: str, group: str, node: str, metric: BornMetric) -> Projected | Finding:
        """The topic for this metric, or the collision (`sparkplug.collision`)."""
        owner = self._owners.get(topic)
        if owner is None or not (owner.online or owner.same_origin(group, node, metric)):
            owner = self._owners[topic] = Projected(topic, group, node, metric)
        elif owner.same_origin(group, node, metric):
            owner.metric, owner.online = metric, True
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

"""What does one row of the tree show? Place, declaration and value of one path."""

from typing import Any

from uns.api.tree import Child, Tree, below
from uns.api.values import NEVER_SEEN, has_value, live_value
from uns.clock import Clock
from uns.policy.admission import CompiledAdmission
from uns.policy.namespace import Kind, Namespace


class Nodes:
    """Makes the `Node` objects of the API. A value that the role may not subscribe to is left out."""

    def __init__(self, namespace: Namespace, policy: CompiledAdmission, tree: Tree, clock: Clock) -> None:
        self._namespace = namespace
        self._policy = policy
        self._tree = tree
        self._clock = clock

    def node(self, parent: str, child: Child, depth: int, role: str) -> dict[str, Any]:
        """One node; `depth` is 1 right below the path that was asked for."""
        topic = below(parent, child.name)
        described = self._namespace.describe(topic)
        attribute, declared = described.attribute, described.kind is not Kind.TOPIC
        kind = described.kind
        if not declared and not has_value(child.live):
            kind = Kind.FOLDER
        value = None
        if (attribute is not None or has_value(child.live)) and not self._policy.may_subscribe(role, topic):
            value = live_value(child.live, attribute.max_age_ms if attribute else None, self._clock)
        shown = value or NEVER_SEEN
        return {
            "path": topic,
            "name": child.name,
            "depth": depth,
            "level": described.level,
            "kind": kind,
            "children": self._tree.count(parent, child),
            "declared": declared,
            "model": (described.model_ref or None) if declared else None,
            "owner": described.owner or None,
            "description": described.description or None,
            "unit": (attribute.unit or None) if attribute else None,
            "type": attribute.type if attribute else None,
            "value": shown.value,
            "quality": value.quality if value else None,
            "timestamp": shown.timestamp,
        }

"""Which violations are one and the same trouble? The same finding of the same rule, on one branch, from one client."""

import msgspec

from uns.broker import ASSIGNED_PREFIX
from uns.errors import Finding, shorten
from uns.policy.namespace import Namespace
from uns.policy.violation import Violation

_BRANCH_LEVELS = 2
"""Of a topic that is declared nowhere: publishers make up the rest."""
_LONGEST = 200
_BY_FAMILY = {"access": "access", "quota": "limits", "sparkplug": "sparkplug", "internal": "platform"}
_BY_ID = {"topic.level_name": "naming", "topic.undeclared": "namespace", "topic.folder": "namespace"}


class GroupKey(msgspec.Struct, frozen=True):
    """rule: what stated it: `filler@2/temperature`, `filler@2`, `naming`, `namespace`, `access`, `limits`, `sparkplug`,
    `mqtt` or `platform`. branch: the deepest declared equipment, or the first levels of what is not declared.
    client_id: `auto-*` for all clients that bring no id of their own.
    """

    finding_id: str
    rule: str
    branch: str
    client_id: str


def group_key(namespace: Namespace | None, violation: Violation, finding: Finding) -> GroupKey:
    """The group of a violation under the namespace of now; without one the topic alone names its branch."""
    topic, client_id = violation.topic, violation.client_id
    branch = model = attribute = ""
    if namespace is not None:
        node, rest = namespace.locate(topic)
        branch, model = node.path, node.model
        found = namespace.attribute(node, rest)
        if found is not None:
            attribute = f"{model}/{found.path}" if found.path else model
    return GroupKey(
        finding.id,
        _rule(finding, model, attribute),
        branch or shorten("/".join(topic.split("/", _BRANCH_LEVELS)[:_BRANCH_LEVELS]), _LONGEST),
        f"{ASSIGNED_PREFIX}*" if client_id.startswith(ASSIGNED_PREFIX) else shorten(client_id, _LONGEST),
    )


def _rule(finding: Finding, model: str, attribute: str) -> str:
    stated = _BY_ID.get(finding.id) or _BY_FAMILY.get(finding.family)
    if stated is None and finding.family == "payload":
        stated = attribute
    if stated is None and finding.id == "topic.attribute":
        stated = model
    return stated or "mqtt"

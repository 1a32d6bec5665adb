"""What the namespace says about topics, and what stands below them."""

import pytest

from tests.policy.plants import admission
from uns.policy.namespace import Kind
from uns.policy.verdict import Mode

NAMESPACE = admission().namespace
FILLER = "acme/ghent/packaging/line1/filler"


def test_a_value_is_described_with_what_it_inherits() -> None:
    described = NAMESPACE.describe(f"{FILLER}/speed/setpoint")
    assert described.kind is Kind.ATTRIBUTE
    assert described.levels == {
        "enterprise": "acme",
        "site": "ghent",
        "area": "packaging",
        "line": "line1",
        "cell": "filler",
    }
    assert (described.level, described.model_ref, described.owner) == ("attribute", "filler@2", "packaging-team")
    assert described.attribute is not None
    assert (described.attribute.unit, described.description) == ("1/min", "Wanted speed")
    assert (described.mode, described.mode_source) == (Mode.REJECT, "acme/ghent/packaging/line1")
    assert described.tags == ("critical", "beverages")
    assert not described.open


@pytest.mark.parametrize(
    ("topic", "kind", "level", "owner", "open_"),
    [
        ("acme", Kind.FOLDER, "enterprise", "acme-operations", False),
        (FILLER, Kind.ASSET, "cell", "packaging-team", False),
        (f"{FILLER}/gripper", Kind.ASSET, "level 6", "packaging-team", False),
        (f"{FILLER}/speed", Kind.FOLDER, "attribute", "packaging-team", False),
        (f"{FILLER}/nonsense", Kind.TOPIC, "topic", "packaging-team", False),
        (f"{FILLER}/_debug/x", Kind.TOPIC, "topic", "packaging-team", True),
        ("acme/ghent/_raw/x", Kind.TOPIC, "topic", "operations-ghent", True),
        ("acme/lyon", Kind.TOPIC, "site", "acme-operations", False),
        ("elsewhere", Kind.TOPIC, "enterprise", "", False),
    ],
)
def test_every_topic_has_a_description(topic: str, kind: Kind, level: str, owner: str, open_: bool) -> None:
    described = NAMESPACE.describe(topic)
    assert (described.kind, described.level, described.owner, described.open) == (kind, level, owner, open_)


def test_children_are_equipment_then_attributes_even_when_never_seen() -> None:
    assert [(child.name, child.kind, child.level, child.children) for child in NAMESPACE.children(FILLER)] == [
        ("gripper", Kind.ASSET, "level 6", 2),
        ("temperature", Kind.ATTRIBUTE, "attribute", 0),
        ("state", Kind.ATTRIBUTE, "attribute", 0),
        ("speed", Kind.FOLDER, "attribute", 1),
        ("motor", Kind.FOLDER, "attribute", 2),
    ]
    assert [child.path for child in NAMESPACE.children(f"{FILLER}/motor")] == [
        f"{FILLER}/motor/current",
        f"{FILLER}/motor/fault",
    ]
    assert [child.path for child in NAMESPACE.children("")] == ["acme"]
    assert NAMESPACE.children("nowhere") == []


def test_walking_the_children_meets_every_declared_value() -> None:
    met, waiting = set(), [""]
    while waiting:
        children = NAMESPACE.children(waiting.pop())
        met |= {child.path for child in children if child.kind is Kind.ATTRIBUTE}
        waiting += [child.path for child in children if child.children]
    declared = {topic for topic, _, attribute in NAMESPACE.attribute_topics() if attribute.path}
    assert met == declared
    assert f"{FILLER}/motor/fault" in met

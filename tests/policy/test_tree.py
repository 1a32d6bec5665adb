"""Wildcards and patterns in the tree: forty equal lines as one entry, one that differs, names nobody knew before."""

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.plants import registry
from uns.policy import CompiledAdmission, Namespace, parse_access, parse_namespace
from uns.policy.explain import explain
from uns.policy.namespace import Kind
from uns.policy.node import Node
from uns.policy.resolve import resolve
from uns.policy.tree_rules import MAX_NODES
from uns.policy.verdict import Mode

REGISTRY = registry()


def namespace(tree: dict[str, Any], **document: Any) -> Namespace:
    found, findings = parse_namespace({"tree": tree, **document}, REGISTRY)
    assert findings == []
    assert found is not None
    return found


def paths(found: Namespace) -> list[str]:
    return [node.path for node in found.nodes()]


def test_one_entry_is_many_equal_lines() -> None:
    found = namespace({"acme": {"line{1..2}": {"owner": "ann", "filler{a,b}": {"model": "filler@2"}}}})
    assert paths(found) == [
        "acme",
        *(f"acme/line{n}{below}" for n in (1, 2) for below in ("", "/fillera", "/fillerb")),
    ]
    assert found.describe("acme/line2/fillerb/temperature").kind is Kind.ATTRIBUTE
    node, _ = found.locate("acme/line2/fillerb")
    assert (found.owner_of(node), node.where) == ("ann", "/tree/acme/line{1..2}/filler{a,b}")


def test_an_exact_entry_states_what_is_different_for_one() -> None:
    tree = {
        "acme": {
            "line3": {"owner": "bob", "filler": {"mode": "observe"}, "labeller": {}},
            "line{1..4}": {"owner": "ann", "tags": ["packaging"], "filler": {"model": "filler@2"}},
        }
    }
    found = namespace(tree)
    assert [found.owner_of(found.locate(f"acme/line{n}/filler")[0]) for n in (2, 3, 4)] == ["ann", "bob", "ann"]
    assert [found.describe(f"acme/line{n}/filler").mode for n in (2, 3)] == [Mode.QUARANTINE, Mode.OBSERVE]
    assert found.describe("acme/line3/filler/temperature").model_ref == "filler@2"
    assert found.describe("acme/line3").tags == ("packaging",)
    assert found.describe("acme/line3/labeller").kind is Kind.FOLDER
    assert found.describe("acme/line2/labeller").kind is Kind.TOPIC


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"line{1..3}": {}, "line{3..4}": {}}, [("namespace.twice", "/tree/acme/line{3..4}")]),
        ({"line{1..": {}}, [("namespace.expansion", "/tree/acme/line{1..")]),
        ({"l{1..999999999}": {}}, [("namespace.expansion", "/tree/acme/l{1..999999999}")]),
        ({"l{1..400}": {"m{1..400}": {}}}, [("namespace.expansion", "/tree/acme/l{1..400}")]),
        ({"Line{1..40}": {}}, [("namespace.name", "/tree/acme/Line{1..40}")]),
        ({"l{1..9}": {"modell": "x"}}, [("plant.unknown_key", "/tree/acme/l{1..9}/modell")]),
        ({"l{1..9}": {"model": "filler@2", "{a,temperature}": {}}},
         [("namespace.collision", "/tree/acme/l{1..9}/{a,temperature}")]),
        ({"~(a+)+": {}}, [("namespace.pattern", "/tree/acme/~0(a+)+")]),
        ({"f": {"model": "filler@2", "~temp.*": {}}}, [("namespace.collision", "/tree/acme/f/~0temp.*")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_once_at_its_entry(tree: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    _, findings = parse_namespace({"tree": {"acme": tree}}, REGISTRY)
    assert [(finding.id, finding.where) for finding in findings] == expected


def test_the_first_level_is_no_pattern() -> None:
    _, findings = parse_namespace({"tree": {"~a": {}}}, REGISTRY)
    assert [finding.id for finding in findings] == ["namespace.pattern"]


def test_the_tree_has_a_bound() -> None:
    found, findings = parse_namespace({"tree": {"a{1..300}": {"b{1..300}": {"c{1..2}": {}}}}}, REGISTRY)
    assert [finding.id for finding in findings] == ["namespace.expansion"]
    assert found is not None
    assert len(paths(found)) < MAX_NODES


PATTERNS = {
    "acme": {
        "~press[0-9]+": {
            "owner": "ann",
            "classification": "internal",
            "model": "motor@1",
            "head{1..2}": {"model": "motor@1"},
            "~tool[0-9]+": {"mode": "warn", "model": "motor@1"},
        },
        "press1": {"mode": "observe"},
    }
}


def test_a_pattern_admits_every_name_that_fits() -> None:
    found = namespace(PATTERNS)
    assert paths(found) == ["acme", "acme/press1"]
    described = found.describe("acme/press77/current")
    assert (described.kind, described.owner, described.levels["site"]) == (Kind.ATTRIBUTE, "ann", "press77")
    assert described.classification == ("internal",)
    assert found.describe("acme/press77/head2/current").kind is Kind.ATTRIBUTE
    tool = found.describe("acme/press77/tool3/current")
    assert (tool.kind, tool.owner, tool.mode, tool.mode_source) == (
        Kind.ATTRIBUTE, "ann", Mode.WARN, "acme/press77/tool3",
    )  # fmt: skip
    assert [child.path for child in found.children("acme/press77") if child.kind is Kind.ASSET] == [
        "acme/press77/head1",
        "acme/press77/head2",
    ]


def test_an_exact_entry_wins_and_the_naming_rule_still_holds() -> None:
    found = namespace(PATTERNS, naming={"site": "press[0-9]{1,2}"})
    assert found.describe("acme/press1").kind is Kind.FOLDER
    assert found.describe("acme/press1/current").kind is Kind.TOPIC
    finding = resolve(found, "acme/press100/current").finding
    assert finding is not None
    assert finding.id == "topic.level_name"


def test_a_wrong_topic_below_a_pattern_has_its_nearest() -> None:
    found = namespace(PATTERNS)
    finding = resolve(found, "acme/press77/curent").finding
    assert finding is not None
    assert (finding.id, finding.nearest) == ("topic.attribute", "acme/press77/current")
    finding = resolve(found, "acme/pres/x").finding
    assert finding is not None
    assert "(known: press1, ~press[0-9]+)" in finding.what


def test_a_wildcard_may_hold_patterns() -> None:
    found = namespace({"acme": {"line{1..2}": {"~robot[0-9]": {"model": "motor@1", "arm": {"model": "motor@1"}}}}})
    assert found.describe("acme/line2/robot7/arm/current").kind is Kind.ATTRIBUTE
    assert [node.path for node in found.entries()][-2:] == ["acme/line2/~robot[0-9]", "acme/line2/~robot[0-9]/arm"]


def test_explain_names_the_pattern() -> None:
    access, _ = parse_access({})
    found = explain(CompiledAdmission(namespace(PATTERNS), REGISTRY, access), "acme/press77/current")
    why = {rule.rule: rule.why for rule in found.rules}
    assert why["tree: site press77"] == "admitted by ~press[0-9]+, declared in namespace.yaml."
    assert why["tree: enterprise acme"] == "declared in namespace.yaml."


NAMES = st.text("{}.,~|a1*[]", min_size=1, max_size=8) | st.sampled_from(["l{1..3}", "l2", "~l.", "model", "tags"])
TREES = st.recursive(
    st.none() | st.text("a@1", max_size=3), lambda below: st.dictionaries(NAMES, below, max_size=4), max_leaves=12
)


@given(TREES)
def test_no_tree_can_break_the_reader(tree: Any) -> None:
    found, _ = parse_namespace({"tree": tree, "naming": ".*"}, REGISTRY)
    assert found is not None
    for node in found.nodes():
        assert found.locate(node.path) == (node, "")


def test_what_was_taken_apart_goes_without_the_garbage_collector() -> None:
    def nodes() -> int:
        return sum(type(each) is Node for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = nodes()
        found = namespace(PATTERNS)
        child = found.child(found.root, "acme")
        assert nodes() > before
        found.dissolve()
        del found, child
        assert nodes() == before
    finally:
        gc.enable()

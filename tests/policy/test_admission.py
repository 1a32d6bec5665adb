"""The verdict table, subscriptions, and what a rule costs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.policy.plants import admission
from tests.support.calls import calls
from uns.errors import Finding, answer
from uns.policy import CompiledAdmission, decide, parse_access, parse_namespace
from uns.policy.verdict import ACCEPTED, Mode, judge
from uns.registry import Registry

CASES = yaml.safe_load((Path(__file__).parent / "cases/verdicts.yaml").read_text())
PLANT = admission()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['topic']}-{case.get('finding', 'ok')}")
def test_verdict(case: dict[str, Any]) -> None:
    payload = case.get("payload")
    rule = PLANT.rule(case["topic"])
    verdict = decide(rule, case.get("role", "engineer"), None if payload is None else payload.encode())
    assert verdict.outcome == case["outcome"]
    finding = verdict.finding
    assert (finding.id if finding else None) == case.get("finding")
    if finding is not None:
        assert finding.where == case.get("where", "")
        if "nearest" in case:
            assert finding.nearest == case["nearest"]


def test_the_message_names_level_place_siblings_and_the_cure() -> None:
    finding = PLANT.rule("acme/ghent/packging/line1").topic_finding
    assert str(finding) == (
        "topic.undeclared: 'acme/ghent/packging/line1' — level area 'packging' is not declared under site 'ghent' "
        "(known: packaging, warehouse, orders). Did you mean 'acme/ghent/packaging/line1'? "
        "Declare it in namespace.yaml."
    )


def test_wire_answers_follow_the_family() -> None:
    finding = PLANT.rule("acme/nowhere").topic_finding
    assert finding is not None
    assert answer(finding).mqtt_reason == 0x90
    refused = PLANT.rule("$SYS/x").access_finding("engineer")
    assert refused is not None
    assert answer(refused).mqtt_reason == 0x87


@pytest.mark.parametrize(
    ("role", "topic_filter", "allowed"),
    [
        ("viewer", "acme/ghent/#", True),
        ("viewer", "acme/ghent/+/line1/filler/#", True),
        ("viewer", "$share/group/acme/ghent/#", True),
        ("viewer", "acme/lyon/_raw/x", True),
        ("viewer", "acme/#", False),
        ("viewer", "acme/+/packaging", False),
        ("viewer", "#", False),
        ("viewer", "$SYS/#", False),
        ("viewer", "$share//acme/ghent/#", False),
        ("engineer", "$SYS/broker/#", True),
        ("engineer", "$uns/#", False),
        ("engineer", "spBv1.0/acme:ghent/DDATA/line1/filler", True),
        ("engineer", "spBv1.0/#", False),
        ("anyone", "#", True),
        ("anyone", "+/ghent", True),
        ("anyone", "$SYS/#", False),
        ("anyone", "$share/g/$SYS/#", False),
        ("admin", "$uns/rejected/+", True),
        ("internal", "#", True),
        ("nobody-knows", "acme", False),
    ],
)
def test_subscriptions(role: str, topic_filter: str, allowed: bool) -> None:
    finding = PLANT.may_subscribe(role, topic_filter)
    assert (finding is None) == allowed
    assert finding is None or finding.id == "access.subscribe"


def test_assets_of_one_model_share_their_checks() -> None:
    first = PLANT.rule("acme/ghent/packaging/line1/filler/gripper/fault").check
    assert first is not None
    assert PLANT.rule("acme/ghent/packaging/line1/filler/gripper/fault").check is first


def large_plant(sites: int) -> CompiledAdmission:
    tree: dict[str, Any] = {f"site{index}": {"packaging": {"line1": {}}} for index in range(sites)}
    namespace, findings = parse_namespace(
        {"tree": {"acme": tree}, "open": [f"acme/site{index}/_raw/#" for index in range(sites)]}, Registry()
    )
    access, _ = parse_access(
        {"roles": {f"role{index}": {"publish": [f"acme/site{index}/#"]} for index in range(sites)}}
    )
    assert namespace is not None
    assert findings == []
    return CompiledAdmission(namespace, Registry(), access)


@pytest.mark.parametrize("topic", ["acme/site7/_raw/x", "acme/site7/packaging/line1"])
def test_cost_does_not_grow_with_the_number_of_rules(topic: str) -> None:
    few, many = large_plant(10), large_plant(3000)
    assert calls(lambda: many.rule(topic)) == calls(lambda: few.rule(topic))


@pytest.mark.parametrize("topic", ["x" * 65_535, "/" * 65_535, "acme/" + "site" * 16, "acme/site/" + "a/" * 30_000])
def test_a_hostile_topic_costs_little_and_its_message_stays_short(topic: str) -> None:
    plant = large_plant(3000)
    rule = plant.rule(topic)
    assert rule.topic_finding is not None
    assert len(str(rule.topic_finding)) < 1200
    assert calls(lambda: plant.rule(topic)) < 100_000  # some tens of thousands of levels, each looked at once


def test_where_a_source_writes_others_are_told_so() -> None:
    topic = "acme/ghent/packaging/line1/filler/temperature"
    assert decide(owned(topic).rule(topic), "internal", b'{"value":5}') == ACCEPTED
    verdict = decide(owned(topic).rule(topic), "admin", b'{"value":5}')
    assert verdict.finding is not None
    assert verdict.finding.id == "topic.owned_by_source"
    assert "'filler-plc'" in verdict.finding.what


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [("observe", "observed"), ("warn", "warned"), ("quarantine", "warned"), ("reject", "rejected")],
)
def test_quarantine_does_not_hold_what_no_correction_lets_through(mode: str, outcome: str) -> None:
    assert judge(Mode(mode), Finding(id="topic.owned_by_source", what="")).outcome == outcome


@pytest.mark.parametrize(
    ("topic", "role", "payload", "expected"),
    [
        ("acme/ghent/packaging/line1/filler/temperature", "nobody", b'{"value":5}', "access.publish"),
        ("acme/ghent/packaging/line1/filler/temperature", "admin", b'{"value":500}', "payload.range"),
        ("acme/ghent/packaging/line1/filer/temperature", "admin", b'{"value":5}', "topic.undeclared"),
    ],
)
def test_who_owns_a_topic_is_the_last_question_about_it(topic: str, role: str, payload: bytes, expected: str) -> None:
    finding = decide(owned(topic).rule(topic), role, payload).finding
    assert finding is not None
    assert finding.id == expected


def owned(topic: str) -> CompiledAdmission:
    return CompiledAdmission(PLANT.namespace, PLANT.registry, PLANT.access, {topic: "filler-plc"})

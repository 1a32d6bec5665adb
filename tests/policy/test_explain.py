"""`uns explain`: every rule that was looked at, and why."""

from copy import deepcopy

import msgspec
import pytest

from tests.policy.plants import DOCUMENTS, admission
from uns.policy import explain
from uns.policy.verdict import Outcome

PLANT = admission()
FILLER = "acme/ghent/packaging/line1/filler"


def test_a_declared_value_with_payload_and_role() -> None:
    explained = explain(PLANT, f"{FILLER}/temperature", b'{"value":500}', "engineer")
    assert explained.verdict.outcome is Outcome.REJECTED
    assert (explained.path, explained.model, explained.owner) == (FILLER, "filler@2", "packaging-team")
    assert explained.mode_source == "level 'acme/ghent/packaging/line1'"
    rules = {rule.rule: rule for rule in explained.rules}
    assert rules["tree: site ghent"].matched
    assert rules["model filler@2: temperature"].matched
    assert rules["contract: number in Cel, from -10 to 120"].why.startswith("'temperature' is 500")
    assert not rules["role engineer: publish lab/#"].matched
    assert rules["role engineer: publish acme/#"].matched


def test_an_old_path_is_explained_by_its_alias() -> None:
    documents = deepcopy(DOCUMENTS)
    documents["namespace"]["aliases"] = [{"from": "acme/ghent/packging", "to": "acme/ghent/packaging"}]
    plant, topic = admission(documents), "acme/ghent/packging/line1/filler/temperature"
    for role in (None, "engineer"):
        good = explain(plant, topic, b'{"value":20}', role)
        assert (good.verdict.outcome, good.nearest) == (Outcome.WARNED, f"{FILLER}/temperature")
        assert good.verdict.finding is not None
        assert good.verdict.finding.id == "topic.moved"
        assert "aliases: acme/ghent/packging" in {rule.rule for rule in good.rules if rule.matched}
        wrong = explain(plant, topic, b'{"value":500}', role).verdict.finding
        assert wrong is not None
        assert wrong.id == "payload.range"


def test_a_typo_names_the_topic_that_was_meant() -> None:
    explained = explain(PLANT, "acme/ghent/packging/line1/filler/state")
    assert explained.verdict.finding is not None
    assert explained.verdict.finding.id == "topic.undeclared"
    assert explained.nearest == f"{FILLER}/state"
    assert explained.publishers == ("admin", "anyone", "engineer", "internal")


@pytest.mark.parametrize(
    ("topic", "rule", "matched", "why"),
    [
        ("acme/ghent/_raw/x", "open: acme/+/_raw/#", True, "an open branch"),
        ("acme/ghent/_raw/x", "open: lab/#", False, "does not match"),
        ("acme/ghent/orders/next", "open: acme/+/orders/#", False, "what is declared here is more specific"),
        ("$SYS/x", "topics that begin with $", True, "belong to the broker"),
        ("spBv1.0/a/DDATA/b", "spBv1.0/#", True, "judged by access"),
    ],
)
def test_rules_say_why(topic: str, rule: str, matched: bool, why: str) -> None:
    found = next(entry for entry in explain(PLANT, topic).rules if entry.rule == rule)
    assert found.matched == matched
    assert why in found.why


@pytest.mark.parametrize("topic", ["acme", FILLER, f"{FILLER}/state", "elsewhere/x", "$SYS/x", "acme/ghent/_raw/x"])
def test_it_is_serialisable_and_agrees_with_the_rule(topic: str) -> None:
    explained = explain(PLANT, topic)
    assert msgspec.json.decode(msgspec.json.encode(explained))["topic"] == topic
    assert explained.verdict.finding == PLANT.rule(topic).topic_finding


def test_access_is_left_out_when_no_role_is_asked_about() -> None:
    assert explain(PLANT, "lab/x").verdict.outcome is Outcome.ACCEPTED
    assert explain(PLANT, "lab/x", role="viewer").verdict.outcome is Outcome.REJECTED

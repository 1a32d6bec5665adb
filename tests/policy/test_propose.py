"""What is proposed makes valid what was refused: every proposal is carried out, and the messages judged again."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.policy.plants import DOCUMENTS, admission
from uns.policy import CompiledAdmission, decide, parse_access, parse_namespace
from uns.policy.propose import Edit, Proposal, propose
from uns.policy.verdict import ACCEPTED
from uns.registry import Model, Registry, parse_model

CASES = yaml.safe_load((Path(__file__).parent / "cases/proposals.yaml").read_text())
PLANT = admission()
FILLER = "acme/ghent/packaging/line1/filler"

Payloads = list[bytes]


def value(*values: str) -> Payloads:
    return [b'{"value": %s}' % each.encode() for each in values]


def proposals(topic: str, payloads: Payloads, plant: CompiledAdmission = PLANT) -> list[Proposal]:
    finding = decide(plant.rule(topic), "anyone", payloads[-1]).finding
    assert finding is not None
    return propose(plant.namespace, finding, topic, payloads)


def carried_out(proposal: Proposal) -> CompiledAdmission:
    """The plant with a proposal in its documents."""
    models = {f"{document['model']}@{document['version']}": copy.deepcopy(document) for document in DOCUMENTS["models"]}
    for version in proposal.versions:
        models[version.ref] = copy.deepcopy(models.get(version.base, {}))
        for edit in version.edits:
            _edit(models[version.ref], edit)
    parsed = [parse_model(document) for document in models.values()]
    assert all(isinstance(model, Model) for model in parsed), parsed
    registry = Registry(model for model in parsed if isinstance(model, Model))
    tree = copy.deepcopy(DOCUMENTS["namespace"])
    for entry in proposal.tree:
        node = tree["tree"]
        *above, name = entry.path.split("/")
        for level in above:
            node = node[level]
        assert (name in node) != entry.is_new
        node[name] = {**(node.get(name) or {}), **entry.keys}
    namespace, findings = parse_namespace(tree, registry)
    access, _ = parse_access(DOCUMENTS["access"])
    assert findings == []
    assert namespace is not None
    return CompiledAdmission(namespace, registry, access)


def _edit(document: dict[str, Any], edit: Edit) -> None:
    *above, last = (part.replace("~1", "/").replace("~0", "~") for part in edit.pointer.split("/")[1:])
    for part in above:
        document = document.setdefault(part, {})
    if edit.value is None:
        document.pop(last)
    else:
        document[last] = edit.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['topic']}-{case['payloads'][0]}")
def test_carried_out_it_takes_all_the_messages(case: dict[str, Any]) -> None:
    topic, payloads = case["topic"], [text.encode() for text in case["payloads"]]
    by_sentence = {proposal.sentence: proposal for proposal in proposals(topic, payloads)}
    assert case["sentence"] in by_sentence
    rule = carried_out(by_sentence[case["sentence"]]).rule(topic)
    assert [decide(rule, "anyone", payload) for payload in payloads] == [ACCEPTED] * len(payloads)


def test_a_mistyped_topic_is_mapped_first() -> None:
    topic = f"{FILLER}/temprature"
    first, second = proposals(topic, value("21"))
    assert first.rewrite is not None
    assert (first.rewrite.topic, first.rewrite.to) == (topic, f"{FILLER}/temperature")
    assert first.sentence == f"Messages on '{topic}' go to '{FILLER}/temperature'."
    assert second.versions[0].ref == "filler@3"


NOTHING = [
    (f"{FILLER}/temperature", [b"no json"]),
    (f"{FILLER}/temperature", [b'{"value": 1, "quality": "fine"}']),
    (f"{FILLER}/temperature", value('"hot"', "true")),
    (f"{FILLER}/state", value(*(f'"{number}"' for number in range(50)))),
    (f"{FILLER}/fresh", [b"no json"]),
    (FILLER, value("1")),
    ("acme/ghent/Packaging", value("1")),
    ("acme/ghent/PACK2/line1/filler9/x", value("1")),
    ("acme/ghent//x", value("1")),
    ("acme/lyon/9a/9b/x", value("1")),
]


@pytest.mark.parametrize(("topic", "payloads"), NOTHING, ids=str)
def test_where_only_the_publisher_or_a_person_can_help_nothing_is_proposed(topic: str, payloads: Payloads) -> None:
    assert [found for found in proposals(topic, payloads) if found.rewrite is None] == []


def test_pointers_are_escaped() -> None:
    *_, proposal = proposals(f"{FILLER}/a~b", value("1"))
    assert proposal.versions[0].edits[1].pointer == "/attributes/a~0b"

"""uns.app.edit.proposal: carried out on files, a proposal makes valid what was refused, and touches nothing else."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.policy.plants import DOCUMENTS
from uns.app.edit import carry_out
from uns.app.plant import Plant, PlantFiles, load_files
from uns.errors import UnsError
from uns.policy import decide
from uns.policy.alias import MOVED
from uns.policy.propose import Kind, Proposal, propose

CASES = yaml.safe_load((Path(__file__).parents[2] / "policy/cases/proposals.yaml").read_text())
FILLER = "acme/ghent/packaging/line1/filler"


def as_files(*, flow: bool) -> dict[str, bytes]:
    """The plant of the verdict table as a program writes it: a line for each entry, or all in braces."""
    return {
        "namespace.yaml": yaml.safe_dump(DOCUMENTS["namespace"], sort_keys=False, default_flow_style=flow).encode(),
        "access.yaml": yaml.safe_dump(DOCUMENTS["access"]).encode(),
        **{
            f"models/{model['model']}.v{model['version']}.yaml": (
                "# Of the vendor.\n" + yaml.safe_dump(model, sort_keys=False, default_flow_style=flow)
            ).encode()
            for model in DOCUMENTS["models"]
        },
    }


def load(files: dict[str, bytes]) -> Plant:
    plant = load_files(PlantFiles(files), Path(), {})
    assert plant.errors == []
    return plant


def proposals(plant: Plant, topic: str, payloads: list[bytes]) -> list[Proposal]:
    finding = decide(plant.admission().rule(topic), "anyone", payloads[-1]).finding
    assert finding is not None
    return propose(plant.namespace, finding, topic, payloads)


def outcomes(plant: Plant, topic: str, payloads: list[bytes]) -> set[str]:
    findings = [decide(plant.admission().rule(topic), "anyone", payload).finding for payload in payloads]
    return {"" if finding is None else finding.id for finding in findings}


@pytest.mark.parametrize("flow", [False, True], ids=["block", "braces"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['topic']}-{case['payloads'][0]}")
def test_carried_out_it_takes_all_the_messages(case: dict[str, Any], flow: bool) -> None:
    files = as_files(flow=flow)
    plant, topic, payloads = load(files), case["topic"], [text.encode() for text in case["payloads"]]
    chosen = next(each for each in proposals(plant, topic, payloads) if each.sentence == case["sentence"])
    made = carry_out(chosen, plant, "For a test")
    assert outcomes(load(files | made), topic, payloads) == {""}
    for version in chosen.versions:
        text = made[f"models/{version.ref.replace('@', '.v')}.yaml"].decode()
        assert ("# Of the vendor." in text) == bool(version.base)
        assert "For a test" in text


def test_a_mistyped_topic_becomes_an_old_name() -> None:
    files = as_files(flow=False)
    plant, topic, payloads = load(files), f"{FILLER}/temprature", [b'{"value": 21}']
    first = proposals(plant, topic, payloads)[0]
    assert first.kind is Kind.MAP
    made = carry_out(first, plant, "For a test")
    assert list(made) == ["namespace.yaml"]
    assert outcomes(load(files | made), topic, payloads) == {MOVED}


NAMESPACE = """\
tree:
  acme:
    line{1..3}:   # forty
      filler: {model: filler@1}
    ~press[0-9]+: {tool: {model: filler@1}}
"""
MODEL = """\
model: filler
version: 1
status: deprecated
deprecated: old
attributes: {temperature: {type: number, max: 9}}
"""
ACCESS = "roles: {anyone: {publish: ['#']}}\n"
ASSETS = "path;model\r\nacme/hall;\r\nacme/hall/oven;filler@1\r\n"


def works() -> dict[str, bytes]:
    texts = {
        "namespace.yaml": NAMESPACE,
        "models/old name.yaml": MODEL,
        "access.yaml": ACCESS,
        "assets/a.csv": ASSETS,
    }
    return {name: text.encode() for name, text in texts.items()}


def accepted(topic: str, payload: bytes = b'{"value": 12}', kind: Kind | None = None) -> dict[str, str]:
    """What the files become when the first proposal (of a kind) is carried out; the message is taken then."""
    files = works()
    plant = load(files)
    chosen = next(each for each in proposals(plant, topic, [payload]) if kind in (None, each.kind))
    made = carry_out(chosen, plant, "For a test")
    assert outcomes(load(files | made), topic, [payload]) == {""}
    return {name: content.decode() for name, content in made.items()}


def test_a_wildcard_stays_one_entry() -> None:
    made = accepted("acme/line2/filler/temperature")
    assert made["namespace.yaml"] == NAMESPACE.replace("filler: {model: filler@1}", "filler: {model: filler@2}")
    assert "max: 12" in made["models/filler.v2.yaml"]


def test_a_new_version_is_not_deprecated_as_the_one_before() -> None:
    text = accepted("acme/line2/filler/temperature")["models/filler.v2.yaml"]
    assert "deprecated" not in text
    assert "status" not in text


def test_a_pattern_stays_one_entry() -> None:
    made = accepted("acme/press7/tool/temperature")
    assert made["namespace.yaml"] == NAMESPACE.replace("{tool: {model: filler@1}}", "{tool: {model: filler@2}}")


def test_new_equipment_of_one_line_is_declared_for_that_line() -> None:
    made = accepted("acme/line2/filler9/temperature", b'{"value": 5}', Kind.ACCEPT)
    added = [line for line in made["namespace.yaml"].splitlines() if line not in NAMESPACE.splitlines()]
    assert added == ["    line2: {filler9: {model: filler9@1}}"]


def test_new_equipment_below_a_pattern_joins_the_pattern() -> None:
    made = accepted("acme/press7/lid/temperature", b'{"value": 5}', Kind.ACCEPT)
    assert "~press[0-9]+: {tool: {model: filler@1}, lid: {model: lid@1}}" in made["namespace.yaml"]


def test_what_a_row_declares_is_changed_there() -> None:
    made = accepted("acme/hall/oven/temperature")
    assert made["assets/a.csv"] == ASSETS.replace("filler@1", "filler@2")
    assert "namespace.yaml" not in made


def test_new_equipment_below_a_row_is_a_row() -> None:
    made = accepted("acme/hall/dryer/speed", b'{"value": 5}', Kind.ACCEPT)
    assert made["assets/a.csv"] == ASSETS + "acme/hall/dryer;dryer@1\r\n"


def test_a_file_of_that_name_is_not_overwritten() -> None:
    files = works() | {"models/filler.v2.yaml": b"model: other\nversion: 1\nattributes: {a: {type: number}}\n"}
    plant = load(files)
    (first, *_) = proposals(plant, "acme/line2/filler/temperature", [b'{"value": 12}'])
    with pytest.raises(UnsError) as refused:
        carry_out(first, plant, "")
    assert refused.value.finding.id == "plant.exists"


@pytest.mark.parametrize(
    ("name", "found", "finding_id"),
    [
        ("models/old name.yaml", MODEL.replace("version: 1", "version: 7").encode(), "unknown.model"),
        ("namespace.yaml", NAMESPACE.replace("acme", "other").encode(), "unknown.path"),
    ],
)
def test_files_that_do_not_hold_what_would_change(name: str, found: bytes, finding_id: str) -> None:
    (first, *_) = proposals(load(works()), "acme/line2/filler/temperature", [b'{"value": 12}'])
    files = {each: content for each, content in works().items() if not each.startswith("assets/")} | {name: found}
    with pytest.raises(UnsError) as refused:
        carry_out(first, load_files(PlantFiles(files), Path(), {}), "")
    assert refused.value.finding.id == finding_id

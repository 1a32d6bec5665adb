"""Golden messages, met and missed, and those that cannot be read."""

from pathlib import Path

import pytest

from uns.app.golden import Case, run_cases
from uns.app.plant import load_plant

FILES = {
    "namespace.yaml": "tree:\n  acme:\n    line1:\n      filler: {model: filler@1}\n    line2: {mode: reject}\n",
    "access.yaml": 'roles:\n  plc: {publish: ["acme/line1/#"]}\n',
    "models/filler.v1.yaml": "model: filler\nversion: 1\nattributes:\n  level: {type: number, min: 0, max: 100}\n",
}


def run(directory: Path, files: dict[str, str]) -> list[Case]:
    for name, text in (FILES | files).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    plant = load_plant(directory, {})
    assert plant.errors == []
    return run_cases(plant, {})


def shown(cases: list[Case]) -> list[tuple[str, str, str]]:
    found = [(case.name, case.finding) for case in cases]
    return [(name, finding.id, finding.nearest) if finding else (name, "", "") for name, finding in found]


GOOD, BAD = "models/filler.v1/valid/a.json", "models/filler.v1/invalid/b.json"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (GOOD, '{"attribute": "level", "payload": {"value": 5}}', ("a", "", "")),
        (GOOD, '[{"name": "low", "attribute": "level", "payload": {"value": -5}}]', ("low", "golden.outcome", "")),
        (GOOD, '{"attribute": "levl", "payload": {"value": 5}}', ("a", "golden.form", "level")),
        (GOOD, '{"attribute": "level", "payload": {"value": 5}, "expect": "payload.range"}', ("a", "golden.form", "")),
        (GOOD, '{"attribute": "level"}', ("a", "golden.form", "")),
        (GOOD, '{"attribute": "level", "payload": 1, "raw": "1"}', ("a", "golden.form", "")),
        (GOOD, '{"atribute": "level", "payload": 1}', ("a", "golden.form", "")),
        (BAD, '{"attribute": "level", "payload": {"value": -5}, "expect": "payload.range", "at": "/value"}',
         ("b", "", "")),
        (BAD, '{"attribute": "level", "payload": {"value": -5}, "expect": "payload.range", "at": "/x"}',
         ("b", "golden.outcome", "")),
        (BAD, '{"attribute": "level", "payload": {"value": 5}, "expect": "payload.range"}',
         ("b", "golden.outcome", "")),
        (BAD, '{"attribute": "level", "raw": "{value: 5}", "expect": "payload.json"}', ("b", "", "")),
        (BAD, '{"attribute": "level", "payload": {"value": 5}}', ("b", "golden.form", "")),
        (BAD, '{"attribute": "level", "payload": 5, "expect": "payload.rnge"}', ("b", "golden.form", "payload.range")),
        ("models/filer.v1/valid/a.json", "{}", ("filer.v1", "golden.place", "filler.v1")),
        ("models/filler.v1/vaild/a.json", "{}", ("vaild", "golden.place", "valid")),
    ],
)  # fmt: skip
def test_a_sample(tmp_path: Path, file: str, text: str, expected: tuple[str, str, str]) -> None:
    assert shown(run(tmp_path, {file: text})) == [expected]


def test_a_sample_that_is_no_json_names_its_line(tmp_path: Path) -> None:
    (case,) = run(tmp_path, {GOOD: '{"attribute":\n\n  level}'})
    assert (case.file, case.line) == (GOOD, 3)


TOPIC = "acme/line1/filler/level"


@pytest.mark.parametrize(
    ("text", "expected", "line"),
    [
        (f"- {{topic: {TOPIC}, payload: {{value: 5}}, role: plc, outcome: accepted}}", "", 1),
        (f"- topic: {TOPIC}\n  payload: {{value: 500}}\n  outcome: quarantined\n  finding: payload.range\n  at: /value",
         "", 1),
        (f"- topic: {TOPIC}\n  raw: hello\n  finding: payload.json", "", 1),
        ("- {topic: acme/line2/x, outcome: rejected, finding: topic.undeclared}", "", 1),
        ("- {topic: acme/line2/x, role: plc, finding: access.publish}", "", 1),
        ("- {topic: acme/line2/x, outcome: accepted}", "golden.outcome", 1),
        (f"- topic: {TOPIC}\n  role: plk\n  outcome: accepted", "golden.form", 2),
        (f"- topic: {TOPIC}\n  outcome: acepted", "golden.form", 2),
        (f"- topic: {TOPIC}\n  finding: payload.rnge", "golden.form", 2),
        (f"- topic: {TOPIC}\n  payload: 5", "golden.form", 1),
        ("- topic: acme/#\n  outcome: accepted", "golden.form", 1),
        (f"- topic: {TOPIC}\n  paylod: 5\n  outcome: accepted", "plant.unknown_key", 2),
        ("topic: x", "golden.form", 1),
        ("- topic: [", "plant.yaml", 2),
    ],
)  # fmt: skip
def test_a_case_of_the_whole_plant(tmp_path: Path, text: str, expected: str, line: int) -> None:
    (case,) = run(tmp_path, {"tests/a.yaml": text})
    assert (case.finding.id if case.finding else "", case.line) == (expected, line)

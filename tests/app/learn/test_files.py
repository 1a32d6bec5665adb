"""Proposals as plant files: whatever was learned can be read back, and takes every payload that was seen."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uns.app.edit.entries import add_entries
from uns.app.learn import write_proposals
from uns.app.plant import Plant, PlantFiles, load_files
from uns.errors import UnsError
from uns.policy import decide
from uns.policy.learn import Entry, Learner, learn

NAMESPACE = b"# The plant.\ntree:\n  acme: {ghent: {}}  # one site\nopen: ['acme/#']\n"
FILES = {"namespace.yaml": NAMESPACE, "access.yaml": b"anonymous: {role: admin, from: loopback}\n"}


def plant_of(files: dict[str, bytes]) -> Plant:
    return load_files(PlantFiles(files), Path(), {})


PLANT = plant_of(FILES)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(max_size=8) | st.sampled_from(
    ["run", "stop", "true", "5s", "${HOME}", "2026-11-22T12:00:00Z", "a: b #"]
)
SCALARS = st.booleans() | NUMBERS | WORDS
JSON = st.recursive(
    SCALARS | st.none(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3),
    max_leaves=6,
)
SAMPLES = st.fixed_dictionaries(
    {"value": SCALARS | st.none()},
    optional={"quality": st.sampled_from(["Good", "Bad"]), "timestamp": st.just("2026-11-22T12:00:00Z"), "unit": WORDS},
)
SERIES = st.one_of(
    *(st.lists(each, min_size=1, max_size=30) for each in (NUMBERS, WORDS, SCALARS, SAMPLES, JSON, JSON | SAMPLES))
)
NAMES = st.sampled_from(
    ["line1", "line2", "line3", "filler", "speed", "a b", "Odd.Name", "owner", "x,y", "{z}", "~p", "7"]
)
TOPICS = st.lists(NAMES, min_size=1, max_size=5).map(lambda names: "/".join(["acme", "ghent", *names]))


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(TOPICS, SERIES, min_size=1, max_size=6))
def test_whatever_was_learned_takes_every_payload_that_was_seen(traffic: dict[str, list[Any]]) -> None:
    learner = Learner()
    for topic, series in traffic.items():
        for number, document in enumerate(series):
            learner.observe(topic, json.dumps(document).encode(), number * 1000)
    learned = learn(learner, PLANT.namespace)
    written = write_proposals(learned, PLANT, "a test")
    plant = plant_of(FILES | {name: text.encode() for name, text in written.files.items()})
    assert [problem for problem in plant.problems if problem.severity == "error"] == []
    admission, told = plant.admission(), {each.topic for each in learned.told}
    for topic, series in traffic.items():
        if topic in told:
            continue
        rule = admission.rule(topic)
        assert rule.check is not None, topic
        for document in series:
            assert decide(rule, "admin", json.dumps(document).encode()).finding is None


NEW = (
    Entry(
        "acme",
        members=(Entry("ghent", members=(Entry("line{1..3}", "line@1", "3 lines", (Entry("filler", "filler@1"),)),)),),
    ),
)
LINES = ["line{1..3}:  # 3 lines", "  model: line@1", "  filler: {model: filler@1}"]
EDITS = {
    "block": (
        "tree:\n  acme:\n    ghent:  # site\n      mode: warn\n      # last words\n\nopen: []\n",
        "tree:\n  acme:\n    ghent:  # site\n      mode: warn\n%s\n      # last words\n\nopen: []\n",
        6,
    ),
    "empty": ("tree:\n  acme:\n    ghent:  # site\n", "tree:\n  acme:\n    ghent:  # site\n%s\n", 6),
    "braces": (
        'tree:\n    acme: {ghent: {owner: me, tags: [a, "b, c"]}, bruges: {}}  # Größe\n',
        'tree:\n    acme:  # Größe\n      ghent:\n        owner: me\n        tags: [a, "b, c"]\n%s\n      bruges: {}\n',
        8,
    ),
    "text": (
        "tree:\n  acme:\n    description: |\n      two\n      lines\n    ghent: ~\nopen: []\n",
        "tree:\n  acme:\n    description: |\n      two\n      lines\n    ghent:\n%s\nopen: []\n",
        6,
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_entries_come_into_the_text_and_everything_else_stays(name: str) -> None:
    before, after, indent = EDITS[name]
    assert add_entries(before, NEW) == after % "\n".join(" " * indent + line for line in LINES)


@pytest.mark.parametrize(
    "text",
    [
        "levels: [a]\n",
        "tree:\n  acme: {ghent: {\n    owner: me}}\n",
        "tree:\n  acme: {ghent: &same {}}\n",
        "tree:\n  x: &same {ghent: {}}\n  acme: *same\n",
        "tree:\n  acme: 5\n",
        "tree:\n  acme:\n    ghent:\n      line{1..3}: {model: line@2}\n",
    ],
)
def test_what_cannot_be_edited_is_told(text: str) -> None:
    with pytest.raises(UnsError) as caught:
        add_entries(text, NEW)
    assert caught.value.finding.id == "govern.place"


def test_a_model_that_is_there_is_not_overwritten() -> None:
    learner = Learner()
    learner.observe("acme/ghent/line1/speed", b"1", 0)
    files = FILES | {"models/line.v1.yaml": b"model: line\nversion: 1\nattributes: {}\n"}
    with pytest.raises(UnsError) as caught:
        write_proposals(learn(learner, PLANT.namespace), plant_of(files), "a test")
    assert caught.value.finding.id == "plant.exists"


def test_what_declared_assets_have_beside_their_model_becomes_its_next_version() -> None:
    files = FILES | {
        "namespace.yaml": b"tree:\n  acme:\n    ghent:\n      line{1..3}: {model: line@1}  # three\nopen: ['acme/#']\n",
        "models/line.v1.yaml": b"# Lines.\nmodel: line\nversion: 1\nattributes:\n  speed: {type: number}\n",
    }
    plant = plant_of(files)
    learner = Learner()
    for number in range(1, 4):
        learner.observe(f"acme/ghent/line{number}/weight", b"5", number)
    learner.observe("acme/ghent/line2/lid/open", b"true", 9)
    learner.observe("acme/ghent/line2/pump1/speed", b"5", 9)
    learner.observe("acme/ghent/line2/pump2/speed", b"5", 9)
    written = write_proposals(learn(learner, plant.namespace), plant, "a test")
    after = plant_of(files | {name: text.encode() for name, text in written.files.items()})
    assert after.errors == []
    for topic in ("acme/ghent/line1/weight", "acme/ghent/line2/pump2/speed"):
        rule = after.admission().rule(topic)
        assert rule.check is not None, topic
        assert decide(rule, "admin", b"5").finding is None
    assert "      line{1..3}: {model: line@2}  # three\n" in written.files["namespace.yaml"]
    assert written.files["models/line.v2.yaml"].startswith("# Lines.\nmodel: line\nversion: 2\n")
    assert "weight: low, 3 samples from 3 topics" in written.files["models/line.v2.yaml"]
    assert sorted(change.name for change in written.changes) == [
        "models/line.v2.yaml", "models/pump.v1.yaml", "namespace.yaml",
    ]  # fmt: skip

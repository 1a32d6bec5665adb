"""What is learned from traffic: cases as data, bounds, and that nothing that was seen would be refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.support.calls import calls
from uns.policy import Namespace, parse_namespace
from uns.policy.learn import Entry, Learned, Learner, LearnLimits, learn
from uns.policy.learn.human import duration, widened
from uns.policy.learn.unit_names import unit_of_name
from uns.policy.names import expand
from uns.registry import Model, Registry, parse_model

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases/learned.yaml").read_text())


MIXER = {
    "temperature": {"type": "number", "max": 90, "bare": True},
    "state": {"type": "string", "enum": ["run", "stop"], "max_length": 4, "bare": True},
    "photo": {"type": "object", "schema": {"type": "object"}},
}


def namespace() -> Namespace:
    mixer = parse_model({"model": "mixer", "version": 1, "attributes": MIXER})
    assert isinstance(mixer, Model)
    order = parse_model({"model": "order", "version": 1, "schema": {"type": "object"}})
    assert isinstance(order, Model)
    old = {"mixer": {"model": "mixer@1"}, "stirrer": {"model": "mixer@1"}, "order": {"model": "order@1"}}
    tree = {"acme": {"ghent": {"old": old}}}
    found, findings = parse_namespace({"tree": tree, "open": ["acme/#"]}, Registry([mixer, order]))
    assert findings == []
    assert found is not None
    return found


NAMESPACE = namespace()


def learned(topics: dict[str, list[str]], times: int = 1, move: tuple[str, str] = ("", "")) -> Learned:
    learner = Learner()
    for pattern, payloads in topics.items():
        for topic in expand(pattern):
            for number, payload in enumerate(payloads * times):
                learner.observe(topic, payload.encode(), number * 1000)
    return learn(learner, NAMESPACE, move)


def assets(entries: tuple[Entry, ...], above: str = "") -> Iterator[str]:
    for entry in entries:
        path = f"{above}/{entry.key}" if above else entry.key
        if entry.model:
            yield f"{path}: {entry.model}"
        yield from assets(entry.members, path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_cases(case: dict[str, Any]) -> None:
    found = learned(case["topics"], case.get("times", 1), tuple(case.get("move", ("", ""))))
    models = {model.name: {each.path: each.keys for each in model.attributes} for model in found.models}
    assert models == case.get("models", {})
    assert sorted(assets(found.entries)) == sorted(case.get("entries", []))
    assert {told.topic: told.reason for told in found.told} == case.get("told", {})
    versions = {
        f"{each.ref} after {each.base} of {' '.join(each.assets)}": {one.path: one.keys for one in each.attributes}
        for each in found.versions
    }
    assert versions == case.get("versions", {})
    assert found.declared == case.get("declared", 0)


def test_each_attribute_carries_its_evidence() -> None:
    topics = {"acme/ghent/packing/line{1..12}/level_m": [str(4.8 + number % 40) for number in range(100)]}
    (model,) = learned(topics).models
    (attribute,) = model.attributes
    assert attribute.evidence == (
        "1,200 samples from 12 topics, unit m? (the name may say so), 4.8 … 43.8, bare scalars, 99 % within 1 s"
    )
    assert attribute.confidence == "high"
    assert "unit" not in attribute.keys


def test_the_learner_is_bounded_and_says_what_it_left_out() -> None:
    learner = Learner(LearnLimits(topics=2, payload_bytes=50))
    for number in range(5):
        learner.observe(f"acme/ghent/line{number}/x", b"1", number)
    learner.observe("acme/ghent/line1/x", b'"' + b"x" * 60 + b'"', 9)
    learner.observe("acme/ghent/line1/x", b"", 9)
    learner.observe("$SYS/broker/uptime", b"1", 9)
    learner.observe("spBv1.0/g/DDATA/n/d", b"1", 9)
    assert len(learner.profiles) == 2
    assert learner.left_out == {"messages_on_topics_without_room": 3, "payloads_too_large": 1}
    full = Learner(LearnLimits(total_bytes=3000))
    for number in range(100):
        full.observe("acme/ghent/line1/x", b'"word%d"' % number, number)
    assert full.left_out["messages_without_room_for_words"] > 0
    (model,) = learn(full, NAMESPACE).models
    assert "enum" not in model.attributes[0].keys


def test_what_a_long_array_holds_may_be_anything() -> None:
    learner = Learner()
    for document in ([1] * 300, [1, 2]):
        learner.observe("acme/ghent/line1/x", msgspec.json.encode(document), 0)
    (model,) = learn(learner, NAMESPACE).models
    assert model.attributes[0].keys["schema"] == {"type": "array", "items": {}}


def test_topics_that_nobody_meant_are_told() -> None:
    found = learned({"acme/" + "x/" * 20_000: ["1"], "acme//x": ["1"]})
    assert {told.topic[:8]: told.reason for told in found.told} == {"acme/x/x": "place", "acme//x": "name"}
    assert found.models == ()


def test_a_flood_of_names_with_nothing_in_common_is_no_quadratic_work() -> None:
    def work(count: int) -> int:
        learner = Learner()
        for number in range(count):
            learner.observe(f"acme/ghent/packing/pump{number}/value{number}x", b"1", 0)
        return calls(lambda: learn(learner, NAMESPACE))

    assert work(2000) < 2.5 * work(1000)


def test_many_members_are_a_dictionary() -> None:
    learner = Learner()
    for number in range(40):
        document = {f"name{number * 10 + member}": member for member in range(10)}
        learner.observe("acme/ghent/line1/x", msgspec.json.encode(document), number)
    (model,) = learn(learner, NAMESPACE).models
    schema = model.attributes[0].keys["schema"]
    assert "additionalProperties" not in schema
    assert len(schema["properties"]) == 200


@pytest.mark.parametrize(
    ("low", "high", "limits"),
    [
        (4.8, 61.2, (0, 80)),
        (-4.8, 61.2, (-30, 80)),
        (-61.2, -4.8, (-80, 0)),
        (20.0, 20.0, None),
        (100.1, 100.3, (100, 100.35)),
        (1e300, 1.5e308, None),
        (-1.7e308, 1.7e308, None),
        (1, 10**400, None),
    ],
)
def test_limits_are_widened_to_human_numbers(low: float, high: float, limits: tuple[float, float] | None) -> None:
    assert widened(low, high) == limits


def test_ages_and_units() -> None:
    assert [duration(ms) for ms in (100, 3001, 59_000, 4_000_000, 90_000_000)] == ["1s", "5s", "1m", "2h", None]
    assert [unit_of_name(name) for name in ("temperature_degc", "a/speedRpm", "level_m", "m", "state")] == [
        ("Cel", True),
        ("1/min", True),
        ("m", False),
        ("", False),
        ("", False),
    ]

"""What is late, when, and how often it is told."""

import yaml

from uns.policy import Namespace, parse_namespace
from uns.policy import freshness as module
from uns.policy.freshness import Freshness
from uns.registry import Model, Registry, parse_model

MODEL = """
model: m
version: 1
attributes:
  quick: {type: number, max_age: 5s}
  slow: {type: number, max_age: 1m}
  any: {type: number}
"""


def namespace(*names: str) -> Namespace:
    model = parse_model(yaml.safe_load(MODEL))
    assert isinstance(model, Model)
    tree = {"acme": {name: {"model": "m@1"} for name in names}}
    found, findings = parse_namespace({"tree": tree}, Registry([model]))
    assert found is not None
    assert findings == []
    return found


def test_a_value_is_late_once_it_was_not_heard_for_so_long() -> None:
    heard = {"acme/a/quick": 1000, "acme/a/slow": 1000, "acme/a/any": 1000}
    freshness = Freshness(namespace("a"), 1000)
    assert list(freshness.late(5999, heard.get)) == []
    assert list(freshness.late(6000, heard.get)) == [("acme/a/quick", 6000)]
    assert list(freshness.late(6001, heard.get)) == [], "told once"


def test_what_is_heard_in_time_is_never_late() -> None:
    heard = {"acme/a/quick": 0}
    freshness = Freshness(namespace("a"), 0)
    for now_ms in range(0, 60_000, 1000):
        heard["acme/a/quick"] = now_ms
        assert list(freshness.late(now_ms, heard.get)) == []
    assert list(freshness.late(64_000, heard.get)) == [("acme/a/quick", 64_000)]


def test_what_was_never_heard_is_not_late() -> None:
    freshness = Freshness(namespace("a"), 0)
    assert list(freshness.late(600_000, lambda topic: None)) == []


def test_another_plant_is_followed() -> None:
    heard = {"acme/a/quick": 0, "acme/b/quick": 0}
    freshness = Freshness(namespace("a"), 0)
    freshness.follow(namespace("b"), 1000)
    assert list(freshness.late(10_000, heard.get)) == [("acme/b/quick", 5000)]


def test_many_are_looked_at_in_portions(monkeypatch) -> None:
    monkeypatch.setattr(module, "LOOKED_AT", 3)
    names = [f"n{number}" for number in range(5)]
    heard = {f"acme/{name}/quick": 0 for name in names}
    freshness = Freshness(namespace(*names), 0)
    found = [topic for _ in range(4) for topic, _ in freshness.late(5000, heard.get)]
    assert sorted(found) == sorted(heard)

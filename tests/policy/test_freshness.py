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
    found = [topic for _ in range(6) for topic, _ in freshness.late(5000, heard.get)]
    assert sorted(found) == sorted(heard)


# --- equipment that only a pattern admits ----------------------------------------------------------------------------


class Live:
    """Topics with the time at which each was heard."""

    def __init__(self, **heard: int) -> None:
        self.heard = {f"acme/{name.replace('__', '/')}": heard_ms for name, heard_ms in heard.items()}

    def names_below(self, path: str) -> list[str]:
        below = (topic.removeprefix(f"{path}/").split("/")[0] for topic in self.heard if topic.startswith(f"{path}/"))
        return list(dict.fromkeys(below))


def patterned(now_ms: int = 0) -> Freshness:
    model = parse_model(yaml.safe_load(MODEL))
    assert isinstance(model, Model)
    agv = {"model": "m@1", "arm": {"model": "m@1"}, "~slot[0-9]": {"model": "m@1"}}
    tree = {"acme": {"~agv[0-9]+": agv, "agv0": {}}}
    found, findings = parse_namespace({"tree": tree}, Registry([model]))
    assert found is not None
    assert findings == []
    return Freshness(found, now_ms)


def told(freshness: Freshness, live: Live, now_ms: int) -> list[tuple[str, int]]:
    freshness.find(now_ms, live.names_below, live.heard.get)
    return list(freshness.late(now_ms, live.heard.get))


def test_what_a_pattern_admits_is_late_like_any_other() -> None:
    freshness = patterned()
    live = Live(agv7__quick=1000, agv7__arm__quick=2000, agv7__slot1__slow=0, agv0__quick=0, crane1__quick=0)
    assert told(freshness, live, 5999) == []
    assert told(freshness, live, 6000) == [("acme/agv7/quick", 6000)]
    assert told(freshness, live, 7000) == [("acme/agv7/arm/quick", 7000)]
    live.heard = {"acme/agv7/slot1/slow": 0}
    assert told(freshness, live, 60_000) == [("acme/agv7/slot1/slow", 60_000)]


def test_a_name_that_comes_later_is_found_within_a_second() -> None:
    freshness, live = patterned(), Live()
    assert told(freshness, live, 0) == []
    live.heard["acme/agv12/quick"] = 100
    freshness.find(999, live.names_below, live.heard.get)
    assert list(freshness.late(5100, live.heard.get)) == []
    assert told(freshness, live, 5100) == [("acme/agv12/quick", 5100)]


def test_what_has_gone_is_dropped_and_found_again() -> None:
    freshness, live = patterned(), Live(agv7__quick=0)
    assert told(freshness, live, 0) == []
    heard = live.heard.pop("acme/agv7/quick")
    assert told(freshness, live, 5000) == []
    assert freshness._max_age_ms == {}
    live.heard["acme/agv7/quick"] = heard + 6000
    assert told(freshness, live, 11_000) == [("acme/agv7/quick", 11_000)]


def test_patterns_are_looked_at_in_portions_and_to_a_bound(monkeypatch) -> None:
    monkeypatch.setattr(module, "FOUND_AT_ONCE", 4)
    monkeypatch.setattr(module, "WATCHED", 3)
    freshness, live = patterned(), Live(**{f"agv{number}__quick": 0 for number in range(1, 6)})
    found: list[str] = []
    for now_ms in range(5000, 5040):
        found += [topic for topic, _ in told(freshness, live, now_ms)]
    assert found == [f"acme/agv{number}/quick" for number in (1, 2, 3)]
    assert freshness.unwatched == 2


def test_another_plant_ends_the_look() -> None:
    freshness, live = patterned(), Live(agv7__quick=0)
    assert told(freshness, live, 0) == []
    freshness.follow(namespace("a"), 1000)
    assert told(freshness, live, 60_000) == []

"""Which sources stop and start when other plant files take over."""

from typing import Any

import msgspec
import pytest

from uns.app.govern.switch import source_changes
from uns.edge.deadband import Deadband
from uns.edge.spec import PointRules, SourceSpec, parse_source

DOCUMENT: dict[str, Any] = {
    "source": "line1",
    "adapter": "opcua",
    "edge": "acme:ghent/line1",
    "endpoint": "opc.tcp://127.0.0.1:4840",
    "devices": {"filler": {"temperature": {"node": "ns=2;s=t"}, "state": {"node": "ns=2;s=s"}}},
}


def read(**changes: Any) -> SourceSpec:
    source = parse_source(DOCUMENT | changes)
    assert isinstance(source, SourceSpec), source
    return source


def changes(before: list[SourceSpec], after: list[SourceSpec]) -> list[tuple[str, str, str]]:
    return [(change.name, change.kind, change.why) for change in source_changes(before, after)]


def test_the_same_file_read_again_changes_nothing() -> None:
    assert changes([read()], [read()]) == []


@pytest.mark.parametrize(
    "edit",
    [
        {"endpoint": "opc.tcp://127.0.0.1:4841"},
        {"edge": "acme:ghent/other"},
        {"security": "Sign"},
        {"devices": {"filler": {"temperature": {"node": "ns=2;s=other"}, "state": {"node": "ns=2;s=s"}}}},
        {"devices": {"filler": {"temperature": {"node": "ns=2;s=t"}}}},
    ],
)
def test_another_file_starts_it_anew(edit: dict[str, Any]) -> None:
    assert changes([read()], [read(**edit)]) == [("line1", "changed", "its file")]


def test_rules_of_a_model_start_it_anew() -> None:
    source = read()
    rules = dict.fromkeys(source.rules, PointRules(deadband=Deadband(0.5)))
    after = msgspec.structs.replace(source, rules=rules)
    assert changes([read()], [after]) == [("line1", "changed", "the rules of its models")]


def test_one_comes_and_one_goes() -> None:
    assert changes([read()], [read(source="line2", edge="acme:ghent/line2")]) == [
        ("line1", "removed", ""),
        ("line2", "added", ""),
    ]

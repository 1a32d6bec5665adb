"""What an alias stands for, and which entries of `aliases` are none."""

from datetime import date
from typing import Any

import pytest

from uns.errors import Finding
from uns.policy import parse_namespace
from uns.policy.alias import PathAlias, PathAliases
from uns.policy.alias_file import alias_document
from uns.policy.namespace import Namespace
from uns.registry import Registry

TREE = {"acme": {"ghent": {"packaging": {}, "filling": {}}}}


def read(*entries: Any) -> tuple[Namespace, list[Finding]]:
    document = {"tree": TREE, "aliases": list(entries)}
    namespace, findings = parse_namespace(document, Registry([]))
    assert namespace is not None
    return namespace, findings


@pytest.mark.parametrize(
    ("asked", "translated"),
    [
        ("a/old/#", "a/new/#"),
        ("a/old", "a/new"),
        ("a/old/x/+", "a/new/x/+"),
        ("a/+/x", "a/new/x"),
        ("+/+/#", "a/new/#"),
        ("a/#", "a/new/#"),
        ("#", "a/new/#"),
        ("$share/g/a/old/x", "a/new/x"),
        ("a/older/#", None),
        ("a", None),
        ("b/#", None),
    ],
)
def test_a_filter_on_the_old_path_is_one_on_the_new(asked: str, translated: str | None) -> None:
    assert PathAlias("a/old", "a/new").translated(asked) == translated


def test_the_longest_alias_counts() -> None:
    outer, inner = PathAlias("a/b", "x"), PathAlias("a/b/c", "y")
    aliases = PathAliases([outer, inner])
    assert [aliases.of(topic) for topic in ("a/b/d", "a/b/c/d", "a/b", "a/bc", "")] == [outer, inner, outer, None, None]
    assert aliases.onto("y/d") == (inner,)


def test_it_lasts_to_the_end_of_its_day() -> None:
    alias = PathAlias("a", "b", date(1970, 1, 1))
    assert (alias.in_force(86_399_999), alias.in_force(86_400_000)) == (True, False)
    assert PathAlias("a", "b").in_force(1 << 60)


def test_it_is_read_as_it_is_written() -> None:
    entry = {"from": "acme/ghent/packging", "to": "acme/ghent/packaging", "until": "2027-03-31", "why": "a typo"}
    namespace, findings = read(entry)
    assert findings == []
    assert [alias_document(alias) for alias in namespace.aliases] == [entry]


GOOD = {"from": "acme/ghent/packging", "to": "acme/ghent/packaging"}


@pytest.mark.parametrize(
    ("entries", "finding", "where"),
    [
        ([{"from": "acme/x"}], "plant.missing_key", "/aliases/0"),
        ([{**GOOD, "untill": "2027-03-31"}], "plant.unknown_key", "/aliases/0/untill"),
        (["acme/x"], "plant.type", "/aliases/0"),
        ([{**GOOD, "until": "soon"}], "namespace.alias", "/aliases/0/until"),
        ([{**GOOD, "from": "acme/#"}], "namespace.alias", "/aliases/0/from"),
        ([{**GOOD, "from": "$SYS/x"}], "namespace.alias", "/aliases/0/from"),
        ([{**GOOD, "from": "acme/ghent/filling"}], "namespace.alias", "/aliases/0/from"),
        ([{**GOOD, "to": "acme/ghent/packagin"}], "namespace.alias", "/aliases/0/to"),
        ([{**GOOD, "to": "acme/ghent/packging/x"}], "namespace.alias", "/aliases/0/to"),
        ([GOOD, {**GOOD, "to": "acme/ghent/filling"}], "namespace.alias", "/aliases/1/from"),
    ],
)
def test_what_is_no_alias(entries: list[Any], finding: str, where: str) -> None:
    _, findings = read(*entries)
    assert [(each.id, each.where) for each in findings] == [(finding, where)]


def test_what_was_meant_is_named() -> None:
    _, (finding,) = read({**GOOD, "to": "acme/ghent/packagin"})
    assert finding.nearest == "acme/ghent/packaging"

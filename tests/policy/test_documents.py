"""namespace.yaml and access.yaml, right and wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.policy.plants import registry
from uns.policy import parse_access, parse_namespace
from uns.policy.access import Anonymous, Origin, User
from uns.policy.tree_rules import MAX_DEPTH
from uns.registry import Registry

CASES = yaml.safe_load((Path(__file__).parent / "cases/documents.yaml").read_text())
REGISTRY = registry()


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case)[:100])
def test_every_fault_is_named_with_its_place(case: dict[str, Any]) -> None:
    if "namespace" in case:
        _, findings = parse_namespace(case["namespace"], REGISTRY)
    else:
        _, findings = parse_access(case["access"])
    expected = [(*entry, "")[:3] for entry in case["findings"]]
    assert [(finding.id, finding.where, finding.nearest) for finding in findings] == expected


def test_a_tree_deeper_than_the_limit_is_cut() -> None:
    tree: dict[str, Any] = {}
    for _ in range(MAX_DEPTH + 1):
        tree = {"a": tree}
    namespace, findings = parse_namespace({"tree": tree}, Registry())
    assert namespace is not None
    assert [finding.id for finding in findings] == ["namespace.depth"]
    assert len(list(namespace.nodes())) == MAX_DEPTH


def test_what_was_good_is_kept_beside_findings() -> None:
    namespace, findings = parse_namespace({"tree": {"acme": {"ghent": {}, "modle": "x"}}}, Registry())
    assert namespace is not None
    assert findings
    assert [node.path for node in namespace.nodes()] == ["acme", "acme/ghent"]


def test_access_keeps_users_and_the_anonymous_role() -> None:
    access, findings = parse_access(
        {"users": [{"user": "ann", "role": "admin", "password_file": "ann"}], "anonymous": {"role": "admin"}}
    )
    assert findings == []
    assert access.users == {"ann": User("ann", "admin", password_file="ann")}
    assert access.anonymous == Anonymous("admin", Origin.LOOPBACK)


@pytest.mark.parametrize(
    ("role", "may"), [("admin", True), ("steward", True), ("viewer", False), ("internal", False), ("nobody", False)]
)
def test_who_may_govern(role: str, may: bool) -> None:
    access, _ = parse_access({"roles": {"steward": {"govern": True}, "viewer": {}}})
    refused = access.may_govern(role)
    assert (refused is None) == may
    assert refused is None or str(refused).startswith(
        f"access.govern: role '{role}' may not govern (these may: admin, steward)."
    )


def test_without_rules_only_the_built_in_roles_may_do_anything() -> None:
    access, _ = parse_access({})
    assert access.publishers("acme/x") == {"internal", "admin"}
    assert access.anonymous is None

"""Rows of assets: what they declare, what is wrong with them, and back to rows without loss."""

from hypothesis import given
from hypothesis import strategies as st

from tests.policy.plants import registry
from uns.policy import Namespace, parse_namespace
from uns.policy.assets import AssetTable, join_cell, row_of, split_cell
from uns.policy.verdict import Mode

REGISTRY = registry()
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


def read(*rows: dict[str, str], tree: object = None) -> tuple[Namespace, list[tuple[str, str, str]]]:
    table = AssetTable("assets/a.csv", list(rows))
    namespace, findings = parse_namespace({"tree": tree or {"acme": {"line1": {}}}}, REGISTRY, [table])
    assert findings == []
    assert namespace is not None
    return namespace, [(finding.id, finding.where, finding.nearest) for finding in table.findings]


def test_rows_join_the_tree_in_any_order() -> None:
    namespace, findings = read(
        {"path": "acme/line2/filler", "model": "filler@2", "tags": "hot|wet"},
        {"path": "acme/line2", "owner": "ann", "mode": "warn", "classification": "internal"},
    )
    assert findings == []
    described = namespace.describe("acme/line2/filler/temperature")
    assert (described.owner, described.mode, described.tags) == ("ann", Mode.WARN, ("hot", "wet"))
    assert described.classification == ("internal",)
    assert namespace.locate("acme/line2/filler")[0].file == "assets/a.csv"


def test_every_fault_is_placed_at_its_cell() -> None:
    _, findings = read(
        {"path": "acme/line1"},
        {"path": "acme/lin1/filler"},
        {"path": "acme/line1/filler", "model": "fillr@2"},
        {"path": "acme/line1/filler"},
        {"path": "acme/line1/capper", "mode": "warm"},
        {"path": "acme/line1/Capper"},
        {"path": "acme/line1/{a,b}"},
        {"path": ""},
    )
    assert sorted(findings, key=lambda finding: finding[1]) == [
        ("namespace.twice", "/0/path", ""),
        ("namespace.parent", "/1/path", "acme/line1"),
        ("namespace.model", "/2/model", "filler@2"),
        ("namespace.twice", "/3/path", ""),
        ("namespace.mode", "/4/mode", "warn"),
        ("namespace.name", "/5/path", ""),
        ("namespace.name", "/6/path", ""),
        ("namespace.name", "/7/path", ""),
    ]


def test_an_asset_cannot_take_the_name_of_an_attribute() -> None:
    _, findings = read({"path": "acme/line1/filler", "model": "filler@2"}, {"path": "acme/line1/filler/temperature"})
    assert findings == [("namespace.collision", "/1/path", "")]


@given(st.lists(TEXT.filter(bool)))
def test_several_texts_fit_one_cell(texts: list[str]) -> None:
    assert split_cell(join_cell(texts)) == tuple(texts)


@given(owner=TEXT, description=TEXT, classification=st.lists(TEXT.filter(bool)), tags=st.lists(TEXT.filter(bool)),
       mode=st.sampled_from(["", *Mode]), model=st.sampled_from(["", "filler@2"]))  # fmt: skip
def test_a_node_and_its_row_say_the_same(
    owner: str, description: str, classification: list[str], tags: list[str], mode: str, model: str
) -> None:
    row = {"path": "acme/x", "model": model, "owner": owner, "description": description,
           "classification": join_cell(classification), "mode": mode, "tags": join_cell(tags)}  # fmt: skip
    namespace, findings = read(row)
    assert findings == []
    assert row_of(namespace.locate("acme/x")[0]) == row

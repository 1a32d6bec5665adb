"""The compiled payload checks: table of payload → finding, and agreement with the JSON Schema."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from uns.registry import Attribute, AttributeType, Model, Registry, compile_check, parse_model

CASES = yaml.safe_load((Path(__file__).parent / "cases/payloads.yaml").read_text())
ROWS = [(case["attribute"], row) for case in CASES for row in case["payloads"]]
GOOD = b'{"value":21.4,"quality":"Good","timestamp":"2026-11-22T12:00:00.123Z"}'


def attribute(**document: Any) -> Attribute:
    model = parse_model({"model": "asset", "version": 1, "attributes": {"value": document}})
    assert isinstance(model, Model), model
    return model.attributes["value"]


@pytest.mark.parametrize(("document", "row"), ROWS, ids=[f"{row[1]}-{row[0][:60]}" for _, row in ROWS])
def test_payload(document: dict[str, Any], row: list[str]) -> None:
    payload, expected, where = (*row, "")[:3]
    finding = compile_check(attribute(**document))(payload.encode())
    if expected == "ok":
        assert finding is None
    else:
        assert finding is not None
        assert (finding.id, finding.where) == (expected, where)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"value":"\xff","quality":"Good","timestamp":"2026-11-22T12:00:00Z"}', "payload.encoding"),
        (b"\xff\xfe\x00", "payload.json"),
        (b"\xef\xbb\xbf1", "payload.json"),
        (b"[" * 100_000 + b"]" * 100_000, "payload.json"),
        (b'{"value":' + b"[" * 100_000, "payload.json"),
        (b'{"value":' + b"9" * 100_000 + b"}", "payload.range"),
    ],
)
@pytest.mark.parametrize("document", [{"type": "string"}, {"schema": {"type": "object"}}])
def test_hostile_bytes_get_a_finding(document: dict[str, Any], payload: bytes, expected: str) -> None:
    finding = compile_check(attribute(**document))(payload)
    assert finding is not None
    assert finding.id == expected
    assert len(str(finding)) < 1000


def test_the_finding_says_expected_and_actual_with_the_unit() -> None:
    check = compile_check(attribute(type="number", unit="Cel", min=-10, max=120))
    finding = check(GOOD.replace(b"21.4", b"150"))
    assert finding is not None
    assert finding.what == "'value' is 150 Cel, above its maximum of 120 Cel."
    assert finding.hint.startswith("Send a value between -10 and 120 Cel")
    finding = check(GOOD.replace(b"21.4", b'"hot"'))
    assert finding is not None
    assert finding.what == "'value' expects a number in Cel, found the string 'hot'."


def test_a_near_word_is_suggested() -> None:
    check = compile_check(attribute(type="string", enum=["stopped", "execute"]))
    finding = check(GOOD.replace(b"21.4", b'"exekute"'))
    assert finding is not None
    assert finding.nearest == "execute"
    finding = check(GOOD.replace(b'"value"', b'"vaule"'))
    assert finding is not None
    assert finding.nearest == "value"


scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=4)
values = scalars | st.sampled_from(["a", "2026-11-22T12:00:00Z"]) | st.lists(scalars, max_size=2)
samples = st.fixed_dictionaries(
    {},
    optional={
        "value": values,
        "quality": st.sampled_from(["Good", "Uncertain", "Bad", "GoodNoData", "good", None]),
        "timestamp": st.sampled_from(["2026-11-22T12:00:00Z", "2026-11-22T12:00:00.5Z", "2026-11-22", "", None]),
        "extra": scalars,
    },
)
ATTRIBUTES = [
    Attribute(path="a", type=AttributeType.NUMBER, min=-1, max=100.5),
    Attribute(path="a", type=AttributeType.NUMBER, enum=(0.5, 1)),
    Attribute(path="a", type=AttributeType.INTEGER),
    Attribute(path="a", type=AttributeType.INTEGER, min=0, max=2**64 - 1, bare=True),
    Attribute(path="a", type=AttributeType.BOOLEAN, bare=True),
    Attribute(path="a", type=AttributeType.STRING, max_length=2),
    Attribute(path="a", type=AttributeType.STRING, enum=("a", "b"), bare=True),
    Attribute(path="a", type=AttributeType.DATETIME, bare=True),
]


def test_a_uint64_under_a_plain_integer_is_told_how_to_be_one() -> None:
    finding = compile_check(attribute(type="integer"))(b'{"value":9223372036854775808}')
    assert finding is not None
    assert "max: 18446744073709551615" in finding.hint
    wide = attribute(type="integer", max=2**64 - 1)
    assert compile_check(wide)(b'{"value":18446744073709551615}') is None


@pytest.mark.parametrize("contract", ATTRIBUTES, ids=str)
@given(document=samples | values)
def test_check_and_schema_agree(contract: Attribute, document: Any) -> None:
    """The published JSON Schema and the door accept the same payloads, but for 5.0: no integer at the door."""
    schema = jsonschema_rs.Draft202012Validator(Registry().json_schema(contract), validate_formats=True)
    value = document.get("value") if isinstance(document, dict) else document
    if contract.type is AttributeType.INTEGER and isinstance(value, float):
        return
    payload = msgspec.json.encode(document)  # which has no infinity, but null
    accepted = compile_check(contract)(payload) is None
    assert accepted == schema.is_valid(msgspec.json.decode(payload))

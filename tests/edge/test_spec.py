"""Source files: what they mean, and what is wrong with them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters._template import TemplateAdapter
from adapters.modbus import ModbusAdapter
from adapters.opcua import OpcUaAdapter
from tests.edge.sources import document, parsed
from uns.adapter import Adapter
from uns.edge.report import Deadband
from uns.edge.spec import parse_source
from uns.samples import DataType

ADAPTERS = Path(__file__).parents[2] / "adapters"


def metric(**keys: Any) -> dict[str, Any]:
    return document(devices={"filler": {"speed/setpoint": {"node": "ns=2;s=t", **keys}}})


def test_platform_keys_are_read_and_the_others_passed_on() -> None:
    spec = parsed(metric(deadband="2%", writable=True, type="float32") | {"publishing_interval": "1s"})
    assert (spec.name, spec.adapter, spec.group, spec.node) == ("line1", "opcua", "acme:ghent:packaging", "line1")
    assert spec.edge == "acme:ghent:packaging/line1"
    assert spec.options == {"publishing_interval": "1s"}
    (point,) = spec.points
    assert (point.device, point.name, point.datatype) == ("filler", "speed/setpoint", DataType.FLOAT)
    assert point.address == {"node": "ns=2;s=t", "type": "float32"}
    assert point.where("node") == "/devices/filler/speed~1setpoint/node"
    assert spec.rules[point].deadband == Deadband(percent=2)
    assert spec.rules[point].writable
    assert spec.config.points == spec.points


def test_what_is_not_stated_is_left_to_the_model() -> None:
    spec = parsed(document())
    rules = spec.rules[spec.points[0]]
    assert (rules.deadband, rules.writable, rules.refresh_ms) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "datatype"),
    [
        ("bool", DataType.BOOLEAN),
        ("uint64", DataType.UINT64),
        ("Double", DataType.DOUBLE),
        ("string(8)", DataType.STRING),
    ],
)
def test_types_have_the_names_of_the_field(name: str, datatype: DataType) -> None:
    assert parsed(metric(type=name)).points[0].datatype is datatype


@pytest.mark.parametrize(
    ("source", "id_", "where", "near"),
    [
        (["source"], "source.wrong_value", "", ""),
        ({key: value for key, value in document().items() if key != "edge"}, "source.missing_key", "", ""),
        (document(source="line 1"), "source.bad_name", "/source", ""),
        (document(edge="acme"), "source.bad_edge", "/edge", ""),
        (document(edge="acme/a/b"), "source.bad_edge", "/edge", ""),
        (document(edge="acme/a+b"), "source.bad_edge", "/edge", ""),
        (document(edge="/line1"), "source.bad_edge", "/edge", ""),
        (document(devices={}), "source.empty", "/devices", ""),
        (document(devices=["filler"]), "source.wrong_value", "/devices", ""),
        (document(devices={"filler": 3}), "source.wrong_value", "/devices/filler", ""),
        (document(devices={"filler": {"t": "ns=2;s=t"}}), "source.wrong_value", "/devices/filler/t", ""),
        (document(devices={"a/b": {"t": {}}}), "source.bad_device", "/devices/a~1b", ""),
        (document(devices={"a": {"t": {}, "T": {}}}), "source.duplicate_metric", "/devices/a/T", ""),
        (document(devices={"a": {"t": {}}, "A": {"t": {}}}), "source.duplicate_device", "/devices/A", ""),
        (document(devices={"a": {"x//y": {}}}), "source.bad_metric", "/devices/a/x~1~1y", ""),
        (document(devices={"a": {"x+y": {}}}), "source.bad_metric", "/devices/a/x+y", ""),
        (
            document(devices={"a": {"Node Control/Reboot": {}}}),
            "source.bad_metric",
            "/devices/a/Node Control~1Reboot",
            "",
        ),
        (metric(deadband="much"), "source.bad_deadband", "/devices/filler/speed~1setpoint/deadband", ""),
        (metric(deadband=-1), "source.bad_deadband", "/devices/filler/speed~1setpoint/deadband", ""),
        (metric(deadband=True), "source.bad_deadband", "/devices/filler/speed~1setpoint/deadband", ""),
        (metric(writable="perhaps"), "source.wrong_value", "/devices/filler/speed~1setpoint/writable", ""),
        (metric(type="flaot32"), "source.bad_type", "/devices/filler/speed~1setpoint/type", "float32"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(source: Any, id_: str, where: str, near: str) -> None:
    findings = parse_source(source)
    assert isinstance(findings, list)
    assert [(finding.id, finding.where, finding.nearest) for finding in findings] == [(id_, where, near)]
    assert findings[0].hint


def test_a_misspelt_key_is_found_when_one_is_missing() -> None:
    source = document(devcies=document()["devices"])
    del source["devices"]
    findings = parse_source(source)
    assert isinstance(findings, list)
    assert findings[0].id == "source.missing_key"
    assert "Rename 'devcies' to 'devices'" in findings[0].hint


def test_everything_wrong_is_told_at_once() -> None:
    findings = parse_source(document(source="", edge="x", devices={"a": {"t": {"deadband": "x"}}}))
    assert isinstance(findings, list)
    assert {finding.where for finding in findings} == {"/source", "/edge", "/devices/a/t/deadband"}


@pytest.mark.parametrize(
    ("folder", "adapter"), [("modbus", ModbusAdapter), ("opcua", OpcUaAdapter), ("_template", TemplateAdapter)]
)
def test_the_samples_of_the_adapters_are_right(folder: str, adapter: type[Adapter]) -> None:
    document = yaml.safe_load((ADAPTERS / folder / "sample.yaml").read_text())
    spec = parsed(interpolated(document))
    assert adapter(spec.config).check() == []


def interpolated(value: Any) -> Any:
    """`${NAME:-default}` to its default in every scalar, as the plant loader does where the variable is not set."""
    if isinstance(value, dict):
        return {key: interpolated(item) for key, item in value.items()}
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) if isinstance(value, str) else value

"""Templates with parameters, DataSets, properties: what the encoder writes, and what it refuses to."""

import pytest

from uns.errors import UnsError
from uns.sparkplug.datatypes import SparkplugType as T
from uns.sparkplug.descriptor import WirePayload
from uns.sparkplug.encode import encode
from uns.sparkplug.payload import DataSet, Metric, Parameter, Payload, Property, Template

BASIC = list(range(T.INT8, T.UUID + 1))
NOT_BASIC = [T.UNKNOWN, T.DATASET, T.BYTES, T.TEMPLATE, T.PROPERTY_SET, T.INT8_ARRAY, 99]


def written(metric: Metric):
    [wire] = WirePayload.FromString(encode(Payload(None, [metric], 0))).metrics
    return wire


def refused(metric: Metric) -> str:
    with pytest.raises(UnsError) as error:
        encode(Payload(None, [metric], 0))
    assert error.value.finding.id == "sparkplug.datatype"
    return error.value.finding.what


def table(columns: list[str], types: list[int], rows: list[list[object]]) -> Metric:
    return Metric("table", None, T.DATASET, DataSet(columns, types, rows))


@pytest.mark.assertion(
    "payloads-dataset-column-size",
    "payloads-dataset-column-num-headers",
    "payloads-dataset-types-def",
    "payloads-dataset-types-num",
    "payloads-dataset-types-type",
    "payloads-dataset-parameter-type-req",
    "payloads-template-dataset-value",
)
def test_a_dataset_has_as_many_types_as_columns_and_cells_of_these_types():
    dataset = written(table(["a", "b", "c"], [T.INT8, T.STRING, T.DOUBLE], [[-1, "x", 2.5]])).dataset_value
    assert (dataset.num_of_columns, list(dataset.columns), list(dataset.types)) == (3, ["a", "b", "c"], [2 - 1, 12, 10])
    [row] = dataset.rows
    assert [cell.WhichOneof("value") for cell in row.elements] == ["int_value", "string_value", "double_value"]
    assert "have 1 types" in refused(table(["a", "b"], [T.INT8], []))
    assert refused(table(["a"], [T.INT8], [[1, 2]]))
    assert refused(table(["a"], [T.INT8], [["x"]]))


@pytest.mark.assertion("payloads-dataset-types-value")
@pytest.mark.parametrize("datatype", NOT_BASIC)
def test_a_column_has_a_basic_type(datatype):
    assert "basic type" in refused(table(["a"], [datatype], []))


@pytest.mark.assertion(
    "payloads-metric-propertyvalue-type-type",
    "payloads-metric-propertyvalue-type-value",
    "payloads-metric-propertyvalue-type-req",
)
def test_a_property_has_a_basic_type_or_is_a_set():
    properties = {
        "low": Property(T.INT32, -5),
        "text": Property(T.STRING, "x"),
        "none": Property(T.DOUBLE, None),
        "set": Property(T.PROPERTY_SET, {"inner": Property(T.BOOLEAN, True)}),
    }
    wire = written(Metric("x", None, T.INT8, 1, properties=properties)).properties
    assert [value.type for value in wire.values] == [T.INT32, T.STRING, T.DOUBLE, T.PROPERTY_SET]
    assert all(value.HasField("type") for value in wire.values)
    for datatype in (T.BYTES, T.DATASET, T.INT8_ARRAY):
        assert refused(Metric("x", None, T.INT8, 1, properties={"p": Property(datatype, b"")}))


PARAMETERS = [Parameter("maker", T.STRING, "acme"), Parameter("poles", T.INT32, 4), Parameter("spare", T.DOUBLE, None)]


@pytest.mark.assertion(
    "payloads-template-definition-parameters",
    "payloads-template-definition-parameters-default",
    "payloads-template-instance-parameters",
    "payloads-template-parameter-name-required",
    "payloads-template-parameter-name-type",
    "payloads-template-parameter-value-type",
    "payloads-template-parameter-type-value",
    "payloads-template-parameter-type-req",
    "payloads-template-parameter-value",
)
def test_parameters_have_a_name_a_basic_type_and_a_value_or_none():
    definition = Template([], PARAMETERS, is_definition=True)
    instance = Template([], PARAMETERS[:2], ref="motor")
    for template, count in ((definition, 3), (instance, 2)):
        wires = written(Metric("m", None, T.TEMPLATE, template)).template_value.parameters
        assert [(wire.name, wire.type) for wire in wires] == [(each.name, each.type) for each in PARAMETERS[:count]]
        assert all(wire.type in BASIC for wire in wires)
        assert [wire.WhichOneof("value") for wire in wires] == ["string_value", "int_value", None][:count]
    for datatype in (T.BYTES, T.DATASET, T.TEMPLATE):
        assert refused(Metric("m", None, T.TEMPLATE, Template([], [Parameter("p", datatype, b"")], ref="x")))


def test_a_definition_with_a_ref_and_an_instance_without_are_refused():
    for template in (Template([], ref="x", is_definition=True), Template([])):
        assert "template_ref" in refused(Metric("m", None, T.TEMPLATE, template))

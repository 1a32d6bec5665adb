"""What births and data carry: names, aliases, datatypes, values."""

import pytest

from tests.assertions.story import DEVICE, OTHER, Story
from uns.samples import DataType
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.descriptor import WirePayload
from uns.sparkplug.quality import QUALITY_PROPERTY


def births(story: Story, device: str):
    return [sent for sent in story.of("DBIRTH") if sent.topic.device == device]


@pytest.mark.assertion(
    "topics-dbirth-metric-reqs",
    "topics-dbirth-metrics",
    "operational-behavior-data-publish-dbirth",
    "topics-nbirth-metric-reqs",
    "topics-nbirth-metrics",
    "operational-behavior-data-publish-nbirth",
    "payloads-metric-datatype-req",
    "payloads-name-requirement",
)
def test_births_list_every_metric_with_name_datatype_and_value(story: Story):
    for device, name, datatype in ((DEVICE, "count", DataType.INT64), (OTHER, "torque", DataType.DOUBLE)):
        for birth in births(story, device):
            assert [(metric.name, metric.datatype) for metric in birth.payload.metrics] == [(name, datatype)]
    for birth in story.of("NBIRTH"):
        assert {metric.name for metric in birth.payload.metrics} == {"bdSeq", "Node Control/Rebirth"}
        assert all(metric.datatype for metric in birth.payload.metrics)
    told = {metric.alias for sent in story.of("DDATA") for metric in sent.payload.metrics}
    announced = {metric.alias for sent in story.of("DBIRTH") for metric in sent.payload.metrics}
    assert told <= announced


@pytest.mark.assertion(
    "operational-behavior-data-publish-nbirth-values", "operational-behavior-data-publish-dbirth-values"
)
def test_a_birth_has_the_value_or_says_that_there_is_none(story: Story):
    wires = [metric for sent in story.of("NBIRTH", "DBIRTH") for metric in _wire(sent.publish.payload)]
    assert {metric.is_null for metric in wires} == {True, False}
    for metric in wires:
        assert metric.is_null is (metric.WhichOneof("value") is None)
    last = births(story, DEVICE)[-2].payload.metrics[0]
    assert last.value == 303  # the value of the end of the first session


@pytest.mark.assertion(
    "payloads-alias-uniqueness",
    "payloads-alias-birth-requirement",
    "payloads-alias-data-cmd-requirement",
    "payloads-metric-datatype-not-req",
)
def test_births_bind_aliases_and_data_use_them_alone(story: Story):
    names: dict[int, tuple[str, str]] = {}
    for sent in story.first:
        if sent.kind.value == "NBIRTH":
            names.clear()
        for metric in sent.payload.metrics:
            if sent.kind.value == "DBIRTH":
                assert metric.name is not None
                assert metric.alias is not None
                owner = (sent.topic.device, metric.name)
                assert names.setdefault(metric.alias, owner) == owner
            elif sent.kind.value == "DDATA":
                assert (metric.name, metric.datatype) == (None, None)
                assert metric.alias is not None
                assert names[metric.alias][0] == sent.topic.device


@pytest.mark.assertion(
    "topics-ddata-payload",
    "operational-behavior-data-publish-dbirth-change",
    "principles-rbe-recommended",
)
def test_data_are_the_changes_and_nothing_else(story: Story):
    values = [
        metric.value
        for sent in story.first
        if sent.kind.value == "DDATA" and sent.topic.device == DEVICE
        for metric in sent.payload.metrics
    ]
    assert values == sorted(set(values))
    assert values[-1] == 303


@pytest.mark.assertion("operational-behavior-data-publish-dbirth-order")
def test_live_metrics_stand_in_the_order_of_their_times(story: Story):
    times: dict[str, int] = {}
    for sent in story.first:
        if sent.kind.value == "DDATA":
            for metric in sent.payload.metrics:
                assert metric.timestamp_ms is not None
                assert metric.timestamp_ms >= times.get(sent.topic.device, 0)
                times[sent.topic.device] = metric.timestamp_ms


@pytest.mark.assertion(
    "payloads-metric-datatype-value-type",
    "payloads-metric-datatype-value",
    "message-flow-edge-node-birth-publish-nbirth-payload",
    "message-flow-device-birth-publish-dbirth-payload",
)
def test_payloads_are_protobuf_with_datatypes_of_the_table(story: Story):
    for sent in story.of("NBIRTH", "DBIRTH"):
        for metric in _wire(sent.publish.payload):
            assert metric.datatype in set(SparkplugType) - {0}


@pytest.mark.assertion(
    "payloads-propertyset-quality-value-type",
    "payloads-propertyset-quality-value-value",
    "payloads-propertyset-keys-array-size",
    "payloads-propertyset-values-array-size",
)
def test_a_bad_quality_is_told_as_a_property(story: Story):
    told = [
        metric.properties
        for sent in story.of("DDATA")
        if sent.topic.device == OTHER
        for metric in _wire(sent.publish.payload)
    ]
    assert len(told) == 1
    [properties] = told
    assert list(properties.keys) == [QUALITY_PROPERTY]
    [value] = properties.values
    assert (value.type, value.WhichOneof("value"), value.int_value) == (SparkplugType.INT32, "int_value", 0)


@pytest.mark.assertion(
    "intro-edge-node-id-uniqueness",
    "topic-structure-namespace-unique-edge-node-descriptor",
    "payloads-nbirth-edge-node-descriptor",
)
def test_one_client_speaks_for_one_node(story: Story):
    assert {connect.client_id for connect in story.capture.connects} == {"edge-line1"}
    assert len({(sent.topic.group, sent.topic.node) for sent in story.of()}) == 1


def _wire(payload: bytes):
    return WirePayload.FromString(payload).metrics

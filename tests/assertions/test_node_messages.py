"""What an edge node says of itself, of templates, and of names: the messages of the pure machine."""

import pytest

from tests.support.clock import FakeClock
from uns.edge.spec import parse_source
from uns.errors import UnsError
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.declared import Membership
from uns.sparkplug.descriptor import WirePayload
from uns.sparkplug.edge import EdgeNode
from uns.sparkplug.topic import id_fault

NOW = FakeClock().wall_ms()


def wire(message):
    return WirePayload.FromString(message.payload)


@pytest.fixture
def node():
    """A node with two metrics of its own, and two devices of which each has an instance of `motor`."""
    made = EdgeNode("g", "n", on_finding=lambda finding: pytest.fail(str(finding)))
    made.declare("", "uptime", DataType.INT64)
    made.declare("", "load", DataType.DOUBLE)
    for device in ("press", "pump"):
        made.declare(device, "m1/speed", DataType.INT32, membership=Membership("m1", "speed", "motor", "2"))
        made.declare(device, "m1/state", DataType.STRING, membership=Membership("m1", "state", "motor", "2"))
        made.join(device, NOW)
    made.will(NOW)
    return made


@pytest.fixture
def births(node):
    return node.births(NOW)


# --- data of the node itself ------------------------------------------------------------------------------------------


@pytest.fixture
def data(node, births):
    """Three NDATA: one change, another, and both at once out of order."""
    changes = [[("load", 0.5, 5)], [("uptime", 7, 6)], [("uptime", 9, 9), ("load", 0.75, 8)]]
    return [
        node.data("", [(name, Sample(value, Quality.GOOD, NOW + ms)) for name, value, ms in each], NOW + 10)
        for each in changes
    ]


@pytest.mark.assertion("topics-ndata-topic")
def test_ndata_goes_to_the_topic_of_the_node(data):
    assert {message.topic for message in data} == {"spBv1.0/g/NDATA/n"}


@pytest.mark.assertion("topics-ndata-mqtt", "payloads-ndata-qos", "payloads-ndata-retain")
def test_ndata_goes_at_qos_0_and_is_not_retained(data):
    assert {(message.qos, message.retain) for message in data} == {(0, False)}


@pytest.mark.assertion(
    "topics-ndata-seq-num",
    "payloads-ndata-seq",
    "payloads-ndata-seq-inc",
    "topics-ndata-timestamp",
    "payloads-ndata-timestamp",
)
def test_ndata_counts_on_from_the_births_and_tells_its_time(data, births):
    assert [wire(message).seq for message in (*births, *data)] == list(range(6))
    assert {wire(message).timestamp for message in data} == {NOW + 10}


@pytest.mark.assertion("topics-ndata-payload", "operational-behavior-data-publish-nbirth-change")
def test_ndata_has_what_changed_and_nothing_else(data, births):
    names = {metric.alias: metric.name for metric in wire(births[0]).metrics if metric.alias}
    assert [[names[metric.alias] for metric in wire(message).metrics] for message in data] == [
        ["load"],
        ["uptime"],
        ["load", "uptime"],
    ]


@pytest.mark.assertion("operational-behavior-data-publish-nbirth-order")
def test_the_metrics_of_a_message_stand_in_the_order_of_their_times(data, births):
    for message in (*births, *data):
        times = [metric.timestamp for metric in wire(message).metrics]
        assert times == sorted(times)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.assertion(
    "intro-group-id-chars",
    "intro-edge-node-id-chars",
    "intro-device-id-chars",
    "topic-structure-namespace-valid-group-id",
    "topic-structure-namespace-valid-edge-node-id",
    "topic-structure-namespace-valid-device-id",
)
@pytest.mark.parametrize("bad", ["a+b", "a/b", "a#", "", "a\0b", "\ud800"])
def test_ids_that_cannot_stand_in_a_topic_are_refused(bad):
    def nothing(finding):
        pytest.fail(str(finding))

    with pytest.raises(UnsError, match="group"):
        EdgeNode(bad, "n", on_finding=nothing)
    with pytest.raises(UnsError, match="edge node"):
        EdgeNode("g", bad, on_finding=nothing)
    if bad:  # an empty one is the node itself
        with pytest.raises(UnsError, match="device"):
            EdgeNode("g", "n", on_finding=nothing).declare(bad, "x", DataType.INT8)
    assert id_fault("Zürich 1:a") == ""


@pytest.mark.assertion(
    "topic-structure-namespace-unique-device-id", "topic-structure-namespace-duplicate-device-id-across-edge-node"
)
def test_a_device_is_one_of_its_node_and_may_be_another_of_another(node, births):
    assert [message.topic for message in births[1:]] == ["spBv1.0/g/DBIRTH/n/press", "spBv1.0/g/DBIRTH/n/pump"]
    node.join("press", NOW)
    assert [message.topic for message in node.births(NOW)][1:] == [message.topic for message in births[1:]]
    other = EdgeNode("g", "m", on_finding=lambda finding: None)
    other.declare("press", "x", DataType.INT8)
    other.join("press", NOW)
    other.will(NOW)
    assert other.births(NOW)[1].topic == "spBv1.0/g/DBIRTH/m/press"


@pytest.mark.assertion("case-sensitivity-metric-names", "case-sensitivity-sparkplug-ids")
def test_names_that_differ_only_in_case_are_told_of():
    findings = []
    node = EdgeNode("g", "n", on_finding=findings.append)
    node.declare("d", "Speed", DataType.INT8)
    node.declare("d", "speed", DataType.INT8)
    assert [finding.id for finding in findings] == ["sparkplug.case"]
    source = {
        "source": "s",
        "adapter": "opcua",
        "edge": "g/n",
        "endpoint": "x",
        "devices": {"Press": {"a": {}}, "press": {"b": {}}},
    }
    refused = parse_source(source)
    assert isinstance(refused, list)
    assert [finding.id for finding in refused] == ["source.duplicate_device"]


# --- templates --------------------------------------------------------------------------------------------------------


def definitions(message):
    found = [metric for metric in wire(message).metrics if metric.HasField("template_value")]
    return [metric for metric in found if metric.template_value.is_definition]


def instances(message):
    found = [metric for metric in wire(message).metrics if metric.HasField("template_value")]
    return [metric for metric in found if not metric.template_value.is_definition]


@pytest.mark.assertion(
    "topics-nbirth-templates",
    "payloads-template-definition-nbirth",
    "payloads-template-definition-nbirth-only",
    "payloads-template-definition-is-definition",
    "payloads-template-is-definition-definition",
    "payloads-template-definition-ref",
    "payloads-template-ref-definition",
)
def test_definitions_stand_in_the_node_birth_alone(node, births):
    [definition] = definitions(births[0])
    assert (definition.name, definition.template_value.is_definition) == ("motor", True)
    assert not definition.template_value.HasField("template_ref")
    later = node.data("press", [("m1/speed", Sample(1, Quality.GOOD, NOW))], NOW)
    assert [definitions(message) for message in (*births[1:], later)] == [[], [], []]


@pytest.mark.assertion(
    "payloads-template-instance-is-definition",
    "payloads-template-is-definition-instance",
    "payloads-template-is-definition",
    "payloads-template-instance-ref",
    "payloads-template-ref-instance",
    "payloads-template-version",
)
def test_instances_name_their_definition(births):
    for message in births[1:]:
        [instance] = instances(message)
        template = instance.template_value
        assert template.HasField("is_definition")
        assert (template.is_definition, template.template_ref, template.version) == (False, "motor", "2")


@pytest.mark.assertion(
    "payloads-template-definition-members",
    "payloads-template-instance-members",
    "payloads-template-instance-members-birth",
    "payloads-template-instance-members-data",
)
def test_instances_have_the_members_of_their_definition_all_in_births_some_in_data(node, births):
    [definition] = definitions(births[0])
    members = [(member.name, member.datatype) for member in definition.template_value.metrics]
    for message in births[1:]:
        [instance] = instances(message)
        assert [(member.name, member.datatype) for member in instance.template_value.metrics] == members
    later = node.data("pump", [("m1/state", Sample("on", Quality.GOOD, NOW))], NOW)
    [instance] = instances(later)
    assert [member.name for member in instance.template_value.metrics] == ["state"]

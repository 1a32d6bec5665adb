"""The edge node: births, data, deaths, commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.errors import UnsError
from uns.samples import DataType, Quality, Sample
from uns.sparkplug.command import RebirthRequested, Write
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.declared import Membership
from uns.sparkplug.decode import decode, typed
from uns.sparkplug.edge import EdgeNode, EdgeState
from uns.sparkplug.encode import encode
from uns.sparkplug.events import Values
from uns.sparkplug.host import HostSession
from uns.sparkplug.payload import Metric, Payload, Property, Template
from uns.sparkplug.rebirth import RebirthWanted
from uns.sparkplug.topic import parse_topic

NOW = 1_790_000_000_000


@pytest.fixture
def findings():
    return []


@pytest.fixture
def node(findings):
    """Group a:b:c, node line1; device filler with two metrics, one metric of the node."""
    made = EdgeNode("a:b:c", "line1", on_finding=findings.append)
    made.declare("filler", "temperature", DataType.DOUBLE, unit="Cel")
    made.declare("filler", "count", DataType.INT16)
    made.declare("", "uptime", DataType.UINT64)
    made.join("filler", NOW)
    return made


@pytest.fixture
def born(node):
    node.will(NOW)
    node.births(NOW)
    return node


def good(value, timestamp_ms=NOW):
    return Sample(value, Quality.GOOD, timestamp_ms)


def read(message):
    payload, findings = decode(message.payload)
    assert findings == []
    return payload


def metrics(message):
    return {metric.name or metric.alias: metric for metric in read(message).metrics}


def test_the_will_is_the_death_of_this_session(node):
    will = node.will(NOW)
    assert (will.topic, will.qos, will.retain) == ("spBv1.0/a:b:c/NDEATH/line1", 1, False)
    payload, _ = decode(will.payload)
    assert payload.seq is None
    assert payload.metrics == [Metric("bdSeq", None, DataType.INT64, 0, NOW)]
    assert node.state is EdgeState.CONNECTING


def test_bd_seq_counts_connects_and_wraps():
    node = EdgeNode("g", "n", 254, on_finding=pytest.fail)
    seen = []
    for _ in range(3):
        will, _ = decode(node.will(NOW).payload)
        birth = metrics(node.births(NOW)[0])
        seen.append((will.metrics[0].value, birth["bdSeq"].value, node.next_bd_seq))
    assert seen == [(254, 254, 255), (255, 255, 0), (0, 0, 1)]


def test_births_come_in_order_with_everything_a_host_needs(node):
    node.data("filler", [("temperature", good(21.5, NOW - 5))], NOW)
    node.will(NOW)
    nbirth, dbirth = node.births(NOW)
    assert [nbirth.topic, dbirth.topic] == ["spBv1.0/a:b:c/NBIRTH/line1", "spBv1.0/a:b:c/DBIRTH/line1/filler"]
    assert {(each.qos, each.retain) for each in (nbirth, dbirth)} == {(0, False)}
    assert [read(each).seq for each in (nbirth, dbirth)] == [0, 1]
    assert read(nbirth).timestamp_ms == read(dbirth).timestamp_ms == NOW
    own, device = metrics(nbirth), metrics(dbirth)
    assert own["Node Control/Rebirth"] == Metric("Node Control/Rebirth", None, DataType.BOOLEAN, False, NOW)
    assert own["bdSeq"].alias is None
    assert (own["uptime"].value, own["uptime"].timestamp_ms) == (None, NOW)
    temperature = device["temperature"]
    assert (temperature.value, temperature.timestamp_ms, temperature.datatype) == (21.5, NOW - 5, DataType.DOUBLE)
    assert temperature.properties == {"engUnit": Property(DataType.STRING, "Cel")}
    aliases = [each.alias for each in (*own.values(), *device.values()) if each.alias is not None]
    assert len(set(aliases)) == len(aliases) == 3


def test_metrics_of_a_payload_stand_in_time_order(node):
    node.data("filler", [("temperature", good(1.0, NOW - 1)), ("count", good(1, NOW - 9))], NOW)
    node.will(NOW)
    message = node.births(NOW)[1]
    assert [metric.name for metric in read(message).metrics] == ["count", "temperature"]
    data = node.data("filler", [("temperature", good(1.0, NOW + 2)), ("count", good(1, NOW + 1))], NOW)
    assert [metric.timestamp_ms for metric in read(data).metrics] == [NOW + 1, NOW + 2]


def test_data_goes_by_alias_alone(born):
    message = born.data("filler", [("count", good(-7, NOW + 1))], NOW + 2)
    assert (message.topic, message.qos, message.retain) == ("spBv1.0/a:b:c/DDATA/line1/filler", 0, False)
    payload = read(message)
    [metric] = payload.metrics
    assert (payload.seq, payload.timestamp_ms) == (2, NOW + 2)
    assert (metric.name, metric.datatype, metric.timestamp_ms) == (None, None, NOW + 1)
    assert typed(metric.value, DataType.INT16) == -7
    assert metric.properties is None
    assert born.data("", [("uptime", good(1))], NOW).topic == "spBv1.0/a:b:c/NDATA/line1"


def test_quality_is_told_until_it_is_good_again(born):
    def tell(sample):
        properties = read(born.data("filler", [("temperature", sample)], NOW)).metrics[0].properties
        return properties and properties["Quality"].value

    samples = [good(1.0), Sample(1.0, Quality.UNCERTAIN, NOW), Sample(None, Quality.BAD, NOW), good(2.0), good(3.0)]
    assert [tell(sample) for sample in samples] == [None, 500, 0, 192, None]
    birth = metrics(born.births(NOW)[1])["temperature"]
    assert set(birth.properties) == {"engUnit"}


def test_nothing_is_said_before_the_births_but_the_values_are_kept(node):
    assert node.data("filler", [("temperature", good(1.0))], NOW) is None
    node.will(NOW)
    assert node.data("filler", [("temperature", good(2.0))], NOW) is None
    assert metrics(node.births(NOW)[1])["temperature"].value == 2.0
    assert node.data("filler", [], NOW) is None


def test_births_before_a_will_are_a_mistake(node):
    with pytest.raises(RuntimeError, match="will"):
        node.births(NOW)


@given(st.lists(st.sampled_from(["", "filler", "births", "leave"]), max_size=700))
def test_seq_counts_every_message_of_a_session(steps):
    node = EdgeNode("g", "n", on_finding=pytest.fail)
    for device in ("", "filler"):
        node.declare(device, "x", DataType.INT32)
    node.join("filler", NOW)
    node.will(NOW)
    expected = 0
    for step in ["births", *steps]:
        if step == "births":
            messages, expected = node.births(NOW), 0
        elif step == "leave":
            messages = node.leave("filler", NOW) + node.join("filler", NOW)
        else:
            messages = [node.data(step, [("x", good(1))], NOW)]
        for message in messages:
            assert read(message).seq == expected
            expected = (expected + 1) % 256


def test_devices_come_and_go(born):
    [death] = born.leave("filler", NOW + 1)
    assert death.topic == "spBv1.0/a:b:c/DDEATH/line1/filler"
    assert (read(death).seq, read(death).timestamp_ms, read(death).metrics) == (2, NOW + 1, [])
    assert born.leave("filler", NOW) == []
    assert born.data("filler", [("count", good(5))], NOW) is None
    [birth] = born.join("filler", NOW + 2)
    assert birth.topic == "spBv1.0/a:b:c/DBIRTH/line1/filler"
    assert metrics(birth)["count"].value == 5
    born.leave("filler", NOW)
    assert [message.topic for message in born.births(NOW)] == ["spBv1.0/a:b:c/NBIRTH/line1"]


def test_metrics_declared_later_are_announced_by_the_next_birth(born):
    born.declare("filler", "level", DataType.FLOAT)
    [birth] = born.join("filler", NOW)
    assert set(metrics(birth)) == {"temperature", "count", "level"}
    before = metrics(birth)["count"].alias
    born.withdraw("filler", "level")
    born.declare("filler", "count", DataType.INT64)
    [birth] = born.join("filler", NOW)
    assert set(metrics(birth)) == {"temperature", "count"}
    assert (metrics(birth)["count"].alias, metrics(birth)["count"].datatype) == (before, DataType.INT64)
    born.withdraw("filler", "never there")


def test_a_rebirth_keeps_bd_seq(born):
    assert metrics(born.births(NOW + 9)[0])["bdSeq"].value == 0
    assert read(born.births(NOW + 9)[0]).seq == 0


def test_a_graceful_end_publishes_the_death(born):
    death = born.death(NOW + 1)
    assert (death.topic, death.qos, death.retain) == ("spBv1.0/a:b:c/NDEATH/line1", 1, False)
    assert metrics(death)["bdSeq"].value == 0
    assert born.state is EdgeState.OFFLINE
    assert born.data("filler", [("count", good(1))], NOW) is None
    next_will, _ = decode(born.will(NOW).payload)
    assert next_will.metrics[0].value == 1


def test_historical_values_leave_the_current_one_alone(born):
    born.data("filler", [("count", good(9, NOW))], NOW)
    message = born.data("filler", [("count", good(1, NOW - 60_000))], NOW, historical=True)
    assert read(message).metrics[0].is_historical
    assert metrics(born.births(NOW)[1])["count"].value == 9


def test_a_value_that_does_not_fit_is_bad_and_the_others_go(born, findings):
    changes = [("count", good(70_000)), ("temperature", good(2.0))]
    payload = read(born.data("filler", changes, NOW))
    assert {metric.value for metric in payload.metrics} == {None, 2.0}
    bad = next(metric for metric in payload.metrics if metric.is_null)
    assert bad.properties == {"Quality": Property(DataType.INT32, 0)}
    assert [finding.id for finding in findings] == ["sparkplug.datatype"]
    assert metrics(born.births(NOW)[1])["count"].is_null


def test_an_undeclared_metric_is_a_mistake(born):
    with pytest.raises(UnsError, match=r"sparkplug\.undeclared.*Did you mean 'temperature'"):
        born.data("filler", [("temperatur", good(1.0))], NOW)


@pytest.mark.parametrize("name", ["", "bdSeq", "Node Control/Rebirth"])
def test_reserved_names_are_refused(node, name):
    with pytest.raises(UnsError, match=r"sparkplug\.name"):
        node.declare("filler", name, DataType.INT8)


def test_ids_must_fit_a_topic(node):
    with pytest.raises(UnsError, match=r"sparkplug\.topic"):
        node.declare("a/b", "x", DataType.INT8)
    with pytest.raises(UnsError, match=r"sparkplug\.topic"):
        EdgeNode("g", "n+", on_finding=pytest.fail)


def test_names_that_differ_only_in_case_are_told(node, findings):
    node.declare("filler", "Temperature", DataType.DOUBLE)
    assert [finding.id for finding in findings] == ["sparkplug.case"]


# --- commands ---------------------------------------------------------------------------------------------------------

NCMD, DCMD = "spBv1.0/a:b:c/NCMD/line1", "spBv1.0/a:b:c/DCMD/line1/filler"


def command(*metrics_):
    return encode(Payload(NOW, list(metrics_)), datatypes=all(metric.datatype for metric in metrics_))


def rebirth(value=True):
    return command(Metric("Node Control/Rebirth", None, DataType.BOOLEAN, value))


def test_subscriptions(node):
    assert node.subscriptions == (NCMD, "spBv1.0/a:b:c/DCMD/line1/+")


def test_rebirth_is_asked_for_and_debounced(born):
    assert born.receive(NCMD, rebirth(), NOW + 1000) == [RebirthRequested()]
    born.births(NOW + 1000)
    assert born.receive(NCMD, rebirth(), NOW + 1500) == []
    assert born.receive(NCMD, rebirth(), NOW + 1600) == []
    assert born.tick(NOW + 1999) == []
    assert born.tick(NOW + 2000) == [RebirthRequested()]
    assert born.tick(NOW + 2000) == []


def test_a_clock_set_back_does_not_hold_a_rebirth(born):
    assert born.receive(NCMD, rebirth(), NOW - 3_600_000) == [RebirthRequested()]


def test_rebirth_false_or_at_a_device_asks_for_nothing(born, findings):
    assert born.receive(NCMD, rebirth(False), NOW + 5000) == []
    assert born.receive(DCMD, rebirth(), NOW + 5000) == []
    assert [finding.id for finding in findings] == ["sparkplug.command"]


def test_rebirth_before_the_births_waits_for_them(node):
    node.will(NOW)
    assert node.receive(NCMD, rebirth(), NOW) == []
    node.births(NOW)
    assert node.tick(NOW + 5000) == []


def test_writes_by_name_and_by_alias_are_typed(born):
    alias = metrics(born.births(NOW)[1])["count"].alias
    wire = command(Metric("temperature", None, DataType.DOUBLE, 5.0), Metric(None, alias, DataType.INT16, -3))
    assert born.receive(DCMD, wire, NOW) == [
        Write("filler", "temperature", DataType.DOUBLE, 5.0),
        Write("filler", "count", DataType.INT16, -3),
    ]
    untyped = encode(Payload(NOW, [Metric(None, alias, DataType.INT16, -3)]), datatypes=False)
    assert born.receive(DCMD, untyped, NOW) == [Write("filler", "count", DataType.INT16, -3)]
    assert born.receive(NCMD, command(Metric("uptime", None, DataType.UINT64, None)), NOW) == [
        Write("", "uptime", DataType.UINT64, None)
    ]


REFUSED = [
    (DCMD, Metric("speed", None, DataType.DOUBLE, 5.0), "sparkplug.command"),
    (DCMD, Metric(None, 99, DataType.DOUBLE, 5.0), "sparkplug.command"),
    (DCMD, Metric("count", None, DataType.DOUBLE, 5.0), "sparkplug.command"),
    (DCMD, Metric("uptime", None, DataType.UINT64, 5), "sparkplug.command"),
    ("spBv1.0/a:b:c/DCMD/line1", Metric("uptime", None, DataType.UINT64, 5), "sparkplug.topic"),
]


@pytest.mark.parametrize(("topic", "metric", "finding"), REFUSED)
def test_commands_that_cannot_be_carried_out_are_told(born, findings, topic, metric, finding):
    assert born.receive(topic, command(metric), NOW) == []
    assert [each.id for each in findings] == [finding]


def test_an_untyped_value_of_the_wrong_kind_is_told(born, findings):
    wire = encode(Payload(NOW, [Metric("count", None, DataType.STRING, "five")]), datatypes=False)
    assert born.receive(DCMD, wire, NOW) == []
    assert "expected an integer" in findings[0].what


@given(st.binary(max_size=40))
def test_no_command_raises(data):
    node = EdgeNode("a:b:c", "line1", on_finding=lambda finding: None)
    node.receive(NCMD, data, NOW)
    node.receive(DCMD, data, NOW)


# --- templates --------------------------------------------------------------------------------------------------------


def member(name: str, instance: str = "m1", template: str = "motor") -> Membership:
    return Membership(instance, name, template, "2")


class Udt:
    """A node whose device has one plain metric and an instance of `motor`, and a host that hears it."""

    def __init__(self):
        self.findings = []
        self.node = EdgeNode("g", "n", on_finding=self.findings.append)
        self.host = HostSession("g/n", on_finding=self.findings.append)
        self.node.declare("press", "force", DataType.DOUBLE)
        self.node.declare("press", "m1/speed", DataType.INT32, unit="1/min", membership=member("speed"))
        self.node.declare("press", "m1/state", DataType.STRING, membership=member("state"))
        self.values = {}

    def hear(self, *messages):
        for message in messages:
            for event in self.host.receive(parse_topic(message.topic), message.payload, NOW, 0):
                if isinstance(event, Values):
                    self.values |= {metric.name: sample.value for metric, sample, _ in event.values}
                assert not isinstance(event, RebirthWanted), event
        return [decode(message.payload)[0] for message in messages]

    def begin(self):
        self.node.join("press", NOW)
        self.node.will(NOW)
        return self.hear(*self.node.births(NOW))

    def data(self, **values):
        changes = [(name.replace("_", "/"), Sample(value, Quality.GOOD, NOW)) for name, value in values.items()]
        [payload] = self.hear(self.node.data("press", changes, NOW))
        return payload


def test_a_template_is_defined_in_the_node_birth_and_only_there():
    nbirth, dbirth = Udt().begin()
    definition = next(metric for metric in nbirth.metrics if metric.name == "motor")
    assert (definition.value.is_definition, definition.value.ref, definition.value.version) == (True, None, "2")
    assert [(each.name, each.datatype) for each in definition.value.metrics] == [
        ("speed", DataType.INT32),
        ("state", DataType.STRING),
    ]
    assert not any(isinstance(each.value, Template) and each.value.is_definition for each in dbirth.metrics)


def test_an_instance_has_all_members_in_a_birth_and_names_its_definition():
    _, dbirth = Udt().begin()
    instance = next(metric for metric in dbirth.metrics if metric.name == "m1")
    assert instance.alias is not None
    assert (instance.value.is_definition, instance.value.ref) == (False, "motor")
    assert [each.name for each in instance.value.metrics] == ["speed", "state"]


def test_data_carry_the_members_that_changed_inside_their_instance():
    udt = Udt()
    udt.begin()
    payload = udt.data(m1_speed=5, force=2.5)
    assert udt.values == {"m1/speed": 5, "m1/state": None, "force": 2.5} | {"bdSeq": 0, "Node Control/Rebirth": False}
    instance = next(metric for metric in payload.metrics if isinstance(metric.value, Template))
    assert (instance.name, [each.name for each in instance.value.metrics]) == (None, ["speed"])
    udt.data(m1_state="on", m1_speed=6)
    assert (udt.values["m1/state"], udt.values["m1/speed"]) == ("on", 6)
    assert udt.findings == []


def test_the_alias_of_an_instance_is_nobody_elses():
    _, dbirth = Udt().begin()
    aliases = [metric.alias for metric in dbirth.metrics]
    assert len(set(aliases)) == len(aliases) == 2


def test_a_template_that_comes_later_is_defined_before_its_instance():
    udt = Udt()
    udt.begin()
    udt.node.declare("pump", "p1/flow", DataType.DOUBLE, membership=member("flow", "p1", "pump"))
    messages = udt.node.join("pump", NOW)
    assert [parse_topic(message.topic).type.value for message in messages] == ["NBIRTH", "DBIRTH", "DBIRTH"]
    nbirth, *_ = udt.hear(*messages)
    assert {metric.name for metric in nbirth.metrics if isinstance(metric.value, Template)} == {"motor", "pump"}
    assert [parse_topic(each.topic).type.value for each in udt.node.join("pump", NOW)] == ["DBIRTH"]


def test_a_member_is_written_inside_its_instance():
    udt = Udt()
    _, dbirth = udt.begin()
    instance = next(metric for metric in dbirth.metrics if metric.name == "m1")
    part = Template([Metric("speed", None, DataType.INT32, 9)], ref="motor")
    for name, alias in (("m1", None), (None, instance.alias)):
        command = encode(Payload(NOW, [Metric(name, alias, SparkplugType.TEMPLATE, part)]))
        assert udt.node.receive("spBv1.0/g/DCMD/n/press", command, NOW) == [
            Write("press", "m1/speed", DataType.INT32, 9)
        ]
    unknown = Template([Metric("torque", None, DataType.INT32, 9)], ref="motor")
    command = encode(Payload(NOW, [Metric("m1", None, SparkplugType.TEMPLATE, unknown)]))
    assert udt.node.receive("spBv1.0/g/DCMD/n/press", command, NOW) == []
    assert [finding.id for finding in udt.findings] == ["sparkplug.command"]


def test_a_member_that_does_not_fit_is_null_and_the_others_go():
    udt = Udt()
    udt.begin()
    udt.data(m1_speed="fast", m1_state="on")
    assert (udt.values["m1/speed"], udt.values["m1/state"]) == (None, "on")
    assert [finding.id for finding in udt.findings] == ["sparkplug.datatype"]


def test_a_metric_declared_after_the_birth_is_not_sent_before_the_next_one():
    udt = Udt()
    udt.begin()
    udt.node.declare("press", "level", DataType.DOUBLE)
    assert udt.node.data("press", [("level", Sample(1.0, Quality.GOOD, NOW))], NOW) is None
    assert not udt.node.knows("press", "level")
    udt.hear(*udt.node.join("press", NOW))
    assert udt.values["level"] == 1.0
    assert udt.node.knows("press", "level")


def test_large_messages_can_go_compressed_and_are_read_as_they_were():
    plain, small = (EdgeNode("g", "n", on_finding=pytest.fail, compress=compress) for compress in (False, True))
    for node in (plain, small):
        for number in range(100):
            node.declare("press", f"metric{number}", DataType.DOUBLE)
        node.join("press", NOW)
        node.will(NOW)
    births = [node.births(NOW) for node in (plain, small)]
    assert [decode(message.payload) for message in births[0]] == [decode(message.payload) for message in births[1]]
    assert births[0][0].payload == births[1][0].payload  # the node's own is not worth it
    assert len(births[1][1].payload) < len(births[0][1].payload) / 2

"""The host's view of one edge node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sparkplug.test_payload import metrics
from uns.samples import DataType, Quality, Sample, encode_sample
from uns.sparkplug.datatypes import SparkplugType as T
from uns.sparkplug.decode import decode
from uns.sparkplug.descriptor import WirePayload
from uns.sparkplug.edge import EdgeNode
from uns.sparkplug.encode import encode
from uns.sparkplug.events import Born, Died, NodeState, Retired, Values
from uns.sparkplug.host import HostSession
from uns.sparkplug.payload import DataSet, Metric, Payload, Template
from uns.sparkplug.rebirth import Cause, RebirthWanted
from uns.sparkplug.topic import MessageType, SparkplugTopic, parse_topic

NOW = 1_790_000_000_000


class Plant:
    """An edge node with one device, and a host session that hears it. Time is `ms` after NOW on both clocks."""

    def __init__(self, **options):
        self.findings = []
        self.session = HostSession("g/n", on_finding=self.findings.append, **options)
        self.node = EdgeNode("g", "n", on_finding=self.findings.append)
        self.node.declare("", "uptime", DataType.UINT64)
        self.node.declare("filler", "temperature", DataType.DOUBLE, unit="Cel")
        self.node.declare("filler", "count", DataType.INT8)
        self.node.join("filler", NOW)
        self.will = None

    def hear(self, *messages, ms=0, retained=False, client=""):
        events = []
        for message in messages:
            topic = parse_topic(message.topic)
            events += self.session.receive(topic, message.payload, NOW + ms, ms, retained=retained, client=client)
        return events

    def birth(self, ms=0):
        self.will = self.node.will(NOW + ms)
        return self.hear(*self.node.births(NOW + ms), ms=ms)

    def data(self, name, value, ms=0, device="filler"):
        return self.node.data(device, [(name, Sample(value, Quality.GOOD, NOW + ms))], NOW + ms)


@pytest.fixture
def plant():
    return Plant()


@pytest.fixture
def born(plant):
    plant.birth()
    return plant


def names(metrics):
    return [metric.name for metric in metrics]


def values(events):
    return [
        (metric.device, metric.name, sample.value)
        for event in events
        if isinstance(event, Values)
        for metric, sample, _ in event.values
    ]


def kinds(events):
    return [type(event).__name__ for event in events]


def test_births_announce_metrics_with_their_values(plant):
    node_born, node_values, device_born, device_values = plant.birth()
    assert (node_born.device, names(node_born.metrics)) == ("", ["uptime", "bdSeq", "Node Control/Rebirth"])
    assert (device_born.device, names(device_born.metrics)) == ("filler", ["temperature", "count"])
    assert device_born.metrics[0].unit == "Cel"
    assert [(sample.value, sample.quality) for _, sample, _ in device_values.values] == [
        (None, Quality.GOOD_NO_DATA)
    ] * 2
    assert values([node_values])[1] == ("", "bdSeq", 0)
    assert plant.session.state is NodeState.ONLINE


def test_data_is_typed_from_the_birth(born):
    [event] = born.hear(born.data("count", -5, ms=7))
    [(metric, sample, historical)] = event.values
    assert (event.device, metric.name, sample, historical) == (
        "filler",
        "count",
        Sample(-5, Quality.GOOD, NOW + 7),
        False,
    )


def test_historical_values_are_marked(born):
    message = born.node.data("filler", [("count", Sample(1, Quality.GOOD, NOW - 9))], NOW, historical=True)
    [event] = born.hear(message)
    assert event.values[0][2] is True


def test_data_before_a_birth_asks_for_one_rebirth(plant):
    plant.node.will(NOW)
    plant.node.births(NOW)
    assert plant.hear(plant.data("count", 1)) == [RebirthWanted(Cause.NO_BIRTH)]
    assert plant.hear(plant.data("count", 2)) == []
    assert plant.session.state is NodeState.UNKNOWN
    assert plant.session.tick(NOW + 5000, 5000) == [RebirthWanted(Cause.NO_BIRTH)]


def test_an_unknown_alias_asks_for_a_rebirth_and_the_others_go_on(born):
    count = born.session.table.devices["filler"].metrics["count"].alias
    events = hears(
        born, MessageType.DDATA, [Metric(None, 99, T.INT8, 1), Metric(None, count, T.INT8, 3)], 2, device="filler"
    )
    assert values(events) == [("filler", "count", 3)]
    assert events[-1] == RebirthWanted(Cause.UNKNOWN_METRIC)


def test_metrics_are_also_found_by_name(born):
    topic = SparkplugTopic("g", MessageType.DDATA, "n", "filler")
    by_name = Payload(NOW, [Metric("count", None, DataType.INT8, 4, NOW)], 2)
    assert values(born.session.receive(topic, encode(by_name), NOW, 0)) == [("filler", "count", 4)]
    wrong_alias = Payload(NOW, [Metric("count", 77, DataType.INT8, 5, NOW)], 3)
    assert values(born.session.receive(topic, encode(wrong_alias), NOW, 0)) == [("filler", "count", 5)]


def test_a_wrong_datatype_costs_one_metric(born):
    topic = SparkplugTopic("g", MessageType.DDATA, "n", "filler")
    metrics = [Metric("count", None, DataType.DOUBLE, 4.0), Metric("temperature", None, DataType.DOUBLE, 5.0)]
    events = born.session.receive(topic, encode(Payload(NOW, metrics, 2)), NOW, 0)
    assert values(events) == [("filler", "temperature", 5.0)]
    assert [(each.id, "its birth said Int8" in each.what) for each in born.findings] == [("sparkplug.datatype", True)]


def test_an_alias_of_another_device_is_unknown(born):
    payload, _ = decode(born.data("count", 1).payload)
    events = born.session.receive(
        SparkplugTopic("g", MessageType.NDATA, "n"),
        encode(Payload(NOW, [Metric(None, payload.metrics[0].alias, DataType.INT8, 1)], 2)),
        NOW,
        0,
    )
    assert events == [RebirthWanted(Cause.UNKNOWN_METRIC)]


@pytest.mark.assertion(
    "operational-behavior-host-reordering-success",
)
def test_messages_are_put_back_in_order(born):
    first, second = born.data("count", 1), born.data("count", 2)
    assert born.hear(second) == []
    assert values(born.hear(first)) == [("filler", "count", 1), ("filler", "count", 2)]
    assert born.session.tick(NOW + 9999, 9999) == []


@pytest.mark.assertion(
    "operational-behavior-host-reordering-start",
    "operational-behavior-host-reordering-rebirth",
)
def test_a_lost_message_is_given_up_in_time(born):
    born.data("count", 1)
    assert born.hear(born.data("count", 2), ms=10) == []
    assert born.session.tick(NOW + 2009, 2009) == []
    events = born.session.tick(NOW + 2010, 2010)
    assert values(events) == [("filler", "count", 2)]
    assert events[-1] == RebirthWanted(Cause.SEQ_GAP)
    assert values(born.hear(born.data("count", 3), ms=2011)) == [("filler", "count", 3)]
    assert born.session.counts["gaps"] == 1


def test_a_rebirth_in_time_settles_the_gap(born):
    born.data("count", 1)
    born.hear(born.data("count", 2))
    events = born.hear(*born.node.births(NOW + 100), ms=100)
    assert values(events)[0] == ("filler", "count", 2)
    assert born.session.tick(NOW + 9999, 9999) == []
    assert values(born.hear(born.data("count", 4))) == [("filler", "count", 4)]


def test_a_device_birth_may_overtake_its_node_birth(born):
    for value in range(2, 200):  # the DBIRTH's seq 1 is ahead of 200, not behind it
        born.hear(born.data("count", value % 100))
    nbirth, dbirth = born.node.births(NOW + 100)
    assert born.hear(dbirth, ms=100) == []
    assert kinds(born.hear(nbirth, ms=101)) == ["Born", "Values", "Born", "Values"]
    assert values(born.hear(born.data("count", 6, ms=102))) == [("filler", "count", 6)]
    assert born.session.tick(NOW + 9999, 9999) == []


@pytest.mark.assertion(
    "operational-behavior-edge-node-termination-host-action-ndeath-node-offline",
    "operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale",
    "operational-behavior-edge-node-termination-host-action-ndeath-devices-offline",
    "operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale",
)
def test_node_death_kills_everything_at_the_hosts_time(born):
    events = born.hear(born.node.death(NOW + 5), ms=7)
    assert [(each.device, each.time_ms, len(each.metrics)) for each in events] == [
        ("", NOW + 7, 3),
        ("filler", NOW + 7, 2),
    ]
    assert born.session.state is NodeState.OFFLINE
    assert kinds(born.birth(ms=20)) == ["Born", "Values"] * 2


def test_a_death_of_an_earlier_session_is_ignored(born):
    old = born.will
    born.birth(ms=10)
    assert born.hear(old, ms=20) == []
    assert born.session.state is NodeState.ONLINE
    assert len(born.hear(born.will, ms=30)) == 2
    assert born.hear(born.will, ms=31) == []
    assert born.session.counts["ignored deaths"] == 2


def test_what_waited_is_read_before_the_death(born):
    born.data("count", 1)
    born.hear(born.data("count", 2))
    assert values(born.hear(born.node.death(NOW))) == [("filler", "count", 2)]


@pytest.mark.assertion(
    "operational-behavior-edge-node-termination-host-action-ddeath-devices-offline",
    "operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale",
)
def test_device_death_has_its_own_time(born):
    [event] = born.hear(*born.node.leave("filler", NOW + 3), ms=9)
    assert (event.device, event.time_ms, names(event.metrics)) == ("filler", NOW + 3, ["temperature", "count"])
    [again] = born.hear(*born.node.join("filler", NOW + 4), ms=10)[:1]
    assert isinstance(again, Born)


def test_data_of_a_dead_device_asks_for_a_rebirth(born):
    late = born.data("count", 1)
    death = born.node.leave("filler", NOW)[0]
    early, _ = decode(death.payload)
    early.seq = 2
    topic = SparkplugTopic("g", MessageType.DDEATH, "n", "filler")
    born.session.receive(topic, encode(early), NOW, 0)
    payload, _ = decode(late.payload)
    moved = Payload(NOW, [Metric(None, payload.metrics[0].alias, DataType.INT8, 1)], 3)
    events = born.session.receive(SparkplugTopic("g", MessageType.DDATA, "n", "filler"), encode(moved), NOW, 0)
    assert events == [RebirthWanted(Cause.NO_DEVICE_BIRTH)]


def test_a_node_birth_makes_every_alias_void(born):
    swapped = EdgeNode("g", "n", on_finding=born.findings.append)
    for name, datatype in (("count", DataType.INT8), ("temperature", DataType.DOUBLE)):
        swapped.declare("filler", name, datatype)
    swapped.declare("", "uptime", DataType.UINT64)
    swapped.join("filler", NOW)
    swapped.will(NOW + 1)
    born.node = swapped
    born.hear(*swapped.births(NOW + 1), ms=1)
    assert values(born.hear(born.data("count", 5, ms=2))) == [("filler", "count", 5)]
    assert values(born.hear(born.data("uptime", 6, ms=2, device=""))) == [("", "uptime", 6)]
    assert born.findings == []


def test_metrics_that_a_new_birth_lacks_are_retired(born):
    born.node.withdraw("filler", "count")
    born.node.withdraw("", "uptime")
    events = born.hear(*born.node.births(NOW + 1), ms=1)
    assert [(each.device, names(each.metrics)) for each in events if isinstance(each, Retired)] == [
        ("", ["uptime"]),
        ("filler", ["count"]),
    ]


def test_a_device_that_is_not_born_again_is_dead(born):
    nbirth, _ = born.node.births(NOW + 1)
    born.hear(nbirth, ms=1)
    assert born.session.tick(NOW + 2000, 2000) == []
    [died] = born.session.tick(NOW + 2001, 2001)
    assert (died.device, died.time_ms) == ("filler", NOW + 2001)
    assert isinstance(died, Died)


def test_retained_births_are_suspect(plant):
    plant.node.will(NOW)
    births = plant.node.births(NOW)
    assert plant.hear(*births, retained=True) == [RebirthWanted(Cause.RETAINED_BIRTH)]
    assert plant.session.state is NodeState.UNKNOWN


def test_a_message_without_seq_is_read_as_it_comes(born):
    topic = SparkplugTopic("g", MessageType.DDATA, "n", "filler")
    payload = Payload(NOW, [Metric("count", None, DataType.INT8, 8)])
    assert values(born.session.receive(topic, encode(payload), NOW, 0)) == [("filler", "count", 8)]
    assert born.session.counts["without seq"] == 1


def test_any_seq_is_the_new_base(plant):
    topic = SparkplugTopic("g", MessageType.NBIRTH, "n")
    plant.session.receive(topic, encode(Payload(NOW, [Metric("x", 1, DataType.INT8, 1)], 200)), NOW, 0)
    data = encode(Payload(NOW, [Metric(None, 1, DataType.INT8, 2)], 201), datatypes=False)
    assert values(plant.session.receive(SparkplugTopic("g", MessageType.NDATA, "n"), data, NOW, 0)) == [("", "x", 2)]


WRONG_BIRTHS = [
    ([Metric(None, 1, DataType.INT8, 1)], "has no name"),
    ([Metric("x", 1, DataType.INT8, 1), Metric("x", 2, DataType.INT8, 1)], "stands twice"),
    ([Metric("x", 1, DataType.INT8, 1), Metric("y", 1, DataType.INT8, 1)], "has the alias 1 of 'x'"),
]


@pytest.mark.parametrize(("metrics", "what"), WRONG_BIRTHS)
def test_wrong_metrics_of_a_birth_are_left_out(plant, metrics, what):
    good = Metric("good", 9, DataType.INT8, 1)
    wire = encode(Payload(NOW, [*metrics, good], 0))
    events = plant.session.receive(SparkplugTopic("g", MessageType.NBIRTH, "n"), wire, NOW, 0)
    assert names(events[0].metrics)[-1] == "good"
    assert [(each.id, what in each.what) for each in plant.findings] == [("sparkplug.birth", True)]


def test_a_birth_metric_without_datatype_is_left_out(plant):
    wire = encode(Payload(NOW, [Metric("x", 1, DataType.INT8, 1)], 0), datatypes=False)
    [born] = plant.session.receive(SparkplugTopic("g", MessageType.NBIRTH, "n"), wire, NOW, 0)
    assert born == Born("", [])
    assert "no known datatype" in plant.findings[0].what


def hears(plant, kind, metrics, seq, *, device="", ms=0, **payload):
    """The events of a message made by hand."""
    topic = SparkplugTopic("g", kind, "n", device)
    wire = encode(Payload(payload.pop("sent_ms", NOW + ms), metrics, seq), **payload)
    return plant.session.receive(topic, wire, NOW + ms, ms)


def test_a_table_is_json_and_an_impossible_date_costs_its_metric(plant):
    metrics = [
        Metric("table", None, T.DATASET, DataSet(["a"], [DataType.INT8], [[1]])),
        Metric("since", None, DataType.DATETIME, 2**63),
    ]
    events = hears(plant, MessageType.NBIRTH, metrics, 0)
    assert values(events) == [("", "table", {"columns": ["a"], "rows": [[1]]})]
    assert "beyond the year 9999" in plant.findings[0].what


# --- templates --------------------------------------------------------------------------------------------------------


def motor(speed=None, temperature=None, **about):
    """An instance of the template `motor` with those members that are given."""
    bearing = Template([Metric("temperature", None, T.DOUBLE, temperature)], ref="bearing")
    members = []
    if speed is not None:
        members.append(Metric("speed", 21, T.INT64, speed))
    if temperature is not None:
        members.append(Metric("bearing", None, T.TEMPLATE, bearing))
    return Metric("m1", 20, T.TEMPLATE, Template(members, ref="motor"), NOW, **about)


@pytest.fixture
def motors(plant):
    definition = Template([Metric("speed", None, T.INT64, None)], is_definition=True)
    plant.events = hears(plant, MessageType.NBIRTH, [Metric("motor", None, T.TEMPLATE, definition), motor(5, 6.5)], 0)
    return plant


def test_a_definition_is_no_value_and_an_instance_is_its_members(motors):
    assert values(motors.events) == [("", "m1/speed", 5), ("", "m1/bearing/temperature", 6.5)]
    assert list(motors.session.table.templates) == ["motor"]
    assert names(motors.events[0].metrics) == ["m1/speed", "m1/bearing/temperature"]
    instance = motors.session.table.devices[""].metrics["m1"]
    assert (instance.ref, list(instance.members)) == ("motor", ["speed", "bearing"])


def test_a_part_of_an_instance_updates_the_members_in_it(motors):
    assert values(hears(motors, MessageType.NDATA, [motor(speed=-7)], 1)) == [("", "m1/speed", -7)]
    assert values(hears(motors, MessageType.NDATA, [motor(temperature=8.5)], 2)) == [
        ("", "m1/bearing/temperature", 8.5)
    ]


def test_members_are_found_by_alias_too(motors):
    part = Template([Metric(None, 21, T.INT64, 9)], ref="motor")
    assert values(hears(motors, MessageType.NDATA, [Metric(None, 20, T.TEMPLATE, part)], 1)) == [("", "m1/speed", 9)]
    assert values(hears(motors, MessageType.NDATA, [Metric(None, 21, T.INT64, 10)], 2)) == [("", "m1/speed", 10)]


def test_members_have_the_time_and_flags_of_their_instance(motors):
    [event] = hears(motors, MessageType.NDATA, [motor(speed=1, is_historical=True)], 1, ms=50)
    [(metric, sample, historical)] = event.values
    assert (metric.name, sample.timestamp_ms, historical) == ("m1/speed", NOW, True)


def test_an_instance_that_is_null_makes_its_members_null(motors):
    [event] = hears(motors, MessageType.NDATA, [Metric(None, 20, T.TEMPLATE, None)], 1)
    assert [(metric.name, sample.quality) for metric, sample, _ in event.values] == [
        ("m1/speed", Quality.GOOD_NO_DATA),
        ("m1/bearing/temperature", Quality.GOOD_NO_DATA),
    ]


def test_an_unknown_member_asks_for_a_rebirth_and_the_others_go_on(motors):
    part = Template([Metric("torque", None, T.INT64, 9), Metric("speed", None, T.INT64, 3)], ref="motor")
    events = hears(motors, MessageType.NDATA, [Metric("m1", None, T.TEMPLATE, part)], 1)
    assert values(events) == [("", "m1/speed", 3)]
    assert events[-1] == RebirthWanted(Cause.UNKNOWN_METRIC)
    assert "'torque'" in motors.findings[0].what


def test_a_member_of_another_type_costs_itself(motors):
    part = Template([Metric("speed", None, T.DOUBLE, 1.5)], ref="motor")
    assert values(hears(motors, MessageType.NDATA, [Metric("m1", None, T.TEMPLATE, part)], 1)) == []
    assert [finding.id for finding in motors.findings] == ["sparkplug.datatype"]


def test_what_is_no_instance_costs_itself(motors):
    hears(motors, MessageType.NDATA, [Metric("m1", None, T.INT64, 1)], 1)
    assert motors.session.state is NodeState.ONLINE


# --- bad input --------------------------------------------------------------------------------------------------------


def test_each_finding_names_node_device_metric_and_cause(born):
    hears(born, MessageType.DDATA, [Metric("count", None, T.DOUBLE, 1.5)], 2, device="filler")
    [finding] = born.findings
    assert finding.what == (
        "Edge node 'g/n', device 'filler': Metric 'count' (Int8): it came as Double, its birth said Int8."
    )


def test_a_wrong_value_by_alias_is_named_by_its_birth(born):
    alias = born.session.table.devices["filler"].metrics["count"].alias
    wire = WirePayload(timestamp=NOW, seq=2)
    wire.metrics.add(alias=alias, datatype=T.INT8, string_value="x")
    born.session.receive(SparkplugTopic("g", MessageType.DDATA, "n", "filler"), wire.SerializeToString(), NOW, 0)
    assert born.findings[0].what.startswith("Edge node 'g/n', device 'filler': Metric 'count' (Int8): expected")


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_truncated_payload_names_its_node(born, cut):
    message = born.data("count", 1)
    born.session.receive(parse_topic(message.topic), message.payload[:-cut], NOW, 0)
    assert all(finding.what.startswith("Edge node 'g/n', device 'filler'") for finding in born.findings)


def test_data_without_a_birth_is_told_once_until_the_birth(plant):
    plant.node.will(NOW)
    plant.node.births(NOW)
    for value in range(3):
        plant.hear(plant.data("count", value))
    assert [finding.id for finding in plant.findings] == ["sparkplug.no_birth"]
    assert "DDATA came before the node's birth" in plant.findings[0].what
    plant.birth()
    plant.hear(plant.node.death(NOW))
    plant.node.will(NOW)
    plant.node.births(NOW)
    plant.hear(plant.data("count", 4))
    assert [finding.id for finding in plant.findings] == ["sparkplug.no_birth"] * 2


def test_an_unknown_metric_is_told_once_until_the_birth_of_its_device(born):
    unknown = [Metric("level", None, T.DOUBLE, 1.0), Metric(None, 99, T.INT8, 1)]
    for seq in (2, 3):
        hears(born, MessageType.DDATA, unknown, seq, device="filler")
    assert [finding.what for finding in born.findings] == [
        "Edge node 'g/n', device 'filler': No metric named 'level' stands in the birth.",
        "Edge node 'g/n', device 'filler': No metric with the alias 99 stands in the birth.",
    ]
    hears(born, MessageType.DBIRTH, [Metric("count", 40, T.INT8, 1)], 4, device="filler")
    hears(born, MessageType.DDATA, unknown, 5, device="filler")
    assert len(born.findings) == 4


@pytest.mark.parametrize("time_ms", [NOW + 3_600_000, 5, 2**63])
@pytest.mark.parametrize("historical", [True, False])
def test_an_impossible_time_is_told_and_the_receipt_counts(born, time_ms, historical):
    metrics = [
        Metric("count", None, T.INT8, 1, time_ms, is_historical=historical),
        Metric("temperature", None, T.DOUBLE, 2.0, NOW + 5),
    ]
    [event] = hears(born, MessageType.DDATA, metrics, 2, device="filler", ms=9)
    times = {metric.name: sample.timestamp_ms for metric, sample, _ in event.values}
    assert times == {"temperature": NOW + 5} | ({} if historical else {"count": NOW + 9})
    assert [finding.id for finding in born.findings] == ["sparkplug.timestamp"]
    assert "The time of metric 'count' cannot be" in born.findings[0].what


def test_an_impossible_time_of_the_message_is_told(born):
    [event] = hears(born, MessageType.DDATA, [Metric("count", None, T.INT8, 1)], 2, device="filler", ms=9, sent_ms=77)
    assert event.values[0][1].timestamp_ms == NOW + 9
    assert "The time of the message cannot be: 1970-01-01" in born.findings[0].what


# --- two clients for one node -----------------------------------------------------------------------------------------


def test_a_second_client_that_speaks_for_the_node_is_told_of_and_not_read(plant):
    plant.node.will(NOW)
    plant.hear(*plant.node.births(NOW), client="plc-a")
    assert plant.session.client == "plc-a"
    foreign, own = plant.data("count", 1), plant.data("count", 2)
    assert plant.hear(foreign, client="plc-b") == []
    assert [finding.id for finding in plant.findings] == ["sparkplug.duplicate_node"]
    assert "'plc-a'" in plant.findings[0].what
    assert "'plc-b', which sent DDATA" in plant.findings[0].what
    plant.hear(own, client="plc-a")
    assert plant.session.counts["foreign"] == 1


def test_a_reconnect_under_another_client_id_is_no_second_client(plant):
    first = plant.node.will(NOW)
    plant.hear(*plant.node.births(NOW), client="plc-1")
    plant.node.will(NOW + 1)
    plant.hear(*plant.node.births(NOW + 1), ms=1, client="plc-2")
    assert plant.hear(first, ms=2, client="plc-1") == []
    assert values(plant.hear(plant.data("count", 3), client="plc-2")) == [("filler", "count", 3)]
    assert plant.findings == []
    assert plant.session.state is NodeState.ONLINE


def test_two_clients_that_are_born_in_turns_are_told_of(plant):
    for ms, client in enumerate(["plc-a", "plc-b", "plc-a"]):
        plant.node.will(NOW + ms)
        plant.hear(*plant.node.births(NOW + ms), ms=ms, client=client)
    assert [finding.id for finding in plant.findings] == ["sparkplug.duplicate_node"]


def test_a_death_by_another_client_kills_nobody_even_with_the_same_number(plant):
    will = plant.node.will(NOW)
    plant.hear(*plant.node.births(NOW), client="plc-a")
    assert plant.hear(will, client="plc-b") == []
    assert plant.session.state is NodeState.ONLINE


def test_commands_are_not_the_hosts_to_read(born):
    assert born.session.receive(SparkplugTopic("g", MessageType.NCMD, "n"), b"junk", NOW, 0) == []
    assert born.findings == []


def test_an_undecodable_payload_is_a_finding_and_its_successor_finds_the_gap(born):
    broken = born.data("count", 1)
    broken.payload = broken.payload[:-1]
    assert born.hear(broken) == []
    assert [finding.id for finding in born.findings] == ["sparkplug.payload"]
    born.hear(born.data("count", 2))
    assert born.session.tick(NOW + 2000, 2000)[-1] == RebirthWanted(Cause.SEQ_GAP)


@given(st.lists(st.tuples(st.sampled_from(list(MessageType)), st.binary(max_size=40)), max_size=8))
def test_no_message_raises(messages):
    plant = Plant()
    plant.birth()
    for kind, payload in messages:
        topic = SparkplugTopic("g", kind, "n", "filler" if kind.of_device else "")
        plant.session.receive(topic, payload, NOW, 0)
    plant.session.tick(NOW + 10_000, 10_000)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(MessageType)),
            st.lists(metrics(), max_size=4),
            st.none() | st.integers(0, 300),
            st.none() | st.integers(0, 2**64 - 1),
            st.sampled_from(["", "plc-a", "plc-b"]),
        ),
        max_size=12,
    )
)
def test_no_sequence_of_payloads_raises(messages):
    """Births with templates and clashing aliases, data of any type, impossible times, two clients, in any order."""
    plant = Plant()
    plant.birth()
    for number, (kind, carried, seq, sent_ms, client) in enumerate(messages):
        topic = SparkplugTopic("g", kind, "n", "filler" if kind.of_device else "")
        wire = encode(Payload(sent_ms, carried, seq))
        for event in plant.session.receive(topic, wire, NOW + number, number, client=client):
            if isinstance(event, Values):
                for _, sample, _ in event.values:
                    encode_sample(sample)
    plant.session.tick(NOW + 10_000, 10_000)
    assert all(finding.what.startswith("Edge node 'g/n'") for finding in plant.findings)

"""The host application on a real link: edge nodes in, the ISA-95 tree out, commands back."""

import json
import math
from functools import partial
from itertools import pairwise

import pytest

from tests.support.clock import FakeClock
from tests.support.memory_link import MemoryBroker
from tests.support.real_broker import RealBroker
from uns.errors import UnsError
from uns.host.application import SparkplugHost
from uns.samples import DataType, Quality, Sample, decode_sample
from uns.sparkplug.command import RebirthRequested, Write
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.decode import decode
from uns.sparkplug.descriptor import WirePayload
from uns.sparkplug.edge import EdgeNode
from uns.sparkplug.encode import encode
from uns.sparkplug.events import NodeState
from uns.sparkplug.payload import REBIRTH, Metric, Payload, Template
from uns.sparkplug.status import DeviceStatus, Origin

TREE = "acme/ghent/packaging/line1"
GROUP = "acme:ghent:packaging"
STATE = "spBv1.0/STATE/uns"


class Edge:
    """An edge node on its own link, that answers rebirth requests and keeps the writes it gets."""

    def __init__(self, plant, node="line1", **metrics):
        self.clock = plant.clock
        self.link = plant.broker.link(f"edge-{node}")
        self.node = EdgeNode(GROUP, node, on_finding=plant.edge_findings.append)
        self.writes = []
        for name, datatype in (metrics or {"temperature": DataType.DOUBLE}).items():
            self.node.declare("filler", name, datatype, unit="Cel" if name == "temperature" else "")
        self.node.join("filler", self.clock.wall_ms())

    def connect(self):
        self.link.open(self.node.will(self.clock.wall_ms()))
        for topic_filter in self.node.subscriptions:
            self.link.subscribe(topic_filter, self.receive)
        self.send(*self.node.births(self.clock.wall_ms()))
        return self

    def receive(self, message):
        for event in self.node.receive(message.topic, message.payload, self.clock.wall_ms()):
            if isinstance(event, RebirthRequested):
                self.send(*self.node.births(self.clock.wall_ms()))
            else:
                self.writes.append(event)

    def send(self, *messages):
        for message in messages:
            if message is not None:
                self.link.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)

    def data(self, name, value, quality=Quality.GOOD, device="filler", **options):
        now = self.clock.wall_ms()
        self.send(self.node.data(device, [(name, Sample(value, quality, now))], now, **options))


class Plant:
    def __init__(self, broker, **options):
        self.clock = FakeClock()
        self.broker = broker(self.clock)
        self.findings = []
        self.edge_findings = []
        self.historical = []
        self.host = SparkplugHost(
            self.broker.link("uns-host"),
            self.clock,
            "uns",
            lambda finding, message: self.findings.append((finding, message)),
            on_historical=lambda topic, sample: self.historical.append((topic, sample)),
            **options,
        )

    def value(self, topic):
        """The retained document of a topic of the tree, without its timestamp."""
        message = self.broker.retained.get(f"{TREE}/{topic}")
        if message is None:
            return None
        document = json.loads(message.payload)
        document.pop("timestamp")
        return tuple(document.values())

    def advance(self, ms):
        self.clock.advance(ms)
        self.host.tick()

    def ids(self):
        return [finding.id for finding, _ in self.findings]


@pytest.fixture(params=[MemoryBroker, RealBroker], ids=["queued", "nested"])
def make_plant(request):
    """Everything here holds whether a broker delivers after or within the delivery that brought the message about."""
    return partial(Plant, request.param)


@pytest.fixture
def plant(make_plant):
    made = make_plant()
    made.host.start()
    made.clock.advance(10)
    return made


# --- STATE ------------------------------------------------------------------------------------------------------------


def test_the_first_publish_says_that_the_host_is_online(make_plant):
    plant = make_plant()
    other = plant.broker.link("other")
    other.open()
    other.publish(STATE, b'{"online":false,"timestamp":1}', retain=True)
    other.publish(f"spBv1.0/{GROUP}/NBIRTH/line9", b"\x18\x00", retain=True)  # makes the host want a rebirth
    plant.broker.published.clear()
    plant.host.start()
    [first] = plant.broker.published
    assert (first.topic, first.qos, first.retain) == (STATE, 1, True)
    assert json.loads(first.payload) == {"online": True, "timestamp": plant.clock.wall_ms()}
    plant.advance(1)
    assert plant.broker.published[1].topic == f"spBv1.0/{GROUP}/NCMD/line9"
    assert plant.ids() == []


def test_a_lost_host_is_told_by_its_will_and_a_stopped_one_by_itself(plant):
    start = json.loads(plant.broker.retained[STATE].payload)["timestamp"]
    plant.clock.advance(5000)
    plant.host.stop()
    state = json.loads(plant.broker.retained[STATE].payload)
    assert state == {"online": False, "timestamp": start + 10 + 5000}
    plant.host.start()
    plant.clock.advance(1)
    plant.broker.links[-1].lose()
    assert json.loads(plant.broker.retained[STATE].payload) == {"online": False, "timestamp": start + 10 + 5000}


def test_who_speaks_for_the_host_is_contradicted(plant):
    intruder = plant.broker.link("intruder")
    intruder.open()
    mine = plant.broker.retained[STATE].payload
    intruder.publish(STATE, b'{"online":false,"timestamp":99}', retain=True)
    assert plant.broker.retained[STATE].payload == mine
    assert plant.ids() == ["sparkplug.state"]
    intruder.publish(STATE, b'{"online":true,"timestamp":99}', retain=True)
    assert plant.broker.retained[STATE].payload != mine
    plant.advance(999)
    assert plant.broker.retained[STATE].payload != mine
    plant.advance(1)
    assert plant.broker.retained[STATE].payload == mine


# --- projection -------------------------------------------------------------------------------------------------------


def test_births_and_data_appear_on_the_tree(plant):
    edge = Edge(plant, temperature=DataType.DOUBLE, state=DataType.STRING)
    edge.data("temperature", 20.0)
    edge.connect()
    assert plant.value("filler/temperature") == (20.0, "Good")
    assert plant.value("filler/state") == (None, "GoodNoData")
    plant.clock.advance(3)
    edge.data("temperature", 21.4)
    message = plant.broker.retained[f"{TREE}/filler/temperature"]
    assert (message.qos, message.publisher) == (0, "uns-host")
    assert json.loads(message.payload)["timestamp"] == "2026-09-21T14:13:20.013Z"
    assert plant.value("filler/temperature") == (21.4, "Good")
    assert set(plant.broker.retained) == {STATE, f"{TREE}/filler/state", f"{TREE}/filler/temperature"}


VALUES = [
    (DataType.INT64, -(2**63), -(2**63)),
    (DataType.UINT64, 2**64 - 1, 2**64 - 1),
    (DataType.FLOAT, 21.4, 21.4),
    (DataType.STRING, "21", "21"),
    (DataType.BYTES, b"\x00\xff", "AP8="),
    (DataType.DATETIME, 0, "1970-01-01T00:00:00.000Z"),
    (DataType.BOOLEAN, True, True),
    (DataType.UUID, "f47ac10b", "f47ac10b"),
]


@pytest.mark.parametrize(("datatype", "value", "expected"), VALUES)
def test_types_survive(plant, datatype, value, expected):
    edge = Edge(plant, x=datatype).connect()
    edge.data("x", value)
    found = plant.value("filler/x")
    assert found == (expected, "Good")
    assert type(found[0]) is type(expected)
    assert plant.edge_findings == []


def test_what_json_cannot_hold_is_bad(plant):
    edge = Edge(plant).connect()
    for value in (math.nan, math.inf):
        edge.data("temperature", value)
        assert plant.value("filler/temperature") == (None, "Bad")


def test_qualities_survive(plant):
    edge = Edge(plant).connect()
    for value, quality in ((1.0, Quality.UNCERTAIN), (None, Quality.BAD), (2.0, Quality.GOOD)):
        edge.data("temperature", value, quality)
        assert plant.value("filler/temperature") == (value, quality)


def test_historical_values_do_not_move_the_live_one(plant):
    edge = Edge(plant).connect()
    edge.data("temperature", 21.0)
    edge.data("temperature", 5.0, historical=True)
    assert plant.value("filler/temperature") == (21.0, "Good")
    [(topic, sample)] = plant.historical
    assert (topic, sample.value) == (f"{TREE}/filler/temperature", 5.0)


def documents(plant, name="temperature"):
    """(value, quality, seconds since the start) of everything published on a topic of the filler."""
    start_ms = FakeClock().wall_ms() + 10
    samples = [decode_sample(m.payload, 0) for m in plant.broker.on(f"{TREE}/filler/{name}")]
    return [(sample.value, sample.quality, (sample.timestamp_ms - start_ms) / 1000) for sample in samples]


def test_a_death_makes_values_uncertain_at_its_own_time_and_a_birth_good_again(plant):
    edge = Edge(plant).connect()
    edge.data("temperature", 21.0)
    plant.broker.published.clear()
    plant.clock.advance(60_000)
    edge.link.lose()
    assert plant.host.origin(f"{TREE}/filler/temperature").online is False
    plant.clock.advance(5000)
    edge.connect()  # with the sample from before
    plant.clock.advance(1000)
    edge.data("temperature", 22.0)
    assert documents(plant) == [(21.0, "Uncertain", 60), (21.0, "Good", 65), (22.0, "Good", 66)]


def test_a_constant_keeps_its_time_after_each_return_however_often_it_is_told(plant):
    edge = Edge(plant).connect()
    constant = ("temperature", Sample(21.0, Quality.GOOD, plant.clock.wall_ms()))
    edge.send(edge.node.data("filler", [constant], plant.clock.wall_ms()))
    plant.broker.published.clear()
    for _ in range(2):
        plant.clock.advance(1000)
        edge.link.lose()
        plant.clock.advance(1000)
        edge.connect()
        plant.clock.advance(500)
        edge.send(edge.node.data("filler", [constant], plant.clock.wall_ms()))
    good, uncertain = Quality.GOOD, Quality.UNCERTAIN
    assert documents(plant) == [
        *((21.0, uncertain, 1), (21.0, good, 2), (21.0, good, 2)),
        *((21.0, uncertain, 3.5), (21.0, good, 4.5), (21.0, good, 4.5)),
    ]


def test_a_rebirth_of_the_living_moves_no_time(plant):
    edge = Edge(plant).connect()
    edge.data("temperature", 21.0)
    edge.link.lose()
    edge.connect()
    plant.broker.published.clear()
    plant.clock.advance(60_000)
    edge.send(*edge.node.births(plant.clock.wall_ms()))
    [(_, quality, at_s)] = documents(plant)
    assert (quality, at_s) == ("Good", 0.002)  # dead 1 ms after the value, good again 1 ms later


def test_a_death_by_a_clock_behind_the_values_stands_behind_the_last_value(plant):
    edge = Edge(plant).connect()
    edge.data("temperature", 21.0)
    edge.send(*edge.node.leave("filler", plant.clock.wall_ms() - 60_000))
    assert documents(plant)[-1] == (21.0, "Uncertain", 0.001)


def test_live_retained_messages_are_no_messages_from_the_past(plant):
    edge = Edge(plant)
    edge.link.open(edge.node.will(plant.clock.wall_ms()))
    for message in edge.node.births(plant.clock.wall_ms()):
        edge.link.publish(message.topic, message.payload, retain=True)
    assert plant.value("filler/temperature") == (None, "GoodNoData")


def test_a_lost_device_is_stale_and_what_was_bad_stays_bad(plant):
    edge = Edge(plant, a=DataType.INT8, b=DataType.INT8, c=DataType.INT8).connect()
    edge.data("a", 1)
    edge.data("b", None, Quality.BAD)
    edge.send(*edge.node.leave("filler", plant.clock.wall_ms()))
    assert [plant.value(f"filler/{name}") for name in "abc"] == [(1, "Uncertain"), (None, "Bad"), (None, "GoodNoData")]


def test_retired_metrics_leave_the_tree(plant):
    edge = Edge(plant, a=DataType.INT8, b=DataType.INT8).connect()
    edge.node.withdraw("filler", "a")
    edge.send(*edge.node.join("filler", plant.clock.wall_ms()))
    assert plant.value("filler/a") is None
    assert plant.value("filler/b") == (None, "GoodNoData")
    assert plant.host.origin(f"{TREE}/filler/a") is None


def test_two_sources_for_one_topic_collide_until_the_first_is_dead(plant):
    first = Edge(plant, x=DataType.INT8).connect()
    first.node.declare("", "filler/x", DataType.INT8)
    first.send(*first.node.births(plant.clock.wall_ms()))
    assert plant.ids() == ["sparkplug.collision"]
    assert "filler/x" in plant.findings[0][0].what
    first.data("x", 1)
    first.data("filler/x", 9, device="")
    assert plant.value("filler/x") == (1, "Good")


def test_a_dead_owner_gives_its_topic_to_the_next(make_plant):
    plant = make_plant(template=lambda group, node, device, metric: f"{TREE}/{metric}" if device else None)
    plant.host.start()
    old, new = Edge(plant, "n1", x=DataType.INT8).connect(), Edge(plant, "n2", x=DataType.INT8)
    old.data("x", 1)
    old.link.lose()
    new.connect()
    new.data("x", 2)
    assert plant.value("x") == (2, "Good")
    assert plant.host.origin(f"{TREE}/x").node == "n2"
    old.connect()
    old.data("x", 3)
    assert plant.value("x") == (2, "Good")
    assert plant.ids() == ["sparkplug.collision"]


def test_a_name_too_long_for_a_topic_is_told(plant):
    Edge(plant, **{"x" * 70_000: DataType.INT8, "y": DataType.INT8}).connect()
    assert plant.ids() == ["sparkplug.topic"]
    assert plant.value("filler/y") == (None, "GoodNoData")


# --- rebirth ----------------------------------------------------------------------------------------------------------


def test_a_host_that_comes_late_asks_for_the_births(make_plant):
    plant = make_plant()
    edge = Edge(plant).connect()
    plant.clock.advance(60_000)
    plant.host.start()
    edge.data("temperature", 5.0)
    assert plant.value("filler/temperature") is None
    plant.advance(1)
    assert plant.value("filler/temperature") == (5.0, "Good")
    assert plant.host.nodes()[0].rebirth_requests == 1
    assert plant.host.nodes()[0].rebirth_cause == "message before the node's birth"


def test_first_requests_are_spread_over_the_start(make_plant):
    plant = make_plant(start_spread_ms=10_000)
    edges = [Edge(plant, f"line{index}").connect() for index in range(20)]
    plant.host.start()
    for edge in edges:
        edge.data("temperature", 1.0)
    when = []
    for _ in range(101):
        plant.advance(100)
        when.append(len(plant.broker.on(f"spBv1.0/{GROUP}/NCMD/")))
    assert when[-1] == 20
    assert max(after - before for before, after in pairwise(when)) < 8


def test_a_passive_host_asks_for_nothing(make_plant):
    plant = make_plant(passive=True)
    edge = Edge(plant).connect()
    plant.host.start()
    edge.data("temperature", 5.0)
    plant.advance(60_000)
    assert plant.broker.on(f"spBv1.0/{GROUP}/NCMD/") == []


def test_an_operator_can_ask(plant):
    edge = Edge(plant).connect()
    plant.clock.advance(5000)
    plant.broker.published.clear()
    plant.host.request_rebirth(GROUP, "line1")
    assert [m.topic.split("/")[2] for m in plant.broker.published[:3]] == ["NCMD", "NBIRTH", "DBIRTH"]
    assert edge.writes == []
    with pytest.raises(UnsError, match=r"unknown\.node"):
        plant.host.request_rebirth(GROUP, "line9")


# --- commands and questions -------------------------------------------------------------------------------------------


COMMANDS = [
    (DataType.DOUBLE, 5, 5.0),
    (DataType.INT16, -3, -3),
    (DataType.INT16, 4.0, 4),
    (DataType.UINT64, 2**64 - 1, 2**64 - 1),
    (DataType.BOOLEAN, False, False),
    (DataType.STRING, "stop", "stop"),
    (DataType.DATETIME, "2026-09-21T14:13:20.000Z", 1_790_000_000_000),
    (DataType.BYTES, "AP8=", b"\x00\xff"),
    (DataType.INT8, None, None),
]


@pytest.mark.parametrize(("datatype", "value", "expected"), COMMANDS)
def test_a_write_becomes_a_typed_command(plant, datatype, value, expected):
    edge = Edge(plant, **{"speed/setpoint": datatype}).connect()
    plant.host.command(f"{TREE}/filler/speed/setpoint", value)
    assert edge.writes == [Write("filler", "speed/setpoint", datatype, expected)]
    command = plant.broker.published[-1]
    assert (command.topic, command.qos, command.retain) == (f"spBv1.0/{GROUP}/DCMD/line1/filler", 0, False)


def test_a_node_metric_is_written_by_ncmd(plant):
    edge = Edge(plant)
    edge.node.declare("", "mode", DataType.STRING)
    edge.connect()
    plant.host.command(f"{TREE}/mode", "manual")
    assert edge.writes == [Write("", "mode", DataType.STRING, "manual")]


@pytest.mark.parametrize("value", [300, "5", True, 1.5, [1]])
def test_a_write_that_does_not_fit_is_refused(plant, value):
    edge = Edge(plant, x=DataType.INT8).connect()
    with pytest.raises(UnsError, match=r"sparkplug\.datatype"):
        plant.host.command(f"{TREE}/filler/x", value)
    assert edge.writes == []


@pytest.mark.parametrize(("datatype", "value"), [(DataType.DATETIME, "yesterday"), (DataType.BYTES, "?")])
def test_a_write_that_cannot_be_read_is_refused(plant, datatype, value):
    Edge(plant, x=datatype).connect()
    with pytest.raises(UnsError, match=r"sparkplug\.datatype"):
        plant.host.command(f"{TREE}/filler/x", value)


def test_a_write_needs_a_living_metric(plant):
    edge = Edge(plant).connect()
    with pytest.raises(UnsError, match=r"unknown\.topic.*Did you mean '.*/temperature'"):
        plant.host.command(f"{TREE}/filler/temperatur", 5.0)
    edge.link.lose()
    with pytest.raises(UnsError, match=r"unreachable\.node"):
        plant.host.command(f"{TREE}/filler/temperature", 5.0)


def test_origin_and_nodes(plant):
    edge = Edge(plant).connect()
    assert plant.host.origin(f"{TREE}/filler/temperature") == Origin(
        GROUP, "line1", "filler", "temperature", DataType.DOUBLE, "Cel", True
    )
    assert plant.host.origin("acme") is None
    [status] = plant.host.nodes()
    assert (status.group, status.node, status.state, status.bd_seq) == (GROUP, "line1", NodeState.ONLINE, 0)
    assert status.devices == [DeviceStatus("filler", True, plant.clock.wall_ms(), 1)]
    assert status.counts == {"NBIRTH": 1, "DBIRTH": 1}
    born_ms = plant.clock.wall_ms()
    plant.clock.advance(500)
    edge.link.lose()
    assert plant.host.nodes()[0].state is NodeState.OFFLINE
    assert plant.host.nodes()[0].since_ms == born_ms + 500


# --- what goes wrong --------------------------------------------------------------------------------------------------


WRONG = [
    (f"spBv1.0/{GROUP}/NBIRTH/line1", b"\xff\xff", "sparkplug.payload"),
    ("spBv1.0/x", b"", "sparkplug.topic"),
    ("spBv1.0/g/NDATA/n/device", b"", "sparkplug.topic"),
]


@pytest.mark.parametrize(("topic", "payload", "finding"), WRONG)
def test_wrong_messages_are_told_with_the_message(plant, topic, payload, finding):
    client = plant.broker.link("client")
    client.open()
    client.publish(topic, payload)
    [(found, message)] = plant.findings
    assert (found.id, message.topic, message.publisher) == (finding, topic, "client")


def test_another_hosts_state_is_none_of_ours(plant):
    client = plant.broker.link("client")
    client.open()
    client.publish("spBv1.0/STATE/other", b"junk")
    assert plant.findings == []
    assert plant.host.nodes() == []


def test_the_number_of_nodes_is_bounded(make_plant):
    plant = make_plant(max_nodes=1)
    plant.host.start()
    for index in range(3):
        Edge(plant, f"line{index}").connect()
    assert len(plant.host.nodes()) == 1
    assert plant.ids() == ["quota.nodes"]
    assert plant.host.refused == 4


def test_projected_values_are_not_read_again(plant):
    Edge(plant).connect()
    plant.broker.published.clear()
    edge = plant.broker.link("someone")
    edge.open()
    edge.publish(f"{TREE}/filler/temperature", b'{"value":1}', retain=True)
    assert len(plant.broker.published) == 1


# --- templates, loops, writes by name ---------------------------------------------------------------------------------


def motor(value, **about):
    member = Metric("speed", None, DataType.INT32, value)
    return Metric("m1", 7, SparkplugType.TEMPLATE, Template([member], ref="motor"), **about)


@pytest.fixture
def udt(plant):
    """An edge node, made by hand, whose own metrics are an instance of a template and Sparkplug's."""
    plant.link = plant.broker.link("udt")
    plant.link.open()
    rebirth = Metric(REBIRTH, None, SparkplugType.BOOLEAN, False)
    birth = Payload(plant.clock.wall_ms(), [motor(5), rebirth], 0)
    plant.link.publish(f"spBv1.0/{GROUP}/NBIRTH/line1", encode(birth))
    return plant


def commanded(plant):
    [message] = plant.broker.on(f"spBv1.0/{GROUP}/NCMD")
    payload, findings = decode(message.payload)
    assert findings == []
    assert (message.qos, message.retain, payload.seq) == (0, False, None)
    return payload.metrics


def test_the_members_of_an_instance_have_topics_of_their_own(udt):
    assert udt.value("m1/speed") == (5, "Good")
    assert udt.value("m1") is None


def test_a_member_is_written_inside_its_instance(udt):
    udt.host.command(f"{TREE}/m1/speed", 9)
    [metric] = commanded(udt)
    assert (metric.alias, metric.name, metric.value.ref, metric.value.is_definition) == (7, None, "motor", False)
    assert [(each.name, each.datatype, each.value) for each in metric.value.metrics] == [("speed", DataType.INT32, 9)]


def test_a_metric_that_has_no_topic_is_written_by_its_name(udt):
    udt.host.command_metric(GROUP, "line1", "", REBIRTH, True)
    [metric] = commanded(udt)
    assert (metric.name, metric.datatype, metric.value) == (REBIRTH, SparkplugType.BOOLEAN, True)


@pytest.mark.parametrize(
    ("node", "device", "metric", "value", "id_", "nearest"),
    [
        ("lin1", "", "m1/speed", 1, "unknown.node", f"{GROUP}/line1"),
        ("line1", "filler", "m1/speed", 1, "unknown.device", ""),
        ("line1", "", "m1/sped", 1, "unknown.metric", "m1/speed"),
        ("line1", "", "m1/speed", "fast", "sparkplug.datatype", ""),
        ("line1", "", "m1/speed", 2**40, "sparkplug.datatype", ""),
    ],
)
def test_what_cannot_be_written_says_why(udt, node, device, metric, value, id_, nearest):
    with pytest.raises(UnsError) as refused:
        udt.host.command_metric(GROUP, node, device, metric, value)
    assert (refused.value.finding.id, refused.value.finding.nearest) == (id_, nearest)
    assert udt.broker.on(f"spBv1.0/{GROUP}/NCMD") == []


def test_a_node_shows_what_it_was_born_with(udt):
    status, metrics = udt.host.node(GROUP, "line1")
    assert (status.client, status.state, status.counts) == ("udt", NodeState.ONLINE, {"NBIRTH": 1})
    shown = {metric.name: (metric.alias, metric.datatype, metric.topic, metric.ref) for metric in metrics}
    assert shown == {
        "m1": (7, "Template", None, "motor"),
        "m1/speed": (None, "Int32", f"{TREE}/m1/speed", None),
        REBIRTH: (None, "Boolean", None, None),
    }


def test_what_is_projected_is_never_projected_again(plant):
    link = plant.broker.link("loop")
    link.open()
    birth = Payload(plant.clock.wall_ms(), [Metric("NDATA/line1", 1, DataType.INT8, 1)], 0)
    link.publish("spBv1.0/spBv1.0/NBIRTH/g", encode(birth))
    assert plant.ids() == ["sparkplug.topic"]
    assert "read as Sparkplug again" in plant.findings[0][0].what
    assert plant.broker.on("spBv1.0/g") == []


def test_a_passive_host_asks_for_births_when_an_operator_does(make_plant):
    plant = make_plant(passive=True)
    plant.host.start()
    link = plant.broker.link("edge")
    link.open()
    link.publish(f"spBv1.0/{GROUP}/NDATA/line1", encode(Payload(plant.clock.wall_ms(), [], 3)))
    plant.advance(60_000)
    assert plant.broker.on(f"spBv1.0/{GROUP}/NCMD") == []
    assert plant.host.request_rebirth(GROUP, "line1") is True
    assert [metric.name for metric in commanded(plant)] == [REBIRTH]
    assert plant.host.request_rebirth(GROUP, "line1") is False


@pytest.mark.parametrize("in_long", [True, False])
def test_a_uint32_is_written_in_the_field_in_which_it_was_born(plant, in_long):
    link = plant.broker.link("tahu")
    link.open()
    born = Metric("goal", None, SparkplugType.UINT32, 1, in_long=in_long)
    link.publish(f"spBv1.0/{GROUP}/NBIRTH/line1", encode(Payload(plant.clock.wall_ms(), [born], 0)))
    plant.host.command(f"{TREE}/goal", 70_000)
    [message] = plant.broker.on(f"spBv1.0/{GROUP}/NCMD")
    [wire] = WirePayload.FromString(message.payload).metrics
    assert wire.WhichOneof("value") == ("long_value" if in_long else "int_value")
    assert (wire.long_value or wire.int_value) == 70_000

"""What does the host make of an edge node that nobody here wrote, and that takes the specification lightly?

The npm package sparkplug-client is one: where it breaks Sparkplug B 3.0, a comment names what it breaks.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.interop.sparkplug_client import (
    REBIRTH,
    Fields,
    SparkplugClient,
    births_of,
    long,
    metric,
    payload,
    plain,
    raw,
)
from tests.support.command import uns
from tests.support.until import until
from uns.samples import format_timestamp, parse_timestamp
from uns.sparkplug.command import value_from_json
from uns.sparkplug.datatypes import SparkplugType
from uns.sparkplug.decode import decode
from uns.sparkplug.encode import encode
from uns.sparkplug.payload import Metric, Payload

GROUP, TREE = "works:free:sparkplug", "works/free/sparkplug"
T0 = 1_760_000_000_123
"""The past, so that what the host says of its own time stands behind it."""

COMPRESSIONS = [
    {},
    {"compress": True},
    {"compress": True, "algorithm": "DEFLATE"},
    {"compress": True, "algorithm": "GZIP"},
]


@pytest.fixture
def edge(server, users) -> Iterator[Callable[[str], SparkplugClient]]:
    """Makes edge nodes that are not yet connected."""
    clients: list[SparkplugClient] = []

    def make(node: str) -> SparkplugClient:
        client = SparkplugClient(server.mqtt_port, GROUP, node, "ada", users.passwords["ada"])
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.stop()


@pytest.fixture
def sample(topic) -> Callable[[str], tuple[Any, str, str] | None]:
    """(value, quality, timestamp) of `node/…`, as the API tells them; None when nothing is there."""

    def ask(name: str) -> tuple[Any, str, str] | None:
        shown = topic(f"{TREE}/{name}")
        return None if shown is None else (shown["value"], shown["quality"], shown["timestamp"])

    return ask


@pytest.fixture
def arrives(sample) -> Callable[..., str]:
    """Wait for a value of a quality; its timestamp."""

    def wait(name: str, value: Any, quality: str = "Good") -> str:
        return until(
            lambda: found[2] if (found := sample(name)) is not None and found[:2] == (value, quality) else None,
            f"{name} = {value!r} {quality}",
        )

    return wait


@pytest.fixture
def findings(server, users) -> Callable[[str], set[str]]:
    """The ids of what a node was faulted for."""

    def ask(node: str) -> set[str]:
        env = server.env | users.env("ada")
        listed = [
            uns("violations", "list", "--topic", f"spBv1.0/{GROUP}/+/{name}", "-o", "json", env=env).json["violations"]
            for name in (node, f"{node}/#")
        ]
        return {each["finding"]["id"] for violations in listed for each in violations}

    return ask


@pytest.fixture
def wire(paho):
    """What travels below the group, undecoded: `wire("NBIRTH", "node")` waits for the first such message."""
    client = paho("sparkplug-wire")
    client.subscribe(f"spBv1.0/{GROUP}/#", 1)
    return lambda kind, name: client.received(f"spBv1.0/{GROUP}/{kind}/{name}")


def read(message) -> Payload:
    decoded, faults = decode(message.payload)
    assert decoded is not None
    assert faults == []
    return decoded


def node_birth(*metrics: Fields) -> Fields:
    return payload(T0, metric(REBIRTH, "Boolean", False), *metrics)


# --- values ----------------------------------------------------------------------------------------------------------


def test_births_and_data_arrive_on_their_topics(edge, arrives, findings):
    client = edge("plain")
    node = node_birth(metric("load", "Double", 0.5, timestamp=T0 - 5))
    client.connect(births_of(node, oven=payload(T0 + 1, metric("zone/1", "Float", 180.4))))
    assert arrives("plain/load", 0.5) == format_timestamp(T0 - 5)
    assert arrives("plain/oven/zone/1", 180.4) == format_timestamp(T0 + 1)
    client.node_data(payload(T0 + 10, metric("load", "Double", 0.75)))
    client.data("oven", payload(T0 + 20, metric("zone/1", "Float", 181.5, timestamp=T0 + 19)))
    assert arrives("plain/load", 0.75) == format_timestamp(T0 + 10)
    assert arrives("plain/oven/zone/1", 181.5) == format_timestamp(T0 + 19)
    assert findings("plain") == set()


SCALARS: list[tuple[str, list[Any]]] = [
    ("Int8", [-128, 127, -1]),
    ("Int16", [-32_768, 32_767, -1]),
    ("Int32", [-(2**31), 2**31 - 1, -1]),
    ("Int64", [-(2**63), 2**63 - 1, -1, 2**53 + 1, -(2**53) - 1]),
    ("UInt8", [255, 0]),
    ("UInt16", [65_535, 0]),
    ("UInt32", [2**32 - 1, 0]),  # in long_value, where the table of section 6.4.16 says uint32
    ("UInt64", [2**64 - 1, 0, 2**53 + 1]),
    ("Float", [21.4, -0.001, 3.4028234663852886e38, 0.0]),
    ("Double", [0.1 + 0.2, -1.7e308, 5e-324]),
    ("Boolean", [True, False]),
    ("String", ["Größe 😀", ""]),
    ("Text", ["a\nb", "0"]),
    ("UUID", ["6f9619ff-8b86-d011-b42d-00cf4fc964ff"]),
]


def in_javascript(kind: str, value: Any) -> Any:
    return long(value) if kind in ("Int64", "UInt64") and abs(value) > 2**53 else value


def test_every_scalar_is_exact_in_births_and_data(edge, sample, findings):
    client = edge("scalars")
    born = [(f"{kind}/{index}", kind, value) for kind, values in SCALARS for index, value in enumerate(values)]
    sent = [(f"{kind}/{index}", kind, value) for kind, values in SCALARS for index, value in enumerate(values[::-1])]

    def arrive(named: list[tuple[str, str, Any]], time_ms: int) -> None:
        """All of one payload, whose last metric is the last to arrive."""
        wanted = {name: (value, "Good", format_timestamp(time_ms)) for name, _, value in named}
        last = named[-1][0]
        until(lambda: sample(f"scalars/unit/{last}") == wanted[last], "the last of them")
        assert {name: sample(f"scalars/unit/{name}") for name in wanted} == wanted

    unit = payload(T0, *(metric(name, kind, in_javascript(kind, value)) for name, kind, value in born))
    client.connect(births_of(node_birth(), unit=unit))
    arrive(born, T0)
    client.data(
        "unit", payload(T0 + 1, *(metric(name, kind, in_javascript(kind, value)) for name, kind, value in sent))
    )
    arrive(sent, T0 + 1)
    assert findings("scalars") == set()


def test_times_and_bytes_are_text(edge, arrives):
    born = [
        metric("since", "DateTime", T0),
        metric("digest", "Bytes", raw(b"\x00\xff\n")),
        metric("recipe", "File", raw(b"a;b"), metadata={"fileName": "recipe.csv", "size": 3}),
    ]
    edge("texts").connect(births_of(node_birth(*born)))
    arrives("texts/since", format_timestamp(T0))
    arrives("texts/digest", "AP8K")
    arrives("texts/recipe", "YTti")


def test_nulls_are_no_data(edge, arrives, findings):
    kinds = [*(kind for kind, _ in SCALARS), "DateTime", "Bytes", "File"]
    edge("nulls").connect(births_of(node_birth(*(metric(f"no{kind}", kind, None) for kind in kinds))))
    for kind in kinds:
        arrives(f"nulls/no{kind}", None, "GoodNoData")
    assert findings("nulls") == set()


def test_what_json_cannot_hold_is_bad(edge, arrives):
    born = [metric(each, "Double", {"$number": each}) for each in ("NaN", "Infinity", "-Infinity")]
    edge("floats").connect(births_of(node_birth(*born, metric("small", "Float", {"$number": "NaN"}))))
    for name in ("NaN", "Infinity", "-Infinity", "small"):
        arrives(f"floats/{name}", None, "Bad")


def test_qualities_are_told_by_their_property(edge, arrives):
    client = edge("qualities")
    codes = {"Good": 192, "Uncertain": 500, "Bad": 0}
    client.connect(
        births_of(
            node_birth(*(metric(f"{each}Born", "Int32", 1, properties=quality(code)) for each, code in codes.items())),
            unit=payload(T0, metric("level", "Int32", 1)),
        )
    )
    for each in codes:
        arrives(f"qualities/{each}Born", None if each == "Bad" else 1, each)
    for number, (each, code) in enumerate(codes.items(), 2):
        client.data("unit", payload(T0 + number, metric("level", "Int32", number, properties=quality(code))))
        arrives("qualities/unit/level", None if each == "Bad" else number, each)


def quality(code: int) -> Fields:
    return {"Quality": {"type": "Int32", "value": code}}


def test_property_sets_of_every_depth_are_taken(edge, arrives, findings):
    inner = {"low": {"type": "Int64", "value": long(-(2**60))}, "unit": {"type": "String", "value": "Cel"}}
    properties = {
        "engUnit": {"type": "String", "value": "Cel"},
        "nothing": {"type": "String", "value": None},
        "limits": {"type": "PropertySet", "value": inner},
        "history": {"type": "PropertySetList", "value": [inner, {}]},
    }
    edge("properties").connect(births_of(node_birth(metric("warmth", "Double", 20.5, properties=properties))))
    arrives("properties/warmth", 20.5)
    assert findings("properties") == set()


def test_a_property_set_as_a_value_is_no_data(edge, arrives, findings):
    """Metrics have no such field (section 6.4.6): sparkplug-client takes the value, and sends none."""
    born = metric("limits", "PropertySet", {"low": {"type": "Int32", "value": 1}})
    edge("setvalue").connect(births_of(node_birth(born, metric("load", "Double", 0.5))))
    arrives("setvalue/load", 0.5)
    arrives("setvalue/limits", None, "GoodNoData")


def test_a_data_set_is_its_columns_and_rows(edge, arrives, findings):
    client = edge("datasets")
    kinds = ["Int8", "Int64", "UInt32", "UInt64", "Float", "Boolean", "String", "DateTime"]
    cells = [-1, long(-(2**53) - 1), 2**32 - 1, long(2**64 - 1), 21.4, True, "ä", T0]
    table = {"numOfColumns": len(kinds), "columns": [f"c{kind}" for kind in kinds], "types": kinds, "rows": [cells]}
    client.connect(births_of(node_birth(metric("table", "DataSet", table))))
    row = [-1, -(2**53) - 1, 2**32 - 1, 2**64 - 1, 21.4, True, "ä", format_timestamp(T0)]
    arrives("datasets/table", {"columns": table["columns"], "rows": [row]})
    client.node_data(payload(T0 + 1, metric("table", "DataSet", table | {"rows": []})))
    arrives("datasets/table", {"columns": table["columns"], "rows": []})
    assert findings("datasets") == set()


def test_a_template_is_its_members_and_its_definition_no_value(edge, arrives, sample, findings):
    client = edge("templates")
    members = [metric("speed", "Double", 0.0), metric("count", "Int64", 0)]
    parameters = [{"name": "line", "type": "UInt32", "value": 7}, {"name": "site", "type": "String", "value": "ghent"}]
    definition = {"isDefinition": True, "version": "1", "metrics": members, "parameters": parameters}
    instance = {"isDefinition": False, "templateRef": "_types_/motor", "version": "1", "parameters": parameters}

    def motor(speed: float, count: int) -> Fields:
        values = [metric("speed", "Double", speed), metric("count", "Int64", long(count))]
        return metric("motor", "Template", instance | {"metrics": values})

    client.connect(
        births_of(
            node_birth(metric("_types_/motor", "Template", definition)), unit=payload(T0, motor(12.5, -(2**53) - 1))
        )
    )
    arrives("templates/unit/motor/speed", 12.5)
    arrives("templates/unit/motor/count", -(2**53) - 1)
    client.data("unit", payload(T0 + 1, motor(13.5, 2**53 + 1)))
    arrives("templates/unit/motor/speed", 13.5)
    arrives("templates/unit/motor/count", 2**53 + 1)
    assert sample("templates/unit/motor") is None
    assert sample("templates/_types_/motor") is None
    assert findings("templates") == set()


def test_aliases_stand_for_names(edge, arrives, findings):
    """One is 0, and one beyond 2^53."""
    client = edge("aliases")
    aliases = {"zero": 0, "large": 2**63}
    born = [metric(name, "Int32", 1, alias=long(alias)) for name, alias in aliases.items()]
    client.connect(births_of(node_birth(), unit=payload(T0, *born)))
    data = [{"type": "Int32", "value": 2, "alias": long(alias)} for alias in aliases.values()]
    client.data("unit", payload(T0 + 1, *data))
    for name in aliases:
        arrives(f"aliases/unit/{name}", 2)
    assert findings("aliases") == set()


def test_a_historical_value_does_not_move_the_live_one(edge, arrives, sample):
    client = edge("historical")
    client.connect(births_of(node_birth(), unit=payload(T0, metric("level", "Int32", 5), metric("last", "Int32", 0))))
    arrives("historical/unit/level", 5)
    past = metric("level", "Int32", 4, timestamp=T0 - 60_000, isHistorical=True)
    client.data("unit", payload(T0 + 1, past, metric("last", "Int32", 1)))
    arrives("historical/unit/last", 1)
    assert sample("historical/unit/level") == (5, "Good", format_timestamp(T0))


def test_without_any_timestamp_the_time_of_arrival_counts(edge, arrives, wire):
    """Breaks tck-id-payloads-nbirth-timestamp, which the library leaves to the application."""
    begin_ms = time.time_ns() // 1_000_000
    edge("timeless").connect(births_of({"metrics": [metric("load", "Double", 0.5)]}))
    assert read(wire("NBIRTH", "timeless")).timestamp_ms is None
    assert parse_timestamp(arrives("timeless/load", 0.5)) >= begin_ms


def test_a_wrong_metric_costs_that_metric(edge, arrives, sample, findings):
    wrong = [
        metric("wide", "Int16", 70_000),  # not checked by the library
        metric("list", "Int32Array", raw(b"")),  # unknown to the library, which sends datatype 0
    ]
    edge("wrong").connect(births_of(node_birth(*wrong, metric("right", "Int16", 7))))
    arrives("wrong/right", 7)
    assert sample("wrong/wide") is None
    assert sample("wrong/list") is None
    until(lambda: findings("wrong") == {"sparkplug.datatype", "sparkplug.birth"}, "both are faulted")


@pytest.mark.parametrize("options", COMPRESSIONS, ids=lambda each: each.get("algorithm", str(bool(each))))
def test_compressed_payloads_are_opened(edge, arrives, wire, findings, options):
    """seq and timestamp are inside alone: the outer payload breaks tck-id-payloads-sequence-num-always-included."""
    node = f"packed-{options.get('algorithm', bool(options))}"
    client = edge(node)
    born = payload(T0, metric("level", "Int64", long(-(2**53) - 1)), metric("name", "String", "x" * 4000))
    client.connect(births_of(node_birth(metric("load", "Double", 0.5)), options, unit=born))
    arrives(f"{node}/load", 0.5)
    arrives(f"{node}/unit/name", "x" * 4000)
    assert arrives(f"{node}/unit/level", -(2**53) - 1) == format_timestamp(T0)
    assert (len(wire("DBIRTH", f"{node}/unit").payload) < 1000) is bool(options)
    for number in range(1, 4):
        client.node_data(payload(T0 + number, metric("load", "Double", number)), **options)
        client.data("unit", payload(T0 + number, metric("level", "Int64", number)), **options)
    assert arrives(f"{node}/load", 3.0) == format_timestamp(T0 + 3)
    assert arrives(f"{node}/unit/level", 3) == format_timestamp(T0 + 3)
    assert [read(wire(kind, name)).seq for kind, name in (("NBIRTH", node), ("DDATA", f"{node}/unit"))] == [0, 3]
    assert not client.told("ncmd")
    assert findings(node) == set()


# --- sessions --------------------------------------------------------------------------------------------------------


def test_the_sequence_runs_through_255_to_0(edge, arrives):
    client = edge("sequence")
    client.connect(births_of(node_birth(metric("load", "Int32", 0))))
    client.node_data(*(payload(T0 + number, metric("load", "Int32", number)) for number in range(1, 301)))
    arrives("sequence/load", 300)
    assert not client.told("ncmd")


def test_data_before_a_birth_bring_about_a_rebirth(edge, arrives):
    client = edge("unborn")
    client.connect()
    client.event("birth")
    client.node_data(payload(T0, metric("load", "Double", 0.5)))
    (asked,) = client.event("ncmd")["payload"]["metrics"]
    assert (asked["name"], asked["type"], asked["value"]) == (REBIRTH, "Boolean", True)
    client.births(births_of(node_birth(metric("load", "Double", 0.75))))
    arrives("unborn/load", 0.75)


@pytest.mark.parametrize("announced", [True, False])
def test_a_gap_in_the_sequence_is_mended_by_a_rebirth(edge, arrives, announced):
    """Not announced: breaks tck-id-operational-behavior-data-commands-rebirth-name, and the request is sent even so."""
    node = f"gap-{announced}".lower()
    client = edge(node)
    born = [metric("load", "Double", 0.5)]
    client.connect(births_of(node_birth(*born) if announced else payload(T0, *born)))
    arrives(f"{node}/load", 0.5)
    client.ask("skip")
    client.node_data(payload(T0 + 1, metric("load", "Double", 0.75)))
    client.event("ncmd")
    arrives(f"{node}/load", 0.5)  # as the rebirth says
    client.node_data(payload(T0 + 2, metric("load", "Double", 0.8)))
    arrives(f"{node}/load", 0.8)
    assert len(client.told("ncmd")) == 1


def test_an_unknown_metric_brings_about_a_rebirth_that_names_it(edge, arrives):
    client = edge("grown")
    client.connect(births_of(node_birth(metric("load", "Double", 0.5))))
    arrives("grown/load", 0.5)
    client.node_data(payload(T0 + 1, metric("more", "Double", 1.5)))
    client.event("ncmd")
    client.births(births_of(node_birth(metric("more", "Double", 2.5))))
    arrives("grown/more", 2.5)


def test_the_bdseq_of_a_payload_used_again_stands_there_twice(edge, arrives, wire, findings):
    """The library adds bdSeq to the metrics it is given: a second birth with them has two, which the host tolerates."""
    client = edge("reused")
    client.connect(births_of(node_birth(metric("load", "Double", 0.5)), reuse=True))
    arrives("reused/load", 0.5)
    client.node_data(payload(T0 + 1, metric("load", "Double", 0.75), metric("unknown", "Int32", 1)))
    client.event("ncmd")
    arrives("reused/load", 0.5)
    wanted = {"sparkplug.birth", "sparkplug.unknown_metric"}
    until(lambda: findings("reused") == wanted, "the second bdSeq is faulted, and the metric that no birth has")
    client.kill()
    arrives("reused/load", 0.5, "Uncertain")


def test_a_killed_node_is_uncertain_until_it_is_born_again(edge, arrives, wire):
    births = births_of(node_birth(metric("load", "Double", 0.5)), oven=payload(T0, metric("warmth", "Double", 20.5)))
    client = edge("killed")
    client.connect(births)
    arrives("killed/load", 0.5)
    arrives("killed/oven/warmth", 20.5)
    begin_ms = time.time_ns() // 1_000_000
    client.kill()
    died = arrives("killed/load", 0.5, "Uncertain")
    assert parse_timestamp(died) >= begin_ms
    arrives("killed/oven/warmth", 20.5, "Uncertain")
    # Breaks tck-id-payloads-ndeath-will-message-qos: its will has QoS 0.
    death = wire("NDEATH", "killed")
    assert (death.qos, death.retain) == (0, False)
    edge("killed").connect(births)
    assert parse_timestamp(arrives("killed/load", 0.5)) > parse_timestamp(died)
    arrives("killed/oven/warmth", 20.5)


def test_every_session_has_the_same_bdseq(edge, arrives, wire):
    """Breaks tck-id-topics-nbirth-bdseq-increment: it is 0 for ever, and still each death ends its own session."""
    births = births_of(node_birth(metric("load", "Double", 0.5)))
    for _ in range(3):
        client = edge("numbered")
        client.connect(births)
        arrives("numbered/load", 0.5)
        client.kill()
        arrives("numbered/load", 0.5, "Uncertain")
    messages = [read(wire(kind, "numbered")) for kind in ("NBIRTH", "NDEATH")]
    assert [each.value for message in messages for each in message.metrics if each.name == "bdSeq"] == [0, 0]


def test_a_late_death_of_an_earlier_session_is_ignored(edge, arrives, sample):
    """It has the bdSeq of the present session, which breaks the same rule; its client tells that it is another one."""
    first, second = edge("late"), edge("late")
    first.connect(births_of(node_birth(metric("load", "Double", 0.5))), clientId="late-1")
    arrives("late/load", 0.5)
    second.connect(births_of(node_birth(metric("load", "Double", 0.75))), clientId="late-2")
    arrives("late/load", 0.75)
    first.kill()
    second.node_data(payload(T0 + 1, metric("load", "Double", 0.8)))
    arrives("late/load", 0.8)


def test_a_second_process_of_the_same_client_id_takes_over(edge, arrives):
    births = births_of(node_birth(metric("load", "Double", 0.5)))
    first, second = edge("twins"), edge("twins")
    first.connect(births, mqttOptions={"reconnectPeriod": 0})
    arrives("twins/load", 0.5)
    second.connect(births_of(node_birth(metric("load", "Double", 0.75))))
    first.event("close")
    arrives("twins/load", 0.75)
    second.node_data(payload(T0 + 1, metric("load", "Double", 0.8)))
    arrives("twins/load", 0.8)


def test_a_lost_connection_comes_back_with_old_data_first(edge, arrives, paho):
    """A session begins with its births, but what was published meanwhile is sent ahead of them, with the old sequence:
    it is not taken, brings about a request that comes too early to be heard, and does no harm."""
    listener = paho("sparkplug-lost")
    listener.subscribe(f"spBv1.0/{GROUP}/+/lost", 1)
    client = edge("lost")
    client.connect(births_of(node_birth(metric("load", "Double", 0.5))), mqttOptions={"reconnectPeriod": 1000})
    arrives("lost/load", 0.5)
    client.ask("drop")
    arrives("lost/load", 0.5, "Uncertain")
    client.node_data(payload(T0 + 1, metric("load", "Double", 0.6)))
    arrives("lost/load", 0.5)
    client.node_data(payload(T0 + 2, metric("load", "Double", 0.7)))
    arrives("lost/load", 0.7)
    until(lambda: len(listener.messages) >= 6, "the listener has the last of it")
    kinds = [message.topic.split("/")[2] for message in listener.messages]
    assert kinds == ["NBIRTH", "NDEATH", "NDATA", "NCMD", "NBIRTH", "NDATA"]
    assert read(listener.messages[2]).seq == 1


def test_a_dead_device_is_uncertain_and_no_other(edge, arrives, sample):
    client = edge("devices")
    oven = payload(T0, metric("warmth", "Double", 20.5))
    client.connect(births_of(node_birth(metric("load", "Double", 0.5)), oven=oven, mixer=oven))
    for device in ("oven", "mixer"):
        arrives(f"devices/{device}/warmth", 20.5)
    client.death("oven", payload(T0 + 5))
    assert arrives("devices/oven/warmth", 20.5, "Uncertain") == format_timestamp(T0 + 5)
    client.birth("oven", payload(T0 + 10, metric("warmth", "Double", 21.5)))
    arrives("devices/oven/warmth", 21.5)
    for name, value in (("load", 0.5), ("mixer/warmth", 20.5)):
        assert sample(f"devices/{name}") == (value, "Good", format_timestamp(T0))
    assert not client.told("ncmd")


def test_a_farewell_that_publishes_its_death_is_one(edge, arrives):
    client = edge("farewell")
    client.connect(births_of(node_birth(metric("load", "Double", 0.5))), publishDeath=True)
    arrives("farewell/load", 0.5)
    client.ask("end")
    arrives("farewell/load", 0.5, "Uncertain")


def test_a_farewell_without_a_death_leaves_the_last_value(edge, arrives, sample):
    """The library's default, against tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath. It says
    goodbye to the broker, so there is no will either, and nothing tells a host. The next session is taken."""
    client = edge("silent")
    client.connect(births_of(node_birth(metric("load", "Double", 0.5))))
    arrives("silent/load", 0.5)
    client.ask("end")
    assert sample("silent/load") == (0.5, "Good", format_timestamp(T0))
    edge("silent").connect(births_of(node_birth(metric("load", "Double", 0.75))))
    arrives("silent/load", 0.75)


# --- commands --------------------------------------------------------------------------------------------------------

WRITES: list[tuple[SparkplugType, Any, Any]] = [
    (SparkplugType.INT8, -128, -128),
    (SparkplugType.INT16, -32_768, -32_768),
    (SparkplugType.INT32, -(2**31), -(2**31)),
    (SparkplugType.INT64, -(2**53) - 1, -(2**53) - 1),
    (SparkplugType.UINT8, 255, 255),
    (SparkplugType.UINT16, 65_535, 65_535),
    (SparkplugType.UINT64, 2**64 - 1, 2**64 - 1),
    (SparkplugType.FLOAT, 0.5, 0.5),
    (SparkplugType.DOUBLE, 0.1, 0.1),
    (SparkplugType.BOOLEAN, True, True),
    (SparkplugType.STRING, "ä", "ä"),
    (SparkplugType.DATETIME, format_timestamp(T0), T0),
    (SparkplugType.BYTES, "AP8=", b"\x00\xff"),
]


def command(paho, kind: str, name: str, *metrics: Metric) -> None:
    """As the host sends it: QoS 0, and no seq."""
    client = paho(f"commander-{name.replace('/', '-')}")
    client.publish(f"spBv1.0/{GROUP}/{kind}/{name}", encode(Payload(T0, list(metrics))), qos=0)


def test_a_device_command_arrives_with_every_datatype(edge, arrives, paho):
    client = edge("written")
    client.connect(births_of(node_birth(), oven=payload(T0, metric("goal", "Double", 20.5))))
    arrives("written/oven/goal", 20.5)
    writes = [Metric(kind.name, None, kind, value_from_json(value, kind), T0) for kind, value, _ in WRITES]
    command(paho, "DCMD", "written/oven", *writes)
    event = client.event("dcmd", device="oven")
    got = {each["name"]: plain(each["value"]) for each in event["payload"]["metrics"]}
    assert got == {kind.name: value for kind, _, value in WRITES}
    assert plain(event["payload"]["timestamp"]) == T0


def test_a_node_command_arrives_by_alias_alone(edge, arrives, paho):
    client = edge("commanded")
    client.connect(births_of(node_birth(metric("goal", "Double", 20.5, alias=7))))
    arrives("commanded/goal", 20.5)
    command(paho, "NCMD", "commanded", Metric(None, 7, SparkplugType.DOUBLE, 21.5, T0))
    (written,) = client.event("ncmd")["payload"]["metrics"]
    assert "name" not in written
    assert (plain(written["alias"]), written["value"]) == (7, 21.5)


def test_a_uint32_arrives_in_a_command_of_the_host(edge, arrives, server, users):
    """The library reads a UInt32 in long_value alone, where it writes it too."""
    client = edge("unsigned")
    client.connect(births_of(node_birth(metric("goal", "UInt32", 1))))
    arrives("unsigned/goal", 1)
    sent = uns("sparkplug", "command", f"{GROUP}/unsigned", "goal", "70000", env=server.env | users.env("ada"))
    assert sent.code == 0, sent.err
    (written,) = client.event("ncmd")["payload"]["metrics"]
    assert plain(written["value"]) == 70_000

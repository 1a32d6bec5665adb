"""`$SYS/broker/…`: the names, units and texts that dashboards know."""

import re

import pytest

from tests.broker.conftest import ACCESS, by_username, compile_admission
from tests.broker.peer import Peer
from tests.support.clock import FakeClock
from uns.broker import Broker, Limits
from uns.broker.sys_topics import MEANINGS
from uns.link import Message
from uns.mqtt import Pingreq, Publish, ReasonCode, Unsubscribe, encode

INTERVAL_S = 10


@pytest.fixture
def reporting(clock: FakeClock) -> Broker:
    broker = Broker(compile_admission(), clock, authenticate=by_username)
    broker.publish_sys_topics(INTERVAL_S, "uns-platform version 9", memory_bytes=lambda: 4096)
    return broker


def report(broker: Broker, clock: FakeClock) -> dict[str, str]:
    """Everything below `$SYS/broker/` after the next report."""
    clock.advance(INTERVAL_S * 1000)
    broker.tick()
    return shown(broker)


def shown(broker: Broker) -> dict[str, str]:
    prefix = "$SYS/broker/"
    return {each.topic.removeprefix(prefix): each.payload.decode() for each in broker.retained(f"{prefix}#")}


def connected(broker: Broker, client_id: str, version: int = 5, **rest: object) -> Peer:
    peer = Peer(broker, version)
    peer.connect(client_id, **rest)
    return peer


def test_the_first_report_comes_at_once(reporting: Broker) -> None:
    said = shown(reporting)
    assert said["version"] == "uns-platform version 9"
    assert said["uptime"] == "0 seconds"
    assert said["clients/connected"] == "0"
    assert said["heap/current"] == said["heap/maximum"] == "4096"


def test_the_reference_explains_each_topic_and_no_other(reporting: Broker, clock: FakeClock) -> None:
    assert {re.sub(r"/\d+min$", "", name) for name in report(reporting, clock)} == set(MEANINGS)


def test_messages_of_our_own_parts_count_as_messages_and_not_as_bytes(reporting: Broker, clock: FakeClock) -> None:
    reporting.publish(Message("open/x", b"12345"), "robot")
    said = report(reporting, clock)
    assert (said["publish/messages/received"], said["publish/bytes/received"], said["bytes/received"]) == (
        "1",
        "0",
        "0",
    )


def test_a_report_comes_each_interval(reporting: Broker, clock: FakeClock) -> None:
    assert [report(reporting, clock)["uptime"] for _ in range(3)] == ["10 seconds", "20 seconds", "30 seconds"]


def test_clients(reporting: Broker, clock: FakeClock) -> None:
    connected(reporting, "a")
    b = connected(reporting, "b", properties={"session_expiry_interval": 15})
    c = connected(reporting, "c")
    b.lose()
    c.lose()
    said = report(reporting, clock)
    names = ("total", "connected", "disconnected", "active", "inactive", "maximum", "expired")
    assert [said[f"clients/{name}"] for name in names] == ["2", "1", "1", "1", "1", "3", "0"]
    said = report(reporting, clock)
    assert [said[f"clients/{name}"] for name in names] == ["1", "1", "0", "1", "0", "3", "1"]


def test_a_take_over_leaves_one_client(reporting: Broker, clock: FakeClock) -> None:
    connected(reporting, "a")
    connected(reporting, "a")
    said = report(reporting, clock)
    assert (said["clients/connected"], said["clients/maximum"]) == ("1", "1")


@pytest.mark.parametrize("version", [4, 5])
def test_messages_and_bytes(reporting: Broker, clock: FakeClock, version: int) -> None:
    peer = connected(reporting, "a", version)
    peer.subscribe("open/#", qos=1)
    peer.connection.receive(b"".join(encode(Publish("open/x", b"12345"), version) for _ in range(3)))
    peer.publish("open/x", b"12345", qos=1)
    frame_bytes = 3 * len(encode(Publish("open/x", b"12345"), version))
    frame_bytes += len(encode(Publish("open/x", b"12345", 1, packet_id=1), version))
    peer.send(Pingreq())
    peer.take()
    said = report(reporting, clock)
    assert said["publish/messages/received"] == said["publish/messages/sent"] == "4"
    assert said["messages/received"] == "7"  # and CONNECT, SUBSCRIBE, PINGREQ
    assert said["messages/sent"] == "8"  # and CONNACK, SUBACK, PUBACK, PINGRESP
    assert said["publish/bytes/received"] == said["publish/bytes/sent"] == str(frame_bytes)
    assert int(said["bytes/received"]) == reporting.stats.bytes_in > frame_bytes
    assert int(said["bytes/sent"]) == reporting.stats.bytes_out > frame_bytes


def test_what_is_shed_counts_as_dropped(reporting: Broker, clock: FakeClock) -> None:
    peer = connected(reporting, "a")
    peer.subscribe("open/#")
    peer.connection.congested = True
    peer.publish("open/x")
    assert report(reporting, clock)["publish/messages/dropped"] == "1"


def test_the_store(reporting: Broker, clock: FakeClock) -> None:
    peer = connected(reporting, "a")
    report(reporting, clock)  # its own topics are retained too; from now on all are there
    before = report(reporting, clock)
    sleeper = connected(reporting, "s", properties={"session_expiry_interval": 600})
    sleeper.subscribe("open/#", qos=1)
    sleeper.lose()
    peer.publish("open/kept", b"1", retain=True)
    peer.publish("open/gone", b"1", retain=True)
    peer.publish("open/gone", b"", retain=True)
    peer.publish("open/x", b"2", qos=1)
    said = report(reporting, clock)
    retained = int(said["retained messages/count"])
    assert retained == int(before["retained messages/count"]) + 1
    assert said["messages/stored"] == said["store/messages/count"] == str(retained + 1)
    assert int(said["store/messages/bytes"]) > int(before["store/messages/bytes"])
    assert reporting.stats.retained == len(list(reporting.retained("#")))  # its own reports do not count


def test_subscriptions(reporting: Broker, clock: FakeClock) -> None:
    a, b = connected(reporting, "a"), connected(reporting, "b")
    a.subscribe("open/#", "open/#", "acme/#", "$share/g/open/#")
    b.subscribe("$share/g/open/#", "$share/h/open/#", "open/x")
    a.send(Unsubscribe(1, ["acme/#", "$share/g/open/#", "never/had"]))
    said = report(reporting, clock)
    assert (said["subscriptions/count"], said["shared_subscriptions/count"]) == ("2", "2")
    b.lose()
    said = report(reporting, clock)
    assert (said["subscriptions/count"], said["shared_subscriptions/count"]) == ("1", "0")


def test_loads_are_averages_per_minute(reporting: Broker, clock: FakeClock) -> None:
    peer = connected(reporting, "a")
    for _ in range(5):
        peer.publish("open/x")
    said = report(reporting, clock)
    assert [said[f"load/publish/received/{window}min"] for window in (1, 5, 15)] == ["30.00"] * 3
    assert said["load/connections/1min"] == said["load/sockets/1min"] == "6.00"
    said = report(reporting, clock)  # after ten seconds of nothing: 30 × e^(-1/6), e^(-1/30), e^(-1/90)
    assert [said[f"load/publish/received/{window}min"] for window in (1, 5, 15)] == ["25.39", "29.02", "29.67"]


def test_subscribers_hear_of_changes_only(reporting: Broker, clock: FakeClock) -> None:
    watcher = connected(reporting, "watcher", username="admin")
    watcher.subscribe("$SYS/broker/clients/#", "$SYS/broker/uptime")
    assert len(watcher.backlog) == 8
    assert all(packet.retain for packet in watcher.backlog)
    report(reporting, clock)
    watcher.take()
    report(reporting, clock)
    assert [(packet.topic, packet.payload) for packet in watcher.take()] == [("$SYS/broker/uptime", b"20 seconds")]


@pytest.mark.parametrize("topic_filter", ["#", "+/#", "+/broker/uptime", "$SYS/broker/uptime"])
def test_who_hears_of_it(reporting: Broker, clock: FakeClock, topic_filter: str) -> None:
    admin = connected(reporting, "admin", username="admin")
    admin.subscribe(topic_filter)
    report(reporting, clock)
    assert bool(admin.backlog + admin.take()) is (topic_filter[0] == "$")  # MQTT-4.7.2-1
    viewer = connected(reporting, "viewer", username="viewer")
    assert viewer.subscribe("$SYS/#").reason_codes == [ReasonCode.NOT_AUTHORIZED]


def test_nobody_may_publish_there(reporting: Broker, clock: FakeClock) -> None:
    admin = connected(reporting, "admin", username="admin")
    admin.publish("$SYS/broker/uptime", b"forged", qos=1, retain=True)
    assert admin.take_one().reason_code == ReasonCode.NOT_AUTHORIZED
    assert not reporting.publish(Message("$SYS/broker/uptime", b"forged", retain=True), "admin").delivered
    assert report(reporting, clock)["uptime"] == "10 seconds"


def test_nothing_is_said_unless_asked(broker: Broker, clock: FakeClock) -> None:
    assert shown(broker) == {}


def test_a_full_table_of_topics_still_reports(clock: FakeClock) -> None:
    broker = Broker(compile_admission(), clock, authenticate=by_username, limits=Limits(max_topics=1))
    broker.publish_sys_topics(INTERVAL_S, "v")
    assert report(broker, clock)["uptime"] == "10 seconds"


def test_a_shared_subscription_gets_the_reports_too(reporting: Broker, clock: FakeClock) -> None:
    members = [connected(reporting, name) for name in "ab"]
    for member in members:
        member.subscribe("$share/g/$SYS/broker/uptime")
    for _ in range(4):
        report(reporting, clock)
    got = [member.take() for member in members]
    assert [len(each) for each in got] == [2, 2]
    assert not any(packet.retain for each in got for packet in each)


@pytest.mark.parametrize("share", ["", "$share/g/"])
def test_a_report_is_retained_as_published(reporting: Broker, clock: FakeClock, share: str) -> None:
    peer = connected(reporting, "a")
    peer.subscribe(f"{share}$SYS/broker/uptime", retain_as_published=True)
    report(reporting, clock)
    assert [(each.payload, each.retain) for each in peer.take()] == [(b"10 seconds", True)]


def test_a_shared_subscription_gets_the_refusals_too(clock: FakeClock) -> None:
    access = ACCESS.replace('"$SYS/#"', '"$SYS/#", "$uns/#"')
    broker = Broker(compile_admission(access=access), clock, authenticate=by_username)
    watcher, peer = connected(broker, "watcher"), connected(broker, "p")
    watcher.subscribe("$share/g/$uns/rejected/#", retain_as_published=True)
    peer.publish("nowhere")
    notice = watcher.take_one()
    assert (notice.topic, notice.retain) == ("$uns/rejected/p", False)

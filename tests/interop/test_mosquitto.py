"""mosquitto_pub and mosquitto_sub as clients of the broker: every version and QoS, retained, wills, refusals."""

import json

import pytest

from tests.interop.mosquitto import Mosquitto
from tests.support.until import until

VERSIONS = ["mqttv31", "mqttv311", "mqttv5"]


def test_the_tree_of_the_demo_is_visible(demo_server):
    ran = Mosquitto(demo_server.mqtt_port).sub("-t", "acme/#", "-v", "-C", "200", "-W", "20")
    assert ran.code == 0
    values = dict(line.split(" ", 1) for line in ran.out.splitlines())
    state = json.loads(values["acme/ghent/packaging/line1/filler/state"])
    assert state["quality"] == "Good"
    assert state.keys() == {"value", "quality", "timestamp"}
    assert any("/utilities/energy/" in name for name in values)


@pytest.mark.parametrize("qos", ["0", "1", "2"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_message_goes_through(mosquitto, subscribed, version, qos):
    topic = f"works/free/{version}/{qos}"
    assert mosquitto.pub("-t", topic, "-m", "before", "-r").code == 0
    with mosquitto.start_sub("-V", version, "-q", qos, "-t", topic, "-C", "2", "-W", "20", "-F", "%p %q %r") as sub:
        subscribed(topic)
        sent = mosquitto.pub("-V", version, "-q", qos, "-t", topic, "-m", "live")
        out, err = sub.communicate(timeout=30)
    assert (sent.code, sent.err) == (0, "")
    assert (sub.returncode, err) == (0, "")
    assert out.splitlines() == ["before 0 1", f"live {qos} 0"]


def test_a_retained_message_is_cleared_by_an_empty_one(mosquitto, topic):
    assert mosquitto.pub("-t", "works/free/gone", "-m", "1", "-r").code == 0
    assert mosquitto.sub("-t", "works/free/gone", "-C", "1", "-W", "10").out == "1\n"
    assert mosquitto.pub("-t", "works/free/gone", "-n", "-r").code == 0
    until(lambda: not (topic("works/free/gone") or {"retained": False})["retained"], "it is cleared")
    assert mosquitto.sub("-t", "works/free/gone", "-C", "1", "-W", "1").code == 27  # timed out: nothing came


def test_a_thousand_lines(mosquitto, topic):
    lines = "".join(f"{number}\n" for number in range(1000))
    assert mosquitto.pub("-t", "works/free/bulk", "-q", "1", "-l", "-r", text=lines).code == 0
    detail = topic("works/free/bulk")
    assert (detail["updates"], detail["payload"]) == (1000, 999)


def test_properties_of_mqtt_5_arrive(mosquitto):
    properties = ("user-property", "batch", "4711"), ("content-type", "text/plain"), ("response-topic", "works/free/re")
    options = [word for pair in properties for word in ("-D", "publish", *pair)]
    assert mosquitto.pub("-V", "5", "-t", "works/free/props", "-m", "x", "-r", *options).code == 0
    shown = mosquitto.sub("-V", "5", "-t", "works/free/props", "-C", "1", "-W", "10", "-F", "%P|%C|%R").out
    assert shown == "batch:4711|text/plain|works/free/re\n"


@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_a_will_is_published_when_the_client_is_killed(mosquitto, topic, subscribed, version):
    will = f"works/free/will/{version}"
    assert mosquitto.pub("-t", will, "-m", "here", "-r").code == 0
    options = ("--will-topic", will, "--will-payload", "lost", "--will-retain", "--will-qos", "1")
    with mosquitto.start_sub("-V", version, "-t", will, *options) as sub:
        subscribed(will)
        sub.kill()
    until(lambda: topic(will)["payload"] == "lost", "the will is published")


def test_a_client_that_says_goodbye_leaves_no_will(mosquitto, topic):
    will = "works/free/will/unsent"
    assert mosquitto.pub("-t", will, "-m", "here", "-r").code == 0
    options = ("--will-topic", will, "--will-payload", "lost", "--will-retain")
    assert mosquitto.sub("-t", will, "-C", "1", "-W", "10", *options).code == 0
    assert topic(will)["payload"] == "here"


REFUSED = [
    ("works/strict/mixer/temprature", "20", "Topic Name invalid", "Did you mean 'works/strict/mixer/temperature'?"),
    ("works/strict/mixer/temperature", "hot", "Payload format invalid", "payload."),
    ("works/kept/mixer/temperature", '{"value": 900}', "Payload format invalid", "above its maximum of 150 Cel"),
    ("elsewhere/x", "20", "Not authorized", "role 'operator' may not publish"),
]


@pytest.mark.parametrize(("topic_name", "payload", "code", "reason"), REFUSED)
def test_mqtt_5_prints_why_it_is_refused(mosquitto, topic_name, payload, code, reason):
    ran = mosquitto.pub("-V", "5", "-q", "1", "-t", topic_name, "-m", payload)
    assert f"failed: {code}" in ran.err
    assert reason in ran.err


@pytest.mark.parametrize("qos", ["1", "2"])
def test_mqtt_3_1_1_is_acknowledged_and_told_by_a_notice(mosquitto, subscribed, qos):
    ear = f"works/free/ear{qos}"  # subscribed together with the notices: when it has a subscriber, both are in place
    assert mosquitto.pub("-t", ear, "-m", "1").code == 0
    with mosquitto.start_sub("-t", "$uns/rejected/#", "-t", ear, "-C", "1", "-W", "20", "-v") as sub:
        subscribed(ear)
        ran = mosquitto.pub("-q", qos, "-i", f"old{qos}", "-t", "works/strict/mixer/temprature", "-m", "20")
        out, _ = sub.communicate(timeout=30)
    assert (ran.code, ran.err) == (0, "")
    name, notice = out.split(" ", 1)
    assert name == f"$uns/rejected/old{qos}"
    assert json.loads(notice)["finding"]["id"] == "topic.attribute"


def test_who_is_refused_is_told(server, users):
    assert "Not authorized" in Mosquitto(server.mqtt_port).pub("-V", "5", "-t", "works/free/x", "-m", "1").err
    wrong = Mosquitto(server.mqtt_port, "ada", "wrong").pub("-V", "mqttv311", "-t", "works/free/x", "-m", "1")
    assert wrong.code != 0
    assert "bad user name or password" in wrong.err


def test_a_subscription_beyond_the_role_is_denied(server, users):
    ben = Mosquitto(server.mqtt_port, "ben", users.passwords["ben"])
    assert "denied" in ben.sub("-t", "spBv1.0/#", "-C", "1", "-W", "5").err


def test_the_broker_reports_on_itself_where_dashboards_look(demo_server):
    names = ["version", "uptime", "clients/connected", "messages/received", "heap/current"]
    options = [word for name in names for word in ("-t", f"$SYS/broker/{name}")]
    ran = Mosquitto(demo_server.mqtt_port).sub(*options, "-v", "-C", str(len(names)), "-W", "20")
    assert (ran.code, ran.err) == (0, "")
    said = dict(line.removeprefix("$SYS/broker/").split(" ", 1) for line in ran.out.splitlines())
    assert sorted(said) == sorted(names)
    assert said["version"].startswith("uns-platform version ")
    assert said["uptime"].endswith(" seconds")
    assert int(said["heap/current"]) > 1_000_000

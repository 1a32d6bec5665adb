"""STATE: how the host application says that it is there, and that it is not."""

import json

import pytest

from tests.support.clock import FakeClock
from tests.support.real_broker import RealBroker, RecordedLink
from uns.app.settings import SparkplugSettings
from uns.errors import Finding
from uns.host.application import SparkplugHost
from uns.link import Receive, Will

TOPIC = "spBv1.0/STATE/uns"


class NotedLink(RecordedLink):
    """Notes what is done with it, in order."""

    def __init__(self, broker: RealBroker, client_id: str, steps: list[tuple[str, str]]) -> None:
        super().__init__(broker, client_id)
        self.steps = steps
        self.will: Will | None = None

    def open(self, will: Will | None = None) -> None:
        self.will = will
        self.steps.append(("open", will.topic if will else ""))
        super().open(will)

    def subscribe(self, topic_filter: str, receive: Receive) -> None:
        self.steps.append(("subscribe", topic_filter))
        super().subscribe(topic_filter, receive)

    def publish(self, topic: str, payload: bytes, **options: object) -> None:  # type: ignore[override]
        self.steps.append(("publish", topic))
        super().publish(topic, payload, **options)  # type: ignore[arg-type]

    def close(self, *, send_will: bool = False) -> None:
        self.steps.append(("close", ""))
        super().close(send_will=send_will)


class Host:
    """A host on the real broker. steps: what it did; state: every STATE that was published, (document, message)."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.broker = RealBroker(self.clock)
        self.findings: list[Finding] = []
        self.steps: list[tuple[str, str]] = []
        self.link = NotedLink(self.broker, "host", self.steps)
        self.host = SparkplugHost(self.link, self.clock, "uns", lambda finding, message: self.findings.append(finding))

    @property
    def states(self):
        return [(json.loads(message.payload), message) for message in self.broker.on("spBv1.0/STATE/")]

    @property
    def will(self):
        assert self.link.will is not None
        return json.loads(self.link.will.payload)


@pytest.fixture
def host() -> Host:
    made = Host()
    made.host.start()
    return made


@pytest.mark.assertion(
    "message-flow-phid-sparkplug-subscription",
    "host-topic-phid-birth-sub-required",
    "host-topic-phid-birth-required",
    "host-topic-phid-birth-message",
    "operational-behavior-host-application-connect-birth",
    "payloads-state-subscribe",
    "message-flow-phid-sparkplug-state-publish",
    "operational-behavior-primary-application-state-with-multiple-servers-state",
)
def test_it_subscribes_first_and_its_birth_is_its_first_publish(host: Host):
    assert host.steps == [
        ("open", TOPIC),
        ("subscribe", TOPIC),
        ("subscribe", "spBv1.0/#"),
        ("publish", TOPIC),
    ]


@pytest.mark.assertion(
    "host-topic-phid-death-required",
    "host-topic-phid-death-topic",
    "host-topic-phid-death-qos",
    "host-topic-phid-death-retain",
    "host-topic-phid-death-payload",
    "host-topic-phid-death-payload-timestamp-connect",
    "operational-behavior-host-application-connect-will",
    "operational-behavior-host-application-connect-will-topic",
    "operational-behavior-host-application-connect-will-payload",
    "operational-behavior-host-application-connect-will-qos",
    "operational-behavior-host-application-connect-will-retained",
    "payloads-state-will-message",
    "payloads-state-will-message-qos",
    "payloads-state-will-message-retain",
    "payloads-state-will-message-payload",
)
def test_its_will_says_offline_since_it_connected(host: Host):
    will = host.link.will
    assert will is not None
    assert (will.topic, will.qos, will.retain) == (TOPIC, 1, True)
    assert host.will == {"online": False, "timestamp": host.clock.wall_ms()}
    host.clock.advance(5000)
    host.link.lose()
    assert host.states[-1][0] == host.will
    assert json.loads(host.broker.retained[TOPIC].payload) == host.will


@pytest.mark.assertion(
    "host-topic-phid-birth-topic",
    "host-topic-phid-birth-qos",
    "host-topic-phid-birth-retain",
    "host-topic-phid-birth-payload",
    "host-topic-phid-birth-payload-timestamp",
    "message-flow-phid-sparkplug-state-publish-payload",
    "message-flow-phid-sparkplug-state-publish-payload-timestamp",
    "operational-behavior-host-application-connect-birth-topic",
    "operational-behavior-host-application-connect-birth-payload",
    "operational-behavior-host-application-connect-birth-qos",
    "operational-behavior-host-application-connect-birth-retained",
    "payloads-state-birth",
    "payloads-state-birth-payload",
)
def test_its_birth_says_online_with_the_time_of_its_will(host: Host):
    [(document, message)] = host.states
    assert (message.topic, message.qos, message.retain) == (TOPIC, 1, True)
    assert document == {"online": True, "timestamp": host.will["timestamp"]}
    assert type(document["timestamp"]) is int


@pytest.mark.assertion(
    "host-topic-phid-death-payload-timestamp-disconnect-clean",
    "host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet",
    "operational-behavior-host-application-termination",
    "operational-behavior-host-application-death-topic",
    "operational-behavior-host-application-death-payload",
    "operational-behavior-host-application-death-qos",
    "operational-behavior-host-application-death-retained",
    "operational-behavior-host-application-disconnect-intentional",
    "conformance-primary-host",
    "intro-sparkplug-host-state",
    "components-ph-state",
)
def test_before_it_leaves_it_says_offline_at_that_time(host: Host):
    host.clock.advance(60_000)
    host.host.stop()
    document, message = host.states[-1]
    assert document == {"online": False, "timestamp": host.clock.wall_ms()}
    assert (message.topic, message.qos, message.retain) == (TOPIC, 1, True)
    assert host.steps[-2:] == [("publish", TOPIC), ("close", "")]


@pytest.mark.assertion("message-flow-hid-sparkplug-state-message-delivered")
def test_who_says_that_it_is_offline_is_answered_at_once(host: Host):
    other = host.broker.link("other")
    other.open()
    host.clock.advance(5000)
    other.publish(TOPIC, b'{"online":false,"timestamp":9}', qos=1, retain=True)
    assert host.states[-1][0] == {"online": True, "timestamp": host.will["timestamp"]}
    assert json.loads(host.broker.retained[TOPIC].payload)["online"] is True
    assert [finding.id for finding in host.findings] == ["sparkplug.state"]


@pytest.mark.assertion("operational-behavior-host-application-multi-server-timestamp")
def test_each_server_has_a_host_with_a_time_of_its_own():
    first, second = Host(), Host()
    first.host.start()
    second.clock.advance(70_000)
    second.host.start()
    assert first.will["timestamp"] != second.will["timestamp"]
    assert [host.states[0][0]["timestamp"] for host in (first, second)] == [
        first.will["timestamp"],
        second.will["timestamp"],
    ]


@pytest.mark.assertion("operational-behavior-host-application-host-id")
def test_another_host_of_the_same_id_is_told_of(host: Host):
    twin = SparkplugHost(host.broker.link("twin"), host.clock, "uns", lambda finding, message: None)
    host.clock.advance(2000)
    twin.start()
    assert [finding.id for finding in host.findings] == ["sparkplug.state"]
    assert "its own" in host.findings[0].hint


@pytest.mark.assertion("operational-behavior-host-reordering-param")
def test_the_time_to_wait_for_a_missing_message_is_a_setting():
    assert SparkplugSettings(reorder_timeout_s=0.5).reorder_timeout_s == 0.5
    assert SparkplugSettings().reorder_timeout_s == 2

"""Connecting, being born, dying: what an edge node sends, packet by packet."""

import pytest

from tests.assertions.story import DEVICE, GROUP, HOST, NODE, OTHER, Story
from uns.mqtt import Disconnect, Publish
from uns.samples import DataType
from uns.sparkplug.decode import decode
from uns.sparkplug.payload import BD_SEQ, REBIRTH
from uns.sparkplug.topic import parse_topic

BASE = f"spBv1.0/{GROUP}"


@pytest.mark.assertion("principles-persistence-clean-session-311", "principles-persistence-clean-session-50")
def test_it_connects_with_a_clean_session(story: Story):
    assert [connect.version for connect in story.capture.connects] == [story.version] * 2
    for connect in story.capture.connects:
        assert connect.clean_start
        assert not (connect.properties or {}).get("session_expiry_interval")


@pytest.mark.assertion(
    "message-flow-edge-node-birth-publish-will-message",
    "message-flow-edge-node-birth-publish-will-message-topic",
    "message-flow-edge-node-birth-publish-will-message-payload",
    "message-flow-edge-node-birth-publish-will-message-qos",
    "message-flow-edge-node-birth-publish-will-message-will-retained",
    "payloads-ndeath-will-message",
    "payloads-ndeath-will-message-qos",
    "payloads-ndeath-will-message-retain",
    "topics-ndeath-topic",
)
def test_its_will_is_its_death(story: Story):
    for connect in story.capture.connects:
        assert connect.will is not None
        assert (connect.will.topic, connect.will.qos, connect.will.retain) == (f"{BASE}/NDEATH/{NODE}", 1, False)
        payload, findings = decode(connect.will.payload)
        assert payload is not None
        assert not findings


@pytest.mark.assertion("topics-ndeath-payload", "topics-ndeath-seq", "payloads-ndeath-seq")
def test_a_death_has_one_metric_and_no_seq(story: Story):
    for connect in story.capture.connects:
        assert connect.will is not None
        payload, _ = decode(connect.will.payload)
        assert payload is not None
        assert [(metric.name, metric.datatype) for metric in payload.metrics] == [(BD_SEQ, DataType.INT64)]
        assert payload.seq is None


@pytest.mark.assertion(
    "message-flow-edge-node-birth-publish-will-message-payload-bdSeq",
    "topics-nbirth-bdseq-increment",
    "topics-nbirth-bdseq-included",
    "topics-nbirth-bdseq-matching",
    "message-flow-edge-node-birth-publish-nbirth-payload-bdSeq",
    "payloads-nbirth-bdseq",
    "payloads-nbirth-bdseq-repeat",
    "payloads-ndeath-bdseq",
)
def test_bd_seq_counts_connects_from_0_and_is_told_in_birth_and_death(story: Story):
    wills = [decode(connect.will.payload)[0] for connect in story.capture.connects if connect.will is not None]
    assert [will.metrics[0].value for will in wills if will is not None] == [0, 1]
    for number, session in enumerate((story.first, story.second)):
        births = [sent for sent in session if sent.kind.value == "NBIRTH"]
        assert [(birth.metric(BD_SEQ).value, birth.metric(BD_SEQ).datatype) for birth in births] == [
            (number, DataType.INT64)
        ] * len(births)


@pytest.mark.assertion("operational-behavior-data-commands-rebirth-action-3")
def test_a_rebirth_keeps_the_bd_seq_of_its_session(story: Story):
    births = [sent.metric(BD_SEQ).value for sent in story.first if sent.kind.value == "NBIRTH"]
    assert births == [0, 0]


@pytest.mark.assertion("message-flow-edge-node-ncmd-subscribe", "message-flow-device-dcmd-subscribe")
def test_it_listens_to_commands_at_qos_1_before_it_is_born(story: Story):
    at = {
        subscription.filter: (number, subscription.qos)
        for number, packet in story.capture.subscribes
        for subscription in packet.subscriptions
    }
    born = story.second[0].at
    for topic_filter in (f"{BASE}/NCMD/{NODE}", f"{BASE}/DCMD/{NODE}/+"):
        assert at[topic_filter][1] == 1
        assert at[topic_filter][0] < born


@pytest.mark.assertion(
    "message-flow-edge-node-birth-publish-connect",
    "message-flow-device-birth-publish-nbirth-wait",
    "principles-birth-certificates-order",
    "payloads-dbirth-order",
    "payloads-ndata-order",
    "payloads-ddata-order",
)
def test_births_come_first_in_each_session(story: Story):
    for session in (story.first, story.second):
        kinds = [sent.kind.value for sent in session]
        assert kinds[:3] == ["NBIRTH", "DBIRTH", "DBIRTH"]
        assert not {"NDATA", "DDATA"} & set(kinds[: kinds.index("DBIRTH")])


@pytest.mark.assertion(
    "topics-nbirth-topic",
    "message-flow-edge-node-birth-publish-nbirth-topic",
    "topics-dbirth-topic",
    "message-flow-device-birth-publish-dbirth-topic",
    "message-flow-device-birth-publish-dbirth-match-edge-node-topic",
    "topics-ddata-topic",
    "topics-ddeath-topic",
)
def test_topics_name_group_type_node_and_device(story: Story):
    expected = {
        "NBIRTH": {f"{BASE}/NBIRTH/{NODE}"},
        "DBIRTH": {f"{BASE}/DBIRTH/{NODE}/{DEVICE}", f"{BASE}/DBIRTH/{NODE}/{OTHER}"},
        "DDATA": {f"{BASE}/DDATA/{NODE}/{DEVICE}", f"{BASE}/DDATA/{NODE}/{OTHER}"},
        "DDEATH": {f"{BASE}/DDEATH/{NODE}/{OTHER}"},
    }
    for kind, topics in expected.items():
        assert {sent.publish.topic for sent in story.of(kind)} == topics


@pytest.mark.assertion(
    "topic-structure",
    "topic-structure-namespace-a",
    "topic-structure-namespace-device-id-associated-message-types",
    "topic-structure-namespace-device-id-non-associated-message-types",
    "intro-group-id-string",
    "intro-edge-node-id-string",
    "intro-device-id-string",
)
def test_every_topic_is_one_of_sparkplug(story: Story):
    publishes = [packet for packet in story.capture.of(Publish) if isinstance(packet, Publish)]
    assert len(publishes) > 300
    for publish in publishes:
        topic = parse_topic(publish.topic)
        assert (topic.group, topic.node) == (GROUP, NODE)
        assert bool(topic.device) is (topic.type.value[0] == "D")


@pytest.mark.assertion(
    "topics-nbirth-mqtt",
    "payloads-nbirth-qos",
    "payloads-nbirth-retain",
    "message-flow-edge-node-birth-publish-nbirth-qos",
    "message-flow-edge-node-birth-publish-nbirth-retained",
    "topics-dbirth-mqtt",
    "payloads-dbirth-qos",
    "payloads-dbirth-retain",
    "message-flow-device-birth-publish-dbirth-qos",
    "message-flow-device-birth-publish-dbirth-retained",
    "topics-ddata-mqtt",
    "payloads-ddata-qos",
    "payloads-ddata-retain",
    "topics-ddeath-mqtt",
)
def test_births_data_and_deaths_of_devices_go_at_qos_0_and_are_not_retained(story: Story):
    sent = story.of("NBIRTH", "DBIRTH", "DDATA", "DDEATH")
    assert {each.kind.value for each in sent} == {"NBIRTH", "DBIRTH", "DDATA", "DDEATH"}
    assert {(each.publish.qos, each.publish.retain) for each in sent} == {(0, False)}


@pytest.mark.assertion(
    "topics-nbirth-timestamp",
    "payloads-nbirth-timestamp",
    "topics-dbirth-timestamp",
    "payloads-dbirth-timestamp",
    "topics-ddata-timestamp",
    "payloads-ddata-timestamp",
    "payloads-ddeath-timestamp",
    "payloads-timestamp-in-UTC",
    "payloads-metric-timestamp-in-UTC",
    "payloads-name-birth-data-requirement",
)
def test_payloads_tell_when_they_were_sent_and_metrics_when_they_were_measured(story: Story):
    for sent in story.of():
        assert sent.payload.timestamp_ms is not None
        assert 0 <= sent.time_ms - sent.payload.timestamp_ms < 5000
        for metric in sent.payload.metrics:
            assert metric.timestamp_ms is not None
            assert metric.timestamp_ms <= sent.payload.timestamp_ms


@pytest.mark.assertion(
    "topics-nbirth-seq-num",
    "payloads-nbirth-seq",
    "payloads-sequence-num-req-nbirth",
    "message-flow-edge-node-birth-publish-nbirth-payload-seq",
    "topics-dbirth-seq",
    "payloads-dbirth-seq",
    "payloads-dbirth-seq-inc",
    "message-flow-device-birth-publish-dbirth-payload-seq",
    "topics-ddata-seq-num",
    "payloads-ddata-seq",
    "payloads-ddata-seq-inc",
    "topics-ddeath-seq-num",
    "payloads-ddeath-seq",
    "payloads-ddeath-seq-inc",
    "payloads-ddeath-seq-number",
    "payloads-sequence-num-always-included",
    "payloads-sequence-num-incrementing",
)
def test_seq_counts_from_0_and_wraps_at_255(story: Story):
    for session in (story.first, story.second):
        expected = 0
        for sent in session:
            if sent.kind.value == "NDEATH":
                assert sent.payload.seq is None
                continue
            expected = 0 if sent.kind.value == "NBIRTH" else (expected + 1) % 256
            assert sent.payload.seq == expected
    kinds = {sent.kind.value for sent in story.first}
    assert kinds >= {"NBIRTH", "DBIRTH", "DDATA", "DDEATH"}
    assert 255 in {sent.payload.seq for sent in story.first}


@pytest.mark.assertion(
    "topics-nbirth-rebirth-metric",
    "payloads-nbirth-rebirth-req",
    "operational-behavior-data-commands-rebirth-name",
    "operational-behavior-data-commands-rebirth-datatype",
    "operational-behavior-data-commands-rebirth-value",
    "operational-behavior-data-commands-rebirth-name-aliases",
)
def test_the_node_birth_offers_a_rebirth(story: Story):
    for birth in story.of("NBIRTH"):
        rebirth = birth.metric(REBIRTH)
        assert (rebirth.datatype, rebirth.value, rebirth.alias) == (DataType.BOOLEAN, False, None)


@pytest.mark.assertion(
    "operational-behavior-data-commands-rebirth-action-1", "operational-behavior-data-commands-rebirth-action-2"
)
def test_a_rebirth_is_all_births_with_no_data_between(story: Story):
    assert [sent.kind.value for sent in story.rebirth[:3]] == ["NBIRTH", "DBIRTH", "DBIRTH"]
    assert {sent.topic.device for sent in story.rebirth[:3]} == {"", DEVICE, OTHER}


@pytest.mark.assertion(
    "operational-behavior-edge-node-intentional-disconnect-ndeath",
    "payloads-ndeath-will-message-publisher",
    "payloads-ndeath-will-message-publisher-disconnect-mqtt311",
    "payloads-ndeath-will-message-publisher-disconnect-mqtt50",
    "operational-behavior-edge-node-intentional-disconnect-packet",
)
def test_a_planned_end_tells_the_death_by_publishing_it_or_by_the_will(story: Story):
    goodbyes = [packet for packet in story.capture.of(Disconnect) if isinstance(packet, Disconnect)]
    deaths = story.of("NDEATH")
    if story.version == 5:
        assert [goodbye.reason_code for goodbye in goodbyes] == [0x04, 0x04]
        assert deaths == []
        return
    assert len(goodbyes) == len(deaths) == 2
    assert [sent.metric(BD_SEQ).value for sent in deaths] == [0, 1]
    assert [session[-1].kind.value for session in (story.first, story.second)] == ["NDEATH", "NDEATH"]
    for death in deaths:
        following = [packet for _, packet in story.capture.packets[death.at + 1 :]]
        assert isinstance(next(packet for packet in following if not isinstance(packet, Publish)), Disconnect)


@pytest.mark.assertion("operational-behavior-device-ddeath")
def test_a_lost_device_is_told_of_and_born_again(story: Story):
    kinds = [(sent.kind.value, sent.topic.device) for sent in story.rebirth]
    death = kinds.index(("DDEATH", OTHER))
    assert ("DBIRTH", OTHER) in kinds[death:]


@pytest.mark.assertion(
    "operational-behavior-primary-application-state-with-multiple-servers-state-subs",
    "message-flow-edge-node-birth-publish-phid-wait-id",
)
def test_it_subscribes_to_the_state_of_its_primary_host(story: Story):
    filters = [each.filter for _, packet in story.capture.subscribes for each in packet.subscriptions]
    assert filters.count(f"spBv1.0/STATE/{HOST}") == 2

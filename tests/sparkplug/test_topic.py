"""Sparkplug topics: which ones are, and why the others are not."""

import pytest

from uns.errors import UnsError
from uns.sparkplug.topic import MessageType, SparkplugTopic, parse_topic, state_topic

GOOD = [
    ("spBv1.0/g/NBIRTH/n", SparkplugTopic("g", MessageType.NBIRTH, "n")),
    ("spBv1.0/acme:ghent:packaging/DDATA/line1/filler",
     SparkplugTopic("acme:ghent:packaging", MessageType.DDATA, "line1", "filler")),
    ("spBv1.0/g/NCMD/n", SparkplugTopic("g", MessageType.NCMD, "n")),
    ("spBv1.0/ é/DDEATH/n/d", SparkplugTopic(" é", MessageType.DDEATH, "n", "d")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "topic"), GOOD)
def test_topics_parse_and_format(text, topic):
    assert parse_topic(text) == topic
    assert str(topic) == text


BAD = [
    ("spAv1.0/g/NBIRTH/n", "namespace"),
    ("spBv1.0", ""),
    ("spBv1.0/g/NBIRTH", ""),
    ("spBv1.0/g/DDATA/n/d/e", ""),
    ("spBv1.0/g/NDATTA/n", "message type"),
    ("spBv1.0/STATE/host/x", "message type"),
    ("spBv1.0/g/DDATA/n", "device"),
    ("spBv1.0/g/DDATA/n/", "device"),
    ("spBv1.0/g/NDATA/n/d", "device"),
    ("spBv1.0//NDATA/n", "group"),
    ("spBv1.0/g/NDATA/", "edge node"),
    ("spBv1.0/g+/NDATA/n", "group"),
    ("spBv1.0/g/DDATA/n/#", "device"),
    ("spBv1.0/g/NDATA/\0", "edge node"),
]


@pytest.mark.parametrize(("text", "where"), BAD)
def test_what_is_no_topic_says_where(text, where):
    with pytest.raises(UnsError) as raised:
        parse_topic(text)
    assert (raised.value.finding.id, raised.value.finding.where) == ("sparkplug.topic", where)


def test_a_typo_in_the_type_names_the_nearest():
    with pytest.raises(UnsError, match="Did you mean 'DDATA'"):
        parse_topic("spBv1.0/g/DDTA/n/d")


def test_state_topic():
    assert state_topic("scada") == "spBv1.0/STATE/scada"
    for host_id in ("", "a/b", "a+"):
        with pytest.raises(UnsError, match=r"sparkplug\.topic"):
            state_topic(host_id)


@pytest.mark.parametrize("part", ["a/b", "+", "#", "a\0"])
@pytest.mark.parametrize("index", [0, 2, 3])
def test_ids_cannot_hold_what_topics_cannot(part, index):
    parts = ["g", MessageType.DDATA, "n", "d"]
    parts[index] = part
    with pytest.raises(UnsError, match=r"sparkplug\.topic"):
        SparkplugTopic(*parts)

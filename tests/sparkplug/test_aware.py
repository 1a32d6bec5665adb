"""Where a birth is kept, and which time a death tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uns.samples import DataType
from uns.sparkplug.aware import certificate_topic, dated, is_node_death
from uns.sparkplug.decode import decode
from uns.sparkplug.edge import EdgeNode

NOW = 1_790_000_000_000


@pytest.mark.parametrize(
    ("topic", "death"),
    [
        ("spBv1.0/g/NDEATH/n", True),
        ("spBv1.0/g/NBIRTH/n", False),
        ("spBv1.0/g/DDEATH/n/d", False),
        ("spBv1.0/NDEATH/g/n", False),
        ("spBv1.0/g/NDEATH/n/x", False),
        ("acme/g/NDEATH/n", False),
    ],
)
def test_which_topics_are_deaths_of_nodes(topic, death):
    assert is_node_death(topic) is death


def test_certificates_stand_below_their_branch():
    assert certificate_topic("spBv1.0/g/NBIRTH/n") == "$sparkplug/certificates/spBv1.0/g/NBIRTH/n"


def test_a_death_gets_another_time_and_keeps_its_number():
    node = EdgeNode("g", "n", 7, on_finding=pytest.fail)
    node.declare("", "x", DataType.INT32)
    payload, findings = decode(dated(node.will(NOW - 60_000).payload, NOW))
    assert findings == []
    assert payload.timestamp_ms == NOW
    assert [(metric.name, metric.value) for metric in payload.metrics] == [("bdSeq", 7)]
    assert payload.seq is None


@given(st.binary(max_size=40))
def test_what_is_no_payload_stays_or_becomes_one_with_a_time(data):
    assert dated(data, NOW) == data or decode(dated(data, NOW))[0].timestamp_ms == NOW

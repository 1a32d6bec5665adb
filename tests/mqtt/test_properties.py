"""May each property stand exactly where table 2-4 of MQTT 5 says, once or more, with a whole value?"""

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties

from uns.mqtt.properties import PROPERTIES, encode_properties, read_properties
from uns.mqtt.reason import PacketError
from uns.mqtt.wire import Body, Side

# Copied from table 2-4, not from the code: identifier, name, one value on the wire, the packets.
TABLE = """
01 payload_format_indicator           01       PUBLISH WILL
02 message_expiry_interval            00000001 PUBLISH WILL
03 content_type                       000161   PUBLISH WILL
08 response_topic                     000161   PUBLISH WILL
09 correlation_data                   000161   PUBLISH WILL
0b subscription_identifier            01       PUBLISH SUBSCRIBE
11 session_expiry_interval            00000001 CONNECT CONNACK DISCONNECT
12 assigned_client_identifier         000161   CONNACK
13 server_keep_alive                  0001     CONNACK
15 authentication_method              000161   CONNECT CONNACK AUTH
16 authentication_data                000161   CONNECT CONNACK AUTH
17 request_problem_information        01       CONNECT
18 will_delay_interval                00000001 WILL
19 request_response_information       01       CONNECT
1a response_information               000161   CONNACK
1c server_reference                   000161   CONNACK DISCONNECT
1f reason_string                      000161   CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH
21 receive_maximum                    0001     CONNECT CONNACK
22 topic_alias_maximum                0001     CONNECT CONNACK
23 topic_alias                        0001     PUBLISH
24 maximum_qos                        01       CONNACK
25 retain_available                   01       CONNACK
26 user_property                      000161000162 *
27 maximum_packet_size                00000001 CONNECT CONNACK
28 wildcard_subscription_available    01       CONNACK
29 subscription_identifier_available  01       CONNACK
2a shared_subscription_available      01       CONNACK
"""
EVERY = """
CONNECT CONNACK PUBLISH WILL PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK DISCONNECT AUTH
"""
CARRIERS = EVERY.split()
ROWS = [
    (int(identifier, 16), name, bytes.fromhex(value), CARRIERS if packets == ["*"] else packets)
    for identifier, name, value, *packets in map(str.split, TABLE.strip().splitlines())
]
REPEATABLE = {("user_property", packet) for packet in CARRIERS} | {("subscription_identifier", "PUBLISH")}


def body_of(content: bytes) -> Body:
    data = bytes((len(content),)) + content
    return Body(data, 0, len(data), 5, Side.CLIENT)


def reason_of(content: bytes, packet: str) -> int:
    with pytest.raises(PacketError) as raised:
        read_properties(body_of(content), packet)
    return raised.value.reason_code


def test_the_table_is_complete() -> None:
    assert [(row.identifier, row.name) for row in PROPERTIES] == [row[:2] for row in ROWS]


@pytest.mark.parametrize("packet", CARRIERS)
@pytest.mark.parametrize(("identifier", "name", "value", "packets"), ROWS, ids=[row[1] for row in ROWS])
def test_where_a_property_may_stand(identifier: int, name: str, value: bytes, packets: list[str], packet: str) -> None:
    once = bytes((identifier,)) + value
    assert reason_of(once[:-1], packet) == 0x81
    if packet not in packets:
        assert reason_of(once, packet) == 0x82
        return
    properties = read_properties(body_of(once), packet)
    assert properties is not None
    assert list(properties) == [name]
    assert encode_properties(properties, packet) == bytes((len(once),)) + once
    if (name, packet) in REPEATABLE:
        twice = read_properties(body_of(once + once), packet)
        assert twice == {name: properties[name] * 2}
    else:
        assert reason_of(once + once, packet) == 0x82


@pytest.mark.parametrize("identifier", sorted(set(range(256)) - {row[0] for row in ROWS}))
def test_a_property_that_does_not_exist_is_malformed(identifier: int) -> None:
    assert reason_of(bytes((identifier, 1, 0, 0, 0)), "PUBLISH") == 0x81


@pytest.mark.parametrize(
    ("properties", "packet"),
    [({"no_such": 1}, "PUBLISH"), ({"will_delay_interval": 1}, "PUBLISH"), ({"topic_alias": 1}, "WILL")],
)
def test_a_property_out_of_place_is_not_written(properties: dict[str, int], packet: str) -> None:
    with pytest.raises(ValueError, match=f"{packet} has no property"):
        encode_properties(properties, packet)


def test_paho_reads_what_we_write_and_we_read_what_paho_writes() -> None:
    ours = {
        "payload_format_indicator": 1,
        "message_expiry_interval": 3600,
        "content_type": "text/plain; charset=utf-8",
        "response_topic": "antwort/ü",
        "correlation_data": b"\x00\xff",
        "topic_alias": 300,
        "user_property": [("k", "v"), ("k", "w")],
    }
    wire = encode_properties(ours, "PUBLISH")
    theirs = PahoProperties(PacketTypes.PUBLISH)
    theirs.unpack(wire)
    assert theirs.ContentType == ours["content_type"]
    assert theirs.UserProperty == ours["user_property"]
    assert theirs.CorrelationData == ours["correlation_data"]
    packed = bytes(theirs.pack())
    assert read_properties(Body(packed, 0, len(packed), 5, Side.SERVER), "PUBLISH") == ours
